"""Faults of AWS's API as chosen hosts meet it (`rehearsal.account.api_faults`), of DynamoDB above all."""

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from rehearsal.account.api_faults import PATH
from rehearsal.faults.fault import FaultError, Heal, once
from rehearsal.faults.stage import Stage


def spoil(stage: Stage, kind: str, *nodes: str, service: str = "dynamodb", operations: Sequence[str] = ()) -> Heal:
    """Let a service's API fail for these nodes (all of them where none is named) until healed.

    `kind` is one of `api_faults.KINDS`. Raises `FaultError`.
    """
    name, addresses = secrets.token_hex(4), [stage.host(node).address for node in nodes]
    asked = {"service": service, "kind": kind, "addresses": addresses, "operations": list(operations)}
    heal = once(lambda: _ask(stage, "DELETE", f"{PATH}/{name}"))
    try:
        _ask(stage, "PUT", f"{PATH}/{name}", asked)
    except BaseException:
        heal()
        raise
    return heal


def met(stage: Stage) -> dict[str, int]:
    """Return how many calls each fault that is on has met."""
    counts: dict[str, int] = json.loads(_ask(stage, "GET", PATH))
    return counts


def clear(stage: Stage) -> None:
    """End every fault of the API."""
    _ask(stage, "DELETE", PATH)


def _ask(stage: Stage, method: str, path: str, document: Any = None) -> str:
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(  # noqa: S310 - http to this machine
        f"{stage.rehearsal.state.url}{path}", body, {"Content-Type": "application/json"}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            text: str = answer.read().decode()
            return text
    except urllib.error.HTTPError as refusal:
        raise FaultError(f"the account refuses a fault: {refusal.read().decode()}") from None
    except OSError as silence:
        raise FaultError(f"the rehearsal's service does not answer: {silence}") from None
