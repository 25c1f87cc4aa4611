"""Figures over many trials: how long clients waited, by fault, and what was lost in all. Pure: lines in, sums out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rehearsal.checks.availability import percentile

Line = Mapping[str, Any]
"""A trial as `series.as_line` writes it."""

CLASSES: Mapping[str, tuple[str, ...]] = {
    "process crash": ("kill-h2-a", "kill-h2-b"),
    "power-off, partition or freeze": ("power-off-a", "power-off-b", "partition", "freeze-a", "freeze-b"),
    "planned switch-over": ("restart-gate-a", "restart-gate-b"),
}
"""What each promise of the waits is about: trials of one of these faults alone."""

LIMITS = {"process crash": 1.0, "power-off, partition or freeze": 5.0, "planned switch-over": 1.0}
"""Seconds that 95 of 100 faults of a class may cost the database's users at most."""


def summary(lines: Sequence[Line]) -> dict[str, Any]:
    """Return the sums of all trials, and the waits of each fault and class that was tried alone."""
    figures = [line["figures"] for line in lines if line["figures"]]
    alone = {name: _alone(lines, (name,)) for name in sorted({line["faults"][0] for line in lines if _is_single(line)})}
    classes = {name: _alone(lines, members) for name, members in CLASSES.items()}
    return {
        "acknowledged": sum(each["acknowledged"] for each in figures),
        "lost": sum(max(each["lost"].values(), default=0) for each in figures),
        "unexpected": sum(each["unexpected"] for each in figures),
        "stale": sum(each["stale"] for each in figures),
        "excused": sum(each["excused"] for each in figures),
        "excused_oldest": max((each["excused_oldest"] for each in figures), default=0.0),
        "whole": spread([each["whole"] for each in figures if each["whole"] is not None]),
        "faults": {name: waits(found) for name, found in alone.items()},
        "classes": {name: waits(found) for name, found in classes.items() if found},
    }


def _is_single(line: Line) -> bool:
    return len(line["faults"]) == 1


def _alone(lines: Iterable[Line], names: Sequence[str]) -> list[Mapping[str, Any]]:
    found = [line for line in lines if _is_single(line) and line["faults"][0] in names]
    return [line["figures"] for line in found if line["figures"]]


def waits(figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how long those waited who use the node that goes on (both nodes where both do), and the users."""
    return {
        "trials": len(figures),
        "failover": spread([_of(each, "failover") for each in figures]),
        "later": spread([_of(each, "later") for each in figures]),
        "users": spread([each["users"] for each in figures]),
    }


def _of(figures: Mapping[str, Any], name: str) -> float:
    seconds: Mapping[str, float] = figures[name]
    survivor = figures["survivor"]
    return seconds[survivor] if survivor in seconds else max(seconds.values(), default=0.0)


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median, the 95th percentile and the greatest of some values."""
    return {"p50": percentile(seconds, 50), "p95": percentile(seconds, 95), "max": max(seconds, default=0.0)}


def told(figures: Mapping[str, Any]) -> list[str]:
    """Return a summary in lines."""
    lines = [
        f"{name}: {each['trials']} trials, database wait p95 {each['failover']['p95']:.2f} s"
        f" (coming back {each['later']['p95']:.2f} s), users p95 {each['users']['p95']:.2f} s"
        for name, each in {**figures["faults"], **figures["classes"]}.items()
    ]
    lines.append(
        f"{figures['lost']} acknowledged writes lost, {figures['unexpected']} unexpected, {figures['stale']} stale"
    )
    if figures["excused"]:
        oldest = figures["excused_oldest"]
        lines.append(
            f"{figures['excused']} writes were not on disk when every copy crashed, the oldest {oldest:.2f} s old"
        )
    return lines
