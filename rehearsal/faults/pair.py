"""How an H2 pair stands, by what the gate process of each node says of itself in its host."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.faults.fault import FaultError
from rehearsal.faults.stage import Stage
from rehearsal.poll import NotYet

if TYPE_CHECKING:
    from rehearsal.checks.scene import Scene

WORD = Path("run/muster-state/pair.json")
"""Below a host's root; written anew each second (`musternode.h2.answers`)."""

STALE = 3.0
"""Seconds after which a word is none any more, as on the node."""


@dataclass(frozen=True)
class Standing:
    """What one node says now. All is empty while it says nothing."""

    phase: str = ""
    gate: str = ""
    epoch: int = 0
    members: tuple[str, ...] = ()
    leader: str = ""
    doing: str = ""
    failure: str = ""

    def __str__(self) -> str:
        """Say it in a few words."""
        if not self.phase:
            return "silent"
        said = f"{self.phase}, gate {self.gate}, epoch {self.epoch}, members {'+'.join(self.members) or 'none'}"
        return ", ".join(part for part in (said, self.doing, self.failure) if part)


def standings(stage: Stage) -> Mapping[str, Standing]:
    """Return how each node stands, by name."""
    return {node: _standing(stage, node) for node in stage.nodes}


def _standing(stage: Stage, node: str) -> Standing:
    try:
        file = stage.files(node) / WORD
        if time.time() - file.stat().st_mtime > STALE:
            return Standing()
        return parse(json.loads(file.read_text()))
    except (FaultError, OSError, ValueError):
        return Standing()


def parse(word: Mapping[str, Any]) -> Standing:
    """Return what the object of a word says; fields of another kind raise `ValueError`."""
    try:
        return Standing(
            phase=str(word["phase"]),
            gate=str(word["gate"]),
            epoch=int(word["epoch"] or 0),
            members=tuple(sorted(word["members"] or ())),
            leader=str(word.get("leader") or ""),
            doing=str(word.get("doing") or ""),
            failure=str(word.get("failure") or ""),
        )
    except (KeyError, TypeError) as fault:
        raise ValueError(f"no word of a gate process: {fault}") from None


def is_whole(said: Mapping[str, Standing]) -> bool:
    """Tell whether a pair is whole: both are in with an open gate, and name the same epoch with both as members."""
    both = tuple(sorted(said))
    agree = len({(each.epoch, each.members) for each in said.values()}) == 1
    return (
        len(both) == 2
        and agree
        and all(e.phase == "in" and e.gate == "open" and e.members == both for e in said.values())
    )


def served(said: Mapping[str, Standing]) -> tuple[str, ...]:
    """Return the members by the newest epoch that a node names; nobody if no node says anything."""
    newest = max((each for each in said.values() if each.phase), key=lambda each: each.epoch, default=Standing())
    return newest.members


def whole(stage: Stage) -> bool:
    """Tell whether the pair is whole, or raise `NotYet` with how each node stands."""
    said = standings(stage)
    if not is_whole(said):
        raise NotYet("; ".join(f"{node}: {each}" for node, each in said.items()) or "no host is there")
    return True


def forget_take_over(scene: "Scene") -> None:
    """Let the pair take over again at once: the minutes that it leaves between two take-overs are skipped.

    Only for one that leaves any. What the witness's item says else stays as it is.
    """
    document = scene.settings_document
    if not document.get("takeover_interval"):
        return
    scene.client("dynamodb").update_item(
        TableName=document["table"],
        Key={"id": {"S": "witness"}},
        UpdateExpression="SET taken = :never",
        ConditionExpression="attribute_exists(id)",
        ExpressionAttributeValues={":never": {"N": "0"}},
    )
