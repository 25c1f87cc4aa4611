"""A check in two halves: one that records what it sees, one that judges the record and knows nothing else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from rehearsal.checks.result import CheckResult, Finding

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from rehearsal.checks.scene import Scene

    Observation = TypeVar("Observation", bound=DataclassInstance)
else:
    Observation = TypeVar("Observation")

Line = Mapping[str, Any]
"""One line of a history: the name of its check, and an observation or (`crashed`) why there is none."""


class AnyCheck(Protocol):
    """A check whose kind of observation does not matter."""

    @property
    def name(self) -> str:
        """What the check is about, as it stands in a report."""

    def lines(self, scene: "Scene") -> list[Line]:
        """Record, never raising."""

    def result(self, history: Iterable[Line]) -> CheckResult:
        """Judge, never raising."""


@dataclass(frozen=True)
class Check(Generic[Observation]):
    """One promise, observed by `record` (all input and output) and judged by `judge` (pure)."""

    name: str
    observation: type[Observation]
    record: "Callable[[Scene], Iterable[Observation]]"
    judge: Callable[[Sequence[Observation]], Finding]

    def lines(self, scene: "Scene") -> list[Line]:
        """Return what is observed now, as lines of a history; a crash is a line too."""
        recorded: list[Line] = []
        try:
            for seen in self.record(scene):
                recorded.append({"check": self.name, **asdict(seen)})  # noqa: PERF401 - what came before a crash counts
        except Exception as crash:
            recorded.append({"check": self.name, "crashed": _text(crash)})
        return recorded

    def result(self, history: Iterable[Line]) -> CheckResult:
        """Judge this check's lines of a history. A crash, of the recording or of the judging, is never valid."""
        try:
            finding = self._finding([line for line in history if line["check"] == self.name])
        except Exception as crash:
            finding = Finding("unknown", f"the checker crashed: {_text(crash)}")
        return CheckResult(self.name, finding.verdict, finding.detail)

    def _finding(self, lines: Sequence[Line]) -> Finding:
        crashed = [line["crashed"] for line in lines if "crashed" in line]
        if crashed:
            return Finding("unknown", f"could not be observed: {crashed[0]}")
        if not lines:
            return Finding("unknown", "nothing was observed")
        return self.judge([self.observation(**{k: v for k, v in line.items() if k != "check"}) for line in lines])


def _text(crash: Exception) -> str:
    return f"{type(crash).__name__}: {crash}".splitlines()[0]
