"""The agent's doing: a journal on a pipe, CloudWatch as a client that refuses, metrics."""

import logging
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from musternode.agent import journal, metrics, service
from musternode.agent.journal import Journal
from musternode.agent.quiet import Quiet
from musternode.agent.shipping import Bookmark, Shipper
from musternode.failure import Failure
from tests.test_node_agent_entries import NOW, line

FIRST, SECOND = (
    line(__CURSOR=f"s={number}", MESSAGE=word, _SYSTEMD_UNIT="muster-h2.service")
    for number, word in enumerate(("one", "two"))
)


class Logs:
    """CloudWatch Logs: answers each call with the next fault of `faults`, and keeps what it took."""

    def __init__(self, *faults: Any) -> None:
        self.faults = list(faults)
        self.taken: list[tuple[str, str, list[str]]] = []
        self.streams: list[str] = []
        self.poison = ""

    def put_log_events(self, *, logGroupName: str, logStreamName: str, logEvents: Any) -> dict[str, Any]:  # noqa: N803
        """Take events, or raise."""
        if self.faults and self.faults[0] is not None:
            raise self.faults.pop(0)
        messages = [event["message"] for event in logEvents]
        if self.poison in messages:
            raise refused("InvalidParameterException")
        self.taken.append((logGroupName, logStreamName, messages))
        return {}

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:  # noqa: N803
        """Make a stream."""
        self.streams.append(f"{logGroupName} {logStreamName}")


def refused(code: str) -> ClientError:
    """Return a refusal of the API."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutLogEvents")


def shipper(logs: Logs, folder: Path, pauses: list[float] | None = None) -> Shipper:
    """Return the shipper of node a, whose clock stands still."""
    sleep = ([] if pauses is None else pauses).append
    bookmark = Bookmark(folder / "cursor")
    return Shipper(logs, "as400", "a", bookmark, Quiet(), sleep=sleep, now=lambda: NOW / 1000)


def test_entries_go_to_the_groups_of_the_cluster_and_the_stream_of_the_node(tmp_path: Path) -> None:
    logs = Logs()
    own, foreign = (line(MESSAGE="x", _SYSTEMD_UNIT=unit) for unit in ("muster-member.service", "cron.service"))
    shipper(logs, tmp_path).ship([FIRST, own, foreign, SECOND])
    assert logs.taken == [("/muster/as400/h2", "a", ["one", "two"]), ("/muster/as400/node", "a", ["muster-member: x"])]


def test_the_cursor_is_kept_only_after_all_was_taken(tmp_path: Path) -> None:
    """Whatever ends the process before: the entries are sent again."""

    class Dies(Exception):  # noqa: N818 - stands for a kill
        pass

    logs, bookmark = Logs(), Bookmark(tmp_path / "cursor")
    shipper(logs, tmp_path).ship([FIRST])
    assert bookmark.read() == "s=0"
    logs.faults = [Dies()]
    with pytest.raises(Dies):
        shipper(logs, tmp_path).ship([SECOND])
    assert bookmark.read() == "s=0"
    shipper(logs, tmp_path).ship([SECOND])
    assert bookmark.read() == "s=1"
    assert [messages for _, _, messages in logs.taken] == [["one"], ["two"]]


def test_entries_that_are_not_shipped_move_the_cursor_too(tmp_path: Path) -> None:
    shipper(Logs(), tmp_path).ship([line(__CURSOR="s=7", MESSAGE="x", _SYSTEMD_UNIT="cron.service")])
    assert Bookmark(tmp_path / "cursor").read() == "s=7"


def test_faults_are_outlasted_with_growing_pauses(tmp_path: Path) -> None:
    pauses: list[float] = []
    faults = [refused("ThrottlingException"), EndpointConnectionError(endpoint_url="https://logs/")] * 5
    logs = Logs(*faults, None)
    shipper(logs, tmp_path, pauses).ship([FIRST])
    assert [messages for _, _, messages in logs.taken] == [["one"]]
    assert len(pauses) == 10
    assert pauses[0] < 2
    assert 30 <= max(pauses) <= 90


def test_the_stream_is_made_when_it_is_missing(tmp_path: Path) -> None:
    logs = Logs(refused("ResourceNotFoundException"), None)
    shipper(logs, tmp_path).ship([FIRST])
    assert logs.streams == ["/muster/as400/h2 a"]
    assert len(logs.taken) == 1


def test_one_event_that_the_api_refuses_holds_no_other_back(tmp_path: Path) -> None:
    logs = Logs()
    logs.poison = "3"
    shipper(logs, tmp_path).ship([line(MESSAGE=str(n), _SYSTEMD_UNIT="muster-h2.service") for n in range(8)])
    assert sorted(message for _, _, messages in logs.taken for message in messages) == list("0124567")


def test_a_fault_that_lasts_is_said_once_in_ten_minutes_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    """What the agent says is shipped by itself: a word at each fault would never end."""
    caplog.set_level(logging.INFO)
    now = [0.0]
    quiet = Quiet(lambda: now[0])
    for second in range(1200):
        now[0] = float(second)
        quiet.fault("shipping", "throttled")
        if second % 2:
            quiet.fine("shipping")
    assert [record.getMessage() for record in caplog.records] == [
        "shipping: throttled",
        "shipping: works again",
        "shipping: throttled",
        "shipping: works again",
    ]


class Tape:
    """A journal that gives its lines once and ends."""

    def __init__(self, *lines: bytes) -> None:
        self.left = [list(lines)]

    def lines(self, _within: float, _most: int) -> list[bytes]:
        """Return all lines, then end."""
        if not self.left:
            raise Failure("journalctl ended with 1: Failed to seek to cursor")
        return self.left.pop()

    def close(self) -> None:
        """Do nothing."""


def test_the_journal_is_read_on_from_the_cursor(tmp_path: Path) -> None:
    asked: list[str | None] = []

    def start(cursor: str | None) -> Any:
        asked.append(cursor)
        return Tape(FIRST, SECOND)

    one = shipper(Logs(), tmp_path)
    one.follow_once(start)
    one.follow_once(start)
    assert asked == [None, "s=1"]


def test_a_cursor_that_the_journal_refuses_is_forgotten(tmp_path: Path) -> None:
    asked: list[str | None] = []

    def start(cursor: str | None) -> Any:
        asked.append(cursor)
        return Tape() if cursor else Tape(FIRST)

    Bookmark(tmp_path / "cursor").write("nonsense")
    logs = Logs()
    one = shipper(logs, tmp_path)
    one.follow_once(start)
    one.follow_once(start)
    assert asked == ["nonsense", None]
    assert len(logs.taken) == 1


def program(folder: Path, text: str) -> list[str]:
    """Return the command of a program that stands for journalctl."""
    file = folder / "journalctl.py"
    file.write_text(textwrap.dedent(text))
    return [sys.executable, str(file)]


def test_lines_come_whole_from_a_pipe_and_the_end_has_its_cause(tmp_path: Path) -> None:
    argv = program(
        tmp_path,
        """
        import sys, time
        sys.stdout.write("one\\ntw"); sys.stdout.flush(); time.sleep(0.2)
        sys.stdout.write("o\\nthr"); sys.stdout.flush()
        sys.exit("no such cursor")
        """,
    )
    one = Journal("c", argv)
    assert one.lines(10, 1 << 20) == [b"one", b"two"]
    with pytest.raises(Failure, match="ended with 1: no such cursor"):
        one.lines(10, 1 << 20)
    one.close()


def test_a_line_without_end_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LONGEST", 1000)
    one = Journal(None, program(tmp_path, "print('one'); print('x' * 300000); print('two')"))
    assert one.lines(10, 1 << 20) == [b"one", b"two"]
    one.close()


def test_journalctl_is_asked_for_what_comes_after_the_cursor(tmp_path: Path) -> None:
    argv = program(tmp_path, "import sys; print(' '.join(sys.argv[1:]))")
    for cursor, start in (("s=1", b"--after-cursor=s=1"), (None, b"--since=-14d")):
        one = Journal(cursor, argv)
        (said,) = one.lines(10, 1 << 20)
        one.close()
        assert said.split()[-1] == start
        assert b"--follow --no-tail --merge" in said


def test_the_journalctl_of_this_machine_knows_the_options(tmp_path: Path) -> None:
    """An empty journal has no boot to choose."""
    one = Journal(None, ["journalctl", f"--directory={tmp_path}"])
    assert one.lines(0.5, 1 << 20) == []
    one.close()
    wrong = Journal(None, ["journalctl", "--no-such-option"])  # the control
    with pytest.raises(Failure, match="no-such-option"):
        wrong.lines(10, 1 << 20)
    wrong.close()


def test_the_agents_place_is_read_from_its_command() -> None:
    assert service.place(["eu-west-1", "as400", "a"]) == service.Place("eu-west-1", "as400", "a")
    with pytest.raises(Failure, match="usage: musternode agent"):
        service.place(["eu-west-1"])


def test_what_botocore_would_send_is_what_the_service_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameters are checked by the service's own model: no stand-in knows them better."""
    import boto3
    from botocore.stub import Stubber

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    client = boto3.client("cloudwatch", region_name="eu-west-1")
    with Stubber(client) as stub:
        stub.add_response("put_metric_data", {})
        metrics.Meter(client, "as400", "a", lambda: {"Members": (2.0, "Count")}, Quiet()).send()
    logs = boto3.client("logs", region_name="eu-west-1")
    with Stubber(logs) as stub:
        stub.add_response("put_log_events", {})
        shipper(logs, tmp_path).ship([FIRST])
        stub.assert_no_pending_responses()
