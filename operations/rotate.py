"""`muster rotate`: another user and password for the application's database, without an outage.

The command writes a new version of the secret, nothing else; the nodes look at it each minute, and their logs say when
they use it. There is no channel to them.
"""

import json
import secrets
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from muster.names import log_group_name, parameter_name
from operations.aws import Aws, Missing
from operations.errors import Failure
from operations.h2.pair import Ask, Connect, Pair, confirmed, pair_of
from rehearsal.poll import NotYet, poll

SECOND: Final = "_2"
"""End of the other user's name, as the nodes have it."""
WITHIN: Final = 900.0
"""Seconds in which all nodes must have told that they use the new user."""
EVERY: Final = 5.0
LOOK_BACK: Final = 24 * 3600.0
"""Seconds of log that are searched: a node tells every six hours, and the shortest retention is a day."""


@dataclass(frozen=True)
class Current:
    """The secret of the application's user: ARN, the user's name, the version in force; `first`: none was before."""

    arn: str
    username: str
    version: str
    first: bool


def rotate_file(file: Path, *, yes: bool, wait: bool, ask: Ask, connect: Connect = Aws, within: float = WITHIN) -> int:
    """Give the application of `file` the other database user with a fresh password. Return 0 once all nodes use it.

    Refused while the rotation before is under way: its former user would be locked out. Raises `Failure`.
    """
    pair = pair_of(file, connect)
    current = current_of(pair)
    if not current.first and (lacking := _lacking(pair, current)):
        raise Failure(
            f"node {' and node '.join(lacking)} has not told that it uses {current.username} of the rotation before: "
            f"wait, or see the log group {log_group_name(pair.cluster.name, 'node')}"
        )
    wanted = twin(current.username)
    if not confirmed(_plan(pair, current, wanted), yes=yes, ask=ask):
        return 1
    version = _put(pair, current, wanted)
    print(f"the secret's version {version} holds the user {wanted}")
    if wait:
        _await(pair, Current(current.arn, wanted, version, first=False), within)
    return 0


def twin(name: str) -> str:
    """Return the name of the user that takes turns with the one called `name`, as the nodes have it."""
    return name[: -len(SECOND)] if name.lower().endswith(SECOND) else name + SECOND


def current_of(pair: Pair) -> Current:
    """Return what the secret holds that the deployed settings name. Raises `Failure`."""
    try:
        text = pair.aws.call("ssm", "get_parameter", Name=parameter_name(pair.cluster.name))["Parameter"]["Value"]
        arn = str(json.loads(text)["secrets"]["database_application"])
        answer = pair.aws.call("secretsmanager", "get_secret_value", SecretId=arn)
        username = str(json.loads(answer["SecretString"])["username"])
        stages = pair.aws.call("secretsmanager", "describe_secret", SecretId=arn)["VersionIdsToStages"]
    except Missing as missing:
        raise Failure(f"{missing}: deploy the cluster first") from missing
    except (ValueError, KeyError, TypeError) as fault:
        raise Failure(f"the application's secret cannot be read: {fault!r}") from fault
    first = not any("AWSPREVIOUS" in labels for labels in stages.values())
    return Current(arn, username, str(answer["VersionId"]), first)


def _plan(pair: Pair, current: Current, wanted: str) -> list[str]:
    nodes = " then ".join(f"node {name}" for name in sorted(pair.cluster.present_nodes))
    return [
        f"the applications use the database's user {current.username}; {wanted} gets a fresh password,",
        f"  and the applications begin anew with it, one after the other: {nodes}.",
        f"  {current.username} keeps its password until the next rotation: after a leak rotate twice.",
    ]


def _put(pair: Pair, current: Current, wanted: str) -> str:
    value = json.dumps({"username": wanted, "password": secrets.token_urlsafe(24)})
    answer = pair.aws.call(
        "secretsmanager",
        "put_secret_value",
        SecretId=current.arn,
        SecretString=value,
        ClientRequestToken=str(uuid.uuid4()),
    )
    return str(answer["VersionId"])


def _await(pair: Pair, wanted: Current, within: float) -> None:
    """Wait until all nodes have told; says who has. Raises `Failure`."""
    told: set[str] = set()

    def all_told() -> bool:
        lacking = _lacking(pair, wanted)
        for name in sorted(set(pair.cluster.present_nodes) - set(lacking) - told):
            print(f"  node {name}: the application uses {wanted.username}", flush=True)
            told.add(name)
        if lacking:
            raise NotYet(f"nothing yet from node {' and node '.join(lacking)}")
        return True

    try:
        poll(all_told, within=within, every=min(EVERY, within))
    except TimeoutError as error:
        raise Failure(
            f"not all applications use {wanted.username} yet: {error}; the other user still lets them in, and the "
            "nodes go on trying"
        ) from error


def _lacking(pair: Pair, wanted: Current) -> list[str]:
    """Return the present nodes that have not told that they use the version. Raises `Failure`."""
    return [name for name in sorted(pair.cluster.present_nodes) if not _told(pair, name, wanted)]


def _told(pair: Pair, node: str, wanted: Current) -> bool:
    """Tell whether the node's log has the line by which its member says so (`turning.confirmation`)."""
    words = f"the application uses the database's user {wanted.username} (secret version {wanted.version})"
    group = log_group_name(pair.cluster.name, "node")
    try:
        found = pair.aws.pages(
            "logs",
            "filter_log_events",
            "events",
            logGroupName=group,
            logStreamNames=[node],
            startTime=round((time.time() - LOOK_BACK) * 1000),
            filterPattern=f'"{wanted.version}"',
        )
    except Missing:
        return False
    return any(words in event["message"] for event in found)
