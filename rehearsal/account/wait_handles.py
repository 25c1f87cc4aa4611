"""Wait condition handles: secret URLs to which anyone who knows them may send a signal.

Format of a signal: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
"""

import json
import secrets
import threading
import urllib.parse
from dataclasses import dataclass

MOST_BYTES = 4096
"""AWS refuses a signal that is larger."""


class BadSignalError(Exception):
    """What was sent is no signal; the text is what the sender is told."""


class UnknownHandleError(Exception):
    """No handle has this URL, or no more."""


@dataclass(frozen=True)
class Signal:
    """One signal; `data` and `reason` are as sent."""

    unique_id: str
    status: str
    reason: str
    data: str


class WaitHandles:
    """All open handles of a region. `changed` is notified at each signal that arrives."""

    def __init__(self, region: str) -> None:
        self.host = f"cloudformation-waitcondition-{region}.s3.amazonaws.com"
        self.changed = threading.Condition()
        self._signals: dict[str, dict[str, Signal]] = {}

    def open(self, stack_id: str, logical_id: str) -> str:
        """Return a new handle's URL, shaped and secret as AWS's presigned one."""
        key = urllib.parse.quote(f"{stack_id}/{secrets.token_hex(8)}/{logical_id}", safe="")
        signature = secrets.token_urlsafe(24)
        url = f"https://{self.host}/{key}?AWSAccessKeyId=AKIAWAITHANDLE&Expires=86400&Signature={signature}"
        with self.changed:
            self._signals[url] = {}
        return url

    def close(self, url: str) -> None:
        """Forget a handle; signals to it are refused from now on."""
        with self.changed:
            self._signals.pop(url, None)

    def received(self, url: str) -> list[Signal]:
        """Return the signals so far, one for each unique id, in the order of their arrival."""
        with self.changed:
            return list(self._signals.get(url, {}).values())

    def put(self, target: str, body: bytes) -> Signal:
        """Take a signal sent to the path and query `target`. A repeated unique id is ignored, as on AWS.

        Raises `UnknownHandleError` or `BadSignalError`.
        """
        url = f"https://{self.host}{target}"
        with self.changed:
            if url not in self._signals:
                raise UnknownHandleError(target.partition("?")[0])
            signal = parse_signal(body)
            self._signals[url].setdefault(signal.unique_id, signal)
            self.changed.notify_all()
        return signal


def parse_signal(body: bytes) -> Signal:
    """Return the signal of a JSON text. Raises `BadSignalError`."""
    if len(body) > MOST_BYTES:
        raise BadSignalError(f"Unparsable WaitCondition data: {len(body)} bytes, at most {MOST_BYTES} are allowed")
    try:
        given = json.loads(body)
    except ValueError as fault:
        raise BadSignalError(f"Unparsable WaitCondition data: {fault}") from fault
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise BadSignalError("Unparsable WaitCondition data: an object of texts is needed")
    if given.get("Status") not in ("SUCCESS", "FAILURE") or not given.get("UniqueId"):
        raise BadSignalError("Unparsable WaitCondition data: Status (SUCCESS or FAILURE) and UniqueId are needed")
    return Signal(given["UniqueId"], given["Status"], given.get("Reason", ""), given.get("Data", ""))
