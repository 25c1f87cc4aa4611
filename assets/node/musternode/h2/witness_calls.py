"""The two calls that reach the witness's item: each is made once, ends in time, and fails by one sentence."""

import datetime
import email.utils
import queue
import threading
import time
from typing import Any, Callable, Mapping, Optional, Tuple

from ..aws import DENIED, reason

KEY = {"id": {"S": "witness"}}
"""The key of the one item; the nodes' role reaches no other."""

LONGEST = 2.0
"""Seconds after which a call counts as unanswered: the resolver and the metadata service know no limit of ours."""

MAKING = 3.0
"""Seconds for which the making of the client is waited for: boto3 reads its models from disk and asks for credentials.

It goes on beyond them; systemd's watchdog does not wait so long (`alive.EVERY`).
"""

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"}
BUSY = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "Throttling"}


class Unreachable(Exception):  # noqa: N818 - a state of the world, no error of this program
    """The witness said neither yes nor no; the text is one sentence that names the call and the table."""


class Unanswered(Unreachable):
    """A call that may have been carried out all the same."""


class Calls:
    """GetItem and UpdateItem on the witness's item of `table`, by the role of `node`. Threads may share it."""

    def __init__(self, table: str, region: str, node: str, *, longest: float = LONGEST) -> None:
        self._table, self._region, self._node, self._longest = table, region, node, longest
        self._making = threading.Lock()
        self._made: Any = None
        within(MAKING, self._client)

    def get(self) -> Mapping[str, Any]:
        """Return the answer to a consistent GetItem; raises `Unreachable`."""
        answer = self._call("GetItem", lambda client: client.get_item(**self._where(), ConsistentRead=True))
        return {} if answer is None else answer

    def update(self, **expressions: Any) -> bool:
        """Return whether the condition in `expressions` held; raises `Unreachable`, or `Unanswered` in doubt."""
        return self._call("UpdateItem", lambda client: client.update_item(**self._where(), **expressions)) is not None

    def _where(self) -> Mapping[str, Any]:
        return {"TableName": self._table, "Key": KEY}

    def _call(self, name: str, call: Callable[[Any], Mapping[str, Any]]) -> Optional[Mapping[str, Any]]:
        """Return the answer, None if the condition failed."""
        from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError

        found, fault = within(self._longest, lambda: call(self._client()))
        if fault is None:
            answer: Mapping[str, Any] = found
            return answer
        if isinstance(fault, ClientError):
            self._refused(name, fault)
            return None
        if isinstance(fault, NoCredentialsError):
            self._made = None  # a client keeps the credentials, or none, that it was made with
        never = isinstance(fault, (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError))
        kind = Unreachable if never else Unanswered
        raise kind(f"{self._subject(name)} had no answer: {_line(fault)}")

    def _refused(self, name: str, fault: Any) -> None:
        """Return if it is the condition that failed; raises `Unanswered` for a fault of the service's own.

        DynamoDB Developer Guide, "Error handling": after a 5xx a write may have been done or not.
        """
        code = str(fault.response.get("Error", {}).get("Code", ""))
        status = int(fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code == "ConditionalCheckFailedException":
            return
        if status >= 500:
            raise Unanswered(f"{self._subject(name)} failed: {_line(fault)}")
        raise Unreachable(self._sentence(name, code, fault))

    def _sentence(self, name: str, code: str, fault: Exception) -> str:
        if code in DENIED:
            action = f"dynamodb:{name} on the table {self._table}"
            return f"node {self._node}: AccessDenied: {reason(fault)} {action}"
        if code in EXPIRED:
            return f"{self._subject(name)} failed: the role's credentials are not valid ({code})"
        if code in BUSY:
            return f"{self._subject(name)} is throttled ({code})"
        if code == "ResourceNotFoundException":
            return f"{self._subject(name)} failed: there is no such table in {self._region}"
        return f"{self._subject(name)} failed: {_line(fault)}"

    def _subject(self, name: str) -> str:
        return f"node {self._node}: dynamodb:{name} on the table {self._table}"

    def _client(self) -> Any:
        import boto3.session
        from botocore.config import Config

        with self._making:
            if self._made is None:
                config = Config(connect_timeout=0.5, read_timeout=1.0, retries={"total_max_attempts": 1})
                # a session of its own: boto3's common one must not be used by two threads at once
                session = boto3.session.Session(region_name=self._region)
                self._made = session.client("dynamodb", config=config)
            return self._made


def within(seconds: float, call: Callable[[], Any]) -> Tuple[Any, Optional[Exception]]:
    """Return what `call` gives and None, or None and its fault, a `TimeoutError` after `seconds`."""
    ended: queue.Queue[Tuple[Any, Optional[Exception]]] = queue.Queue()

    def run() -> None:
        try:
            ended.put((call(), None))
        except Exception as fault:
            ended.put((None, fault))

    threading.Thread(target=run, name="witness", daemon=True).start()
    try:
        return ended.get(timeout=seconds)
    except queue.Empty:
        return None, TimeoutError(f"not within {seconds:g} s")


def date_of(answer: Mapping[str, Any]) -> float:
    """Return AWS's clock at `answer` by its HTTP header Date (RFC 9110, whole seconds); without one, this host's."""
    text = str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return time.time()
    return date.replace(tzinfo=date.tzinfo or datetime.timezone.utc).timestamp()


def _line(fault: Exception) -> str:
    return " ".join(str(fault).split()) or type(fault).__name__
