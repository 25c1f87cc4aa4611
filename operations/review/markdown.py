"""A report as a comment on a pull request.

Whatever comes from a cluster file or a template stands in code spans and fences, where it can be neither a link, a
mention nor markup.
"""

import re
from collections.abc import Sequence
from typing import Final

from operations.review.report import Report, kept_words, short_type

MARKER: Final = "<!-- muster diff -->"
"""The first line: by it the comment of before is found."""

LIMIT: Final = 65_000
"""Bytes of a comment; GitHub refuses more than 65,536 characters."""

SMALLEST: Final = 2_000
"""Bytes below which nothing worth reading is left."""

MOST_REASONS: Final = 12
LONGEST: Final = 200
_CUT: Final = "\n... cut here; the whole of it: ./muster diff"


def render(reports: Sequence[Report], limit: int = LIMIT) -> str:
    """Return the comment for `reports`: at most `limit` bytes, what `cdk diff` says is cut first."""
    bare = _page([_section(each, "") for each in reports])
    texts = sum(bool(each.diff) for each in reports)
    room = max(0, limit - len(bare.encode()) - texts * 200) // max(1, texts)
    whole = _page([_section(each, _cut(each.diff, room)) for each in reports])
    return whole if len(whole.encode()) <= limit else whole.encode()[:limit].decode(errors="ignore")


def _page(sections: list[str]) -> str:
    return "\n\n".join([f"{MARKER}\n## What this does to running clusters", *sections]) + "\n"


def _section(report: Report, diff: str) -> str:
    parts = [f"### {_code(report.file)} against {_code(report.against)}"]
    if report.notes:
        parts.append("\n".join(f"- {_code(note)}" for note in report.notes))
    parts.append(_verdict(report))
    if report.review:
        nodes = [(_cell(each.name), _effect(each.effect), _reasons(each.reasons)) for each in report.review.nodes]
        parts.append(_table("node", nodes))
        others = [
            (_cell(f"{each.logical_id} ({short_type(each)})"), kept_words(each), _reasons(each.reasons))
            for each in report.review.others
        ]
        parts += [_table("resource", others)] if others else []
    if diff:
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", diff)), default=0))
        parts.append(f"<details><summary>cdk diff</summary>\n\n{fence}text\n{diff}\n{fence}\n\n</details>")
    return "\n\n".join(parts)


def _verdict(report: Report) -> str:
    if report.refusals:
        return "\n".join(["**Refused:**", "", *(f"- {_code(each, 4 * LONGEST)}" for each in report.refusals)])
    return "Nothing is refused." if report.review else "**Not compared.**"


def _table(first: str, rows: list[tuple[str, str, str]]) -> str:
    lines = [f"| {first} | what happens | why |", "|---|---|---|", *("| " + " | ".join(row) + " |" for row in rows)]
    return "\n".join(lines)


def _effect(effect: str) -> str:
    return f"**{effect}**" if effect in ("REPLACEMENT", "restart", "removed") else effect


def _reasons(reasons: Sequence[str]) -> str:
    shown = [_cell(each) for each in reasons[:MOST_REASONS]]
    more = [f"and {len(reasons) - MOST_REASONS} more"] if len(reasons) > MOST_REASONS else []
    return "<br>".join([*shown, *more])


def _cell(text: str) -> str:
    return _code(text).replace("|", "\\|")


def _code(text: str, longest: int = LONGEST) -> str:
    """Return `text` as a code span that ends nowhere before its end."""
    plain = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    cut = plain if len(plain) <= longest else f"{plain[: longest - 3]}..."
    return "`" + cut.replace("`", "'") + "`"


def _cut(diff: str, room: int) -> str:
    if len(diff.encode()) <= room:
        return diff
    kept = diff.encode()[: max(0, room - len(_CUT))].decode(errors="ignore").rpartition("\n")[0]
    return kept + _CUT
