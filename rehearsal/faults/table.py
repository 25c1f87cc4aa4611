"""Writes what was measured last into docs/reliability.md: `python -m rehearsal.faults.table`. Invents nothing.

What was not run is marked so. The page's blocks between `<!-- NAME -->` and `<!-- end of NAME -->` are made anew.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rehearsal.cdk_cli import ROOT
from rehearsal.faults.catalog import SHORT, catalog
from rehearsal.faults.fault import Fault
from rehearsal.faults.measures import LIMITS
from rehearsal.places import cache

PAGE = ROOT / "docs" / "reliability.md"
NOT_RUN = "*not run yet*"

Figures = Mapping[str, Any]


def trials_file() -> Path:
    """Return where the scenarios keep each trial of a named fault, the newest last (`series.as_line`)."""
    return cache() / "h2-faults.jsonl"


def waits_file() -> Path:
    """Return where the measured waits are, by class of faults (`measures.summary`)."""
    return cache() / "h2-waits.json"


def control_file() -> Path:
    """Return where the figures of the negative control are (`rehearsal.guide.Control.figures`)."""
    return cache() / "h2-control.json"


def twin(name: str) -> str:
    """Return the fault of the other node, or the same name for one of both.

    >>> twin("kill-h2-a")
    'kill-h2-b'
    """
    return "-".join({"a": "b", "b": "a"}.get(part, part) for part in name.split("-"))


def faults_table(known: Mapping[str, Fault], trials: Mapping[str, Figures]) -> list[str]:
    """Return the lines of the table of faults, one for each pair of mirrored faults."""
    lines = ["| fault | what happens (told of the first) | hold | result |", "|---|---|---|---|"]
    told: set[str] = set()
    for name, fault in known.items():
        if name in told:
            continue
        names = [each for each in dict.fromkeys((name, twin(name))) if each in known]
        told.update(names)
        shown = ", ".join(f"**`{each}`**" if each in SHORT else f"`{each}`" for each in names)
        results = [
            f"{each}: {result(trials[each])}" if len(names) > 1 else result(trials[each])
            for each in names
            if each in trials
        ]
        hold = f"{fault.hold:g} s" if fault.hold else ""
        lines.append(f"| {shown} | {fault.what} | {hold} | {'; '.join(results) or NOT_RUN} |")
    return lines


def result(trial: Figures) -> str:
    """Return what came of a trial, in a few words."""
    figures = trial["figures"]
    if not figures:
        return str(trial["verdict"])
    lost = sum(figures["lost"].values())
    text = f"{trial['verdict']}, {lost} of {figures['acknowledged']} lost"
    if figures["excused"]:
        text += f", {figures['excused']} unflushed (oldest {figures['excused_oldest']:.2f} s)"
    whole = figures["whole"]
    return text + (f", whole after {whole:.0f} s" if whole is not None else ", not whole in time")


def control_table(control: Figures, trials: Iterable[Figures]) -> list[str]:
    """Return the lines that put the guide's recipe beside the pair, over the short faults that were run."""
    ran = [each["figures"] for each in trials if each["figures"]]
    rows = {
        "acknowledged writes": ("acknowledged", sum(each["acknowledged"] for each in ran)),
        "of them lost on a, which serves at the end": ("lost on a", sum(each["lost"].get("a", 0) for each in ran)),
        "of them lost on b": ("lost on b", sum(each["lost"].get("b", 0) for each in ran)),
        "stale reads": ("stale reads", sum(each["stale"] for each in ran)),
    }
    head = f"| | the guide's recipe | Muster's pair, {len(ran)} of {len(SHORT)} short faults |"
    lines = [head, "|---|---|---|"]
    lines += [
        f"| {name} | {control.get(key, NOT_RUN)} | {ours if ran else NOT_RUN} |" for name, (key, ours) in rows.items()
    ]
    return [*lines, f"| in neither copy, gone for good | {control.get('in neither copy', NOT_RUN)} | |"]


def waits_table(measured: Mapping[str, Figures]) -> list[str]:
    """Return the lines of the table of waits."""
    lines = [
        "| | goal (p95) | faults | p50 | p95 | longest | coming back p95 | users at the balancer p95 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, limit in LIMITS.items():
        found = measured.get(name, {}).get("classes", {}).get(name)
        shown = f"{NOT_RUN} | | | | | |"
        if found:
            spread = found["failover"]
            seconds = [*(spread[key] for key in ("p50", "p95", "max")), found["later"]["p95"], found["users"]["p95"]]
            shown = f"{found['trials']} | " + " | ".join(f"{each:.2f} s" for each in seconds) + " |"
        lines.append(f"| {name} | {limit:g} s | {shown}")
    return lines


def filled(page: str, blocks: Mapping[str, Sequence[str]]) -> str:
    """Return the page with the marked blocks replaced. Raises `ValueError` for a block that it has not."""
    for name, lines in blocks.items():
        block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        if not block.search(page):
            raise ValueError(f"the page has no block {name}")
        text = "\n".join(lines)
        page = block.sub(lambda found, text=text: f"{found[1]}{text}\n{found[2]}", page)  # type: ignore[misc]
    return page


def newest(lines: Iterable[str]) -> dict[str, Figures]:
    """Return the last trial of each fault that was tried alone."""
    trials = [json.loads(line) for line in lines]
    return {each["faults"][0]: each for each in trials if len(each["faults"]) == 1}


def main() -> None:
    """Fill the page from the files that there are."""
    file, waits, control = trials_file(), waits_file(), control_file()
    trials = newest(file.read_text().splitlines() if file.exists() else ())
    blocks = {
        "faults": faults_table(catalog(), trials),
        "waits": waits_table(json.loads(waits.read_text()) if waits.exists() else {}),
        "control": control_table(
            json.loads(control.read_text()) if control.exists() else {},
            [trials[name] for name in SHORT if name in trials],
        ),
    }
    PAGE.write_text(filled(PAGE.read_text(), blocks))


if __name__ == "__main__":
    main()
