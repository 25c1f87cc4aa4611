"""The node's word to the formation wait: a JSON body PUT to the presigned URL, with an empty Content-Type."""

import json
import logging
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Mapping, Optional, Protocol

from . import files
from .failure import ascii_sentence
from .paths import Paths
from .waiting import poll

log = logging.getLogger(__name__)
Body = Mapping[str, str]


def success(node: str, members: int) -> Body:
    """Return the body that says: all `members` see each other."""
    return {
        "Status": "SUCCESS",
        "UniqueId": node,
        "Data": f"members={members}",
        "Reason": f"node {node} sees all {members} members",
    }


def alone(node: str, peer: str) -> Body:
    """Return the body that says: this node serves, and the cluster file says that there is no other."""
    return {
        "Status": "SUCCESS",
        "UniqueId": node,
        "Data": "members=1",
        "Reason": f"node {node} serves alone: node {peer} is absent by the cluster file",
    }


def failure(node: str, sentence: str) -> Body:
    """Return the body that fails the deploy with `sentence`."""
    return {"Status": "FAILURE", "UniqueId": node, "Data": "failed", "Reason": ascii_sentence(sentence)}


def put(url: str, body: Body, *, within: float = 120.0) -> bool:
    """PUT `body` to the wait handle, repeated for `within` seconds; return whether it was taken.

    403 and 404 end it like a taking: the handle is gone or its URL is void, nobody will ever take this report.
    """

    def sent() -> bool:
        # urllib adds a form Content-Type of its own unless one is set; the URL is signed for an empty one
        request = urllib.request.Request(  # noqa: S310 - the URL is the settings document's own
            url, data=json.dumps(body).encode("ascii"), method="PUT", headers={"Content-Type": ""}
        )
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310
                return True
        except urllib.error.HTTPError as fault:
            log.warning("the wait handle did not take the report: %s", fault)
            return fault.code in {403, 404}
        except OSError as fault:
            log.warning("the wait handle did not take the report: %s", fault)
            return False

    return bool(poll(sent, within=within, every=2.0))


class Told(Protocol):
    """What says whom to tell: settings, or the outline of a document."""

    @property
    def generation(self) -> str:
        """The generation."""

    @property
    def wait_url(self) -> str:
        """Where to report."""


def fail_aside(paths: Paths, node: str, told: Told, sentence: str) -> None:
    """Tell the wait handle of `told` that `node` fails the deploy with `sentence`, for a caller that must not wait."""
    Reported(paths.etc / "reported").send_aside(told.wait_url, told.generation, failure(node, sentence))


class Reported:
    """Which generation has been reported to its wait handle: at most one report a generation and node."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._sending: Optional[threading.Thread] = None

    def has(self, generation: str) -> bool:
        """Return whether `generation` has been reported, as success or failure."""
        return self.status(generation) is not None

    def status(self, generation: str) -> Optional[str]:
        """Return what has been reported of `generation`: SUCCESS, FAILURE, or None."""
        words = self._file.read_text().split() if self._file.is_file() else []
        return words[1] if words[:1] == [generation] else None

    def send(self, url: str, generation: str, body: Body) -> None:
        """Report `body` for `generation` unless that has been done; returns once it is taken or given up for now.

        What was given up is not remembered as reported: the next call tries again.
        """
        if self.has(generation):
            return
        log.info("report %s: %s", body["Status"], body["Reason"])
        if not put(url, body):
            log.error("the wait handle took no report for generation %s", generation)
            return
        files.write(self._file, f"{generation} {body['Status']}\n".encode(), mode=0o600)

    def send_aside(self, url: str, generation: str, body: Body) -> None:
        """Do as `send` in a thread of its own, one at a time, for a caller that must not wait."""
        if self._sending is None or not self._sending.is_alive():
            self._sending = threading.Thread(target=self.send, args=(url, generation, body), daemon=True)
            self._sending.start()
