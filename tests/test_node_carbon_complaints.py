"""What the product's log complains of."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from musternode.carbon import complaints

LOG = """\
TID: [-1234] [2026-11-22 08:12:01,378]  INFO {org.wso2.carbon.core.A} - starts
TID: [-1234] [2026-11-22 08:12:01,533] ERROR {org.wso2.carbon.core.B} - an older fault
TID: [-1234] [2026-11-22 08:12:02,533] ERROR {org.wso2.carbon.hazelcast.C} - the engine did not start
java.lang.IllegalStateException: no
\tat a.B.c(D.java:1)
Caused by: java.io.IOException: http://169.254.169.254/latest
\tat a.B.c(D.java:2)
Caused by: java.net.SocketTimeoutException: Connect timed out
\t... 3 more
TID: [-1234] [2026-11-22 08:12:03,000]  INFO {org.wso2.carbon.core.A} - Shutting down
"""


def test_the_last_fault_is_told_with_its_innermost_cause(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOG)
    cause = "Caused by: java.net.SocketTimeoutException: Connect timed out"
    assert complaints.of(tmp_path / "log") == f"the engine did not start; {cause}"


def test_a_log_without_faults_and_none_at_all_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOG.splitlines()[0])
    assert complaints.of(tmp_path / "log") == complaints.of(tmp_path / "none") == ""


def test_of_a_long_log_the_end_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOG + "x" * complaints.LOOKED_AT)
    assert complaints.of(tmp_path / "log") == ""
    (tmp_path / "log").write_text("x" * complaints.LOOKED_AT + "\n" + LOG)
    assert complaints.of(tmp_path / "log").startswith("the engine did not start")


@given(st.lists(st.text(max_size=400)))
def test_whatever_a_log_holds_a_clause_of_bounded_length_comes_of_it(lines: list[str]) -> None:
    assert len(complaints.last(lines)) <= 2 * complaints.LONGEST + 2
