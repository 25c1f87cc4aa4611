"""All checks of a cluster, recorded one after the other, then judged from the history alone."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.checks import between, security
from rehearsal.checks import history as histories
from rehearsal.checks.check import AnyCheck, Line
from rehearsal.checks.result import CheckResult
from rehearsal.checks.scene import Scene

if TYPE_CHECKING:
    from muster.spec import Cluster
    from rehearsal.drive import Rehearsal


OPTIONS: Sequence[AnyCheck] = (between.CHECK,)
"""The checks of what a cluster file asks for and most do not."""


def asked_for(cluster: "Cluster") -> Sequence[AnyCheck]:
    """Return the checks of what the file of `cluster` asks for beside what its product promises."""
    return OPTIONS if cluster.database.tls else ()


def run_all(
    rehearsal: "Rehearsal", cluster: "Cluster", *, history: Path, tell: Callable[[str], None] = lambda _: None
) -> list[CheckResult]:
    """Run every check of the cluster's product against what runs now and return their results, in the list's order.

    What was observed is appended to the file `history`; `tell` gets the name of each check as it begins.
    Nothing that goes wrong is raised: it makes the check unknown.
    """
    checks = [*checks_of(cluster.product), *asked_for(cluster)]
    scene = Scene(rehearsal, cluster)
    history.unlink(missing_ok=True)
    for check in checks:
        tell(check.name)
        histories.append(history, check.lines(scene))
    return _judged(histories.read(history), checks)


def judge_again(history: Path, product: str) -> list[CheckResult]:
    """Judge a recorded run once more, by today's checkers. Raises `ValueError` if the file is no history."""
    lines = histories.read(history)
    recorded = {line["check"] for line in lines}
    return _judged(lines, [*checks_of(product), *(check for check in OPTIONS if check.name in recorded)])


def _judged(lines: Sequence[Line], checks: Sequence[AnyCheck]) -> list[CheckResult]:
    return [check.result(lines) for check in checks]


def checks_of(product: str) -> Sequence[AnyCheck]:
    """Return the checks of a product: `CHECKS` of the module here that bears its name, `_` where that has a `-`.

    What every product promises of its security comes after them.
    """
    checks: Sequence[AnyCheck] = import_module(f"rehearsal.checks.{product.replace('-', '_')}").CHECKS
    return (*checks, *security.CHECKS)
