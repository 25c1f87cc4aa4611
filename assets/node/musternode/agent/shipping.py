"""Entries of the journal sent to CloudWatch Logs: each at least once, in the order of time."""

import random
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from .. import files
from ..failure import Failure
from . import entries
from .batches import Event, batches
from .journal import Journal
from .quiet import Quiet

EVERY = 5.0
"""Seconds for which entries are gathered."""
MOST = 2 << 20
"""Bytes of journal that are gathered at once."""
LONGEST_PAUSE = 60.0
WHAT = "shipping the journal"


class Bookmark:
    """The cursor of the last entry that CloudWatch Logs has taken, kept in `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> Optional[str]:
        """Return the cursor, or None if there is none."""
        return (self._file.read_text().strip() or None) if self._file.is_file() else None

    def write(self, cursor: str) -> None:
        """Keep `cursor`; lasts."""
        files.write(self._file, cursor.encode("ascii", "replace"), mode=0o600)

    def forget(self) -> None:
        """Begin from the start: entries are sent twice rather than never."""
        if self._file.exists():
            self._file.unlink()


class Shipper:
    """Sends to the log groups of `cluster`, each to the stream named after the node; `client` is boto3's of `logs`."""

    def __init__(
        self,
        client: Any,
        cluster: str,
        node: str,
        bookmark: Bookmark,
        quiet: Quiet,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._cluster = cluster
        self._node = node
        self._bookmark = bookmark
        self._quiet = quiet
        self._sleep, self._now = sleep, now

    def follow(self, start: Callable[[Optional[str]], Journal]) -> None:
        """Ship for as long as the process lives; `start` opens the journal after a cursor."""
        while True:
            self.follow_once(start)
            self._sleep(EVERY)

    def follow_once(self, start: Callable[[Optional[str]], Journal]) -> None:
        """Ship until journalctl ends, as it does when the cursor is none of its own."""
        cursor = self._bookmark.read()
        journal = start(cursor)
        seen = False
        try:
            while True:
                lines = journal.lines(EVERY, MOST)
                seen = seen or bool(lines)
                self.ship(lines)
        except Failure as fault:
            self._quiet.fault("reading the journal", str(fault))
            if cursor and not seen:
                self._bookmark.forget()
        finally:
            journal.close()

    def ship(self, lines: Sequence[bytes]) -> None:
        """Send what is in `lines`; returns once all of it is taken and the cursor is kept."""
        read = [entry for entry in map(entries.read, lines) if entry is not None]
        for group, events in _by_group(read).items():
            for batch in batches(events, int(self._now() * 1000)):
                self._send(entries.group_name(self._cluster, group), batch)
        if read:
            self._bookmark.write(read[-1].cursor)

    def _send(self, group: str, batch: List[Event]) -> None:
        pause = 1.0
        while True:
            code = self._try(group, batch)
            if code in {"", "DataAlreadyAcceptedException"}:
                self._quiet.fine(WHAT)
                return
            if code == "InvalidParameterException":
                self._send_parts(group, batch)
                return
            if code == "ResourceNotFoundException":
                self._make_stream(group)
            self._sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret: nodes must not keep step
            pause = min(LONGEST_PAUSE, pause * 2)

    def _send_parts(self, group: str, batch: List[Event]) -> None:
        """Find the event that makes the API refuse a batch, and leave it out: else nothing after it would be sent."""
        if len(batch) == 1:
            self._quiet.fault("an entry", f"CloudWatch Logs takes no entry of {batch[0].size} bytes at {batch[0].at}")
            return
        middle = len(batch) // 2
        self._send(group, batch[:middle])
        self._send(group, batch[middle:])

    def _try(self, group: str, batch: List[Event]) -> str:
        """Return the code of the fault, empty if the batch was taken."""
        events = [{"timestamp": event.at, "message": event.text} for event in batch]

        def put() -> None:
            answer = self._client.put_log_events(logGroupName=group, logStreamName=self._node, logEvents=events)
            if rejected := answer.get("rejectedLogEventsInfo"):
                self._quiet.fault("some entries", f"CloudWatch Logs left them out for their age: {rejected}")

        return self._call(put)

    def _make_stream(self, group: str) -> None:
        self._call(lambda: self._client.create_log_stream(logGroupName=group, logStreamName=self._node))

    def _call(self, call: Callable[[], Any]) -> str:
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        try:
            call()
        except ClientError as fault:
            code = str(fault.response.get("Error", {}).get("Code", "")) or "Unknown"
            if code not in {"ResourceNotFoundException", "ResourceAlreadyExistsException"}:
                self._quiet.fault(WHAT, str(fault))
            return code
        except ParamValidationError:
            return "InvalidParameterException"  # botocore itself would not send it
        except BotoCoreError as fault:
            self._quiet.fault(WHAT, str(fault))
            return type(fault).__name__
        return ""


def _by_group(read: Sequence[entries.Entry]) -> Mapping[str, List[Event]]:
    found: Dict[str, List[Event]] = {}
    for entry in read:
        if entry.group is not None:
            found.setdefault(entry.group, []).append(Event(entry.at, entry.text))
    return found
