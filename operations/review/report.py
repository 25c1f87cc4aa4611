"""One comparison as a person is to see it; what both the terminal and the comment are made from."""

from collections.abc import Sequence
from dataclasses import dataclass

from operations.review.effects import OtherReview, Review


@dataclass(frozen=True)
class Report:
    """The review of one cluster file `against` something, with the text of `cdk diff` and what else must be known.

    Without a review there is nothing to compare: `faults` are the lines that say why, or the notes do where it is no
    fault. `faults` beside a review are what the lock file refuses. `bad_input`: a file is wrong.
    """

    file: str
    against: str
    review: Review | None
    diff: str = ""
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    bad_input: bool = False

    @property
    def refusals(self) -> tuple[str, ...]:
        """Everything that is refused."""
        return (*self.faults, *(self.review.refusals if self.review else ()))

    @property
    def title(self) -> str:
        """What is compared with what."""
        return f"{self.file} against {self.against}"


def exit_code(reports: Sequence[Report]) -> int:
    """Return 2 if a file is wrong, 1 if something is refused or could not be compared, or nothing was; else 0."""
    if any(report.bad_input for report in reports):
        return 2
    nothing = bool(reports) and not any(report.review for report in reports)
    return 1 if nothing or any(report.refusals for report in reports) else 0


def short_type(other: OtherReview) -> str:
    """Return the type without its service, such as Volume."""
    return other.type.rpartition("::")[2]


def kept_words(other: OtherReview) -> str:
    """Return what becomes of the present one."""
    if other.loss == "no longer kept":
        return other.loss
    return f"{other.loss}, the old one is kept ({other.kept})" if other.kept else other.loss
