"""The checks at the end of a rehearsal: what they see stands in a history file, which pure checkers judge."""

from rehearsal.checks.result import CheckResult, Verdict, overall
from rehearsal.checks.run import judge_again, run_all

__all__ = ["CheckResult", "Verdict", "judge_again", "overall", "run_all"]
