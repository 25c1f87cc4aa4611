"""The negative control: the guide's recipe under the faults of one restart and one death, judged as Muster's pair is.

One node's machine restarts: its server dies, is started again by the same line, and so is its application, which makes
new connections. Later the other server dies. The server that was started again on its old file is then the truth.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.checks import acknowledged
from rehearsal.checks.acknowledged import Account, Kept
from rehearsal.checks.result import Finding
from rehearsal.guide.recipe import NODES, Recipe, followed
from rehearsal.writers.journal import Journal
from rehearsal.writers.load import Load, Shape

HOLD = 3.0
"""Seconds of writing between two steps."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Control:
    """How the recipe fared: the sums, the verdict, and how many lost writes are in neither copy."""

    account: Account
    finding: Finding
    nowhere: int

    def figures(self) -> Mapping[str, int | str]:
        """Return what stands beside the same figures of Muster's pair."""
        lost = {f"lost on {member}": len(keys) for member, keys in self.account.lost.items()}
        sums = {"acknowledged": self.account.acknowledged, **lost, "in neither copy": self.nowhere}
        return {**sums, "stale reads": len(self.account.stale), "verdict": self.finding.verdict}


def run(folder: Path, jar: Path, *, faults: bool = True, tell: Tell = lambda _: None) -> Control:
    """Run the control in an empty folder with the application's jar; without `faults` only the writers are at work.

    Raises `RecipeError`, `TimeoutError`, or `RuntimeError` with H2's words if a copy cannot be read.
    """
    journal = Journal(folder / "history.jsonl")
    try:
        tell("the guide's recipe is followed")
        with followed(folder, jar) as recipe:
            _write(recipe, journal, faults=faults, tell=tell)
            return _judge(journal, [recipe.copy(node) for node in NODES])
    finally:
        journal.close()


def _write(recipe: Recipe, journal: Journal, *, faults: bool, tell: Tell) -> None:
    load = Load([recipe.place(node) for node in NODES], journal, Shape())
    load.start()
    try:
        load.wait_for(5)
        if faults:
            _restart_one_and_lose_the_other(recipe, tell)
        else:
            time.sleep(HOLD)
    finally:
        load.stop()
    if faults:
        recipe.start_h2("b")  # to read what it holds


def _restart_one_and_lose_the_other(recipe: Recipe, tell: Tell) -> None:
    """Each pause is writing time: the more is written, the more is at stake."""
    tell("kill -9 of H2 on a")
    recipe.kill("h2-a")
    time.sleep(HOLD)
    tell("H2 on a is started again, and the application on a")
    recipe.start_h2("a")
    recipe.kill("application-a")
    recipe.start_application("a")
    time.sleep(HOLD)
    tell("kill -9 of H2 on b")
    recipe.kill("h2-b")
    time.sleep(HOLD)


def _judge(journal: Journal, copies: list[Kept]) -> Control:
    account = acknowledged.settle(journal.operations(), copies)
    nowhere = set.intersection(*(set(keys) for keys in account.lost.values()))
    return Control(account, acknowledged.judge(account), len(nowhere))
