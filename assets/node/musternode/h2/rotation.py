"""Another password for the application without an outage: two users of the database take turns.

The secret names the user that is to be used. Both users exist from the beginning on, so that a rotation changes no
schema, only password hashes, which the two copies never share anyway (each server has its own salts). The gate process
gives the wanted user its password in its own server; the member waits until H2's own driver gets in with it through
both gates, then writes it into the application's files and lets the application begin anew, one node after the other.
The former user keeps its password until its next turn: whoever is slow is not locked out.
"""

import json
import logging
import secrets
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, List, Optional, Protocol, Sequence

from .. import files
from ..aws import Credentials
from ..failure import Failure
from . import text
from .database import rights

SECOND = "_2"
"""End of the other user's name."""
EVERY = 60.0
"""Seconds between two looks at the secret."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """The application's user as the secret has it; `version` is the secret's version, which is no secret itself."""

    user: Credentials
    version: str


class Step(Enum):
    """What a member does about the wanted user."""

    NOTHING = "nothing"
    """The application uses it."""
    WAIT = "wait"
    """It is another one's turn, or nobody would serve meanwhile."""
    TRY = "try"
    """Try to get in with it through both gates; if that works, switch."""


class Executes(Protocol):
    """A session of the administrator in this node's own server."""

    def execute(self, *statements: str) -> None:
        """Execute `statements`."""


def twin(name: str) -> str:
    """Return the name of the user that takes turns with the one called `name`."""
    return name[: -len(SECOND)] if name.lower().endswith(SECOND) else name + SECOND


def users(user: Credentials, schemas: Sequence[str] = ()) -> List[str]:
    """Return the statements that make the application's user and its twin, both with rights on `schemas` and PUBLIC.

    The twin, if it is new, has a password that nobody knows. To be executed before the pair is formed.
    """
    locked = Credentials(twin(user.username), secrets.token_hex(32))
    other, password = text.user(locked.username), text.literal(locked.password)
    made = [f"CREATE USER IF NOT EXISTS {other} PASSWORD {password}"]
    made += [each for each in rights(locked) if each.startswith("GRANT")]
    names = (text.user(user.username), other)
    more = [
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA {schema} TO {name}" for schema in schemas for name in names
    ]
    return [*rights(user), *made, *more]


def admit(session: Executes, user: Credentials) -> None:
    """Give the application's `user` its password in this server alone; safe to repeat. Raises `H2Error`.

    For databases of before there were two users it is made too.
    """
    session.execute(*(each for each in rights(user) if "USER" in each or each.startswith("GRANT")))


def step(
    in_force: str, wanted: Optional[Wanted], *, first: bool, alone: bool, peer: Optional[str], serves: bool
) -> Step:
    """Return what a member does whose application uses the user called `in_force`.

    `peer` is the name of the user that the other member's application uses, None if that one is not heard; `serves` is
    whether it serves. `first` is whether this node has the lower ordinal, `alone` whether the settings know no other.
    An application begins anew only while the other one serves.
    """
    if wanted is None or wanted.user.username == in_force:
        return Step.NOTHING
    if alone:
        return Step.TRY
    if peer is None or not serves:
        return Step.WAIT
    return Step.TRY if first or peer == wanted.user.username else Step.WAIT


def current(client: Any, arn: str) -> Wanted:
    """Return the user in the secret `arn` as boto3's `client` of Secrets Manager reads it; raises `Failure`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = client.get_secret_value(SecretId=arn)
        value = json.loads(answer["SecretString"])
        wanted = Wanted(Credentials(str(value["username"]), str(value["password"])), str(answer["VersionId"]))
    except (ClientError, BotoCoreError) as fault:
        raise Failure(f"secretsmanager:GetSecretValue on {arn} failed: {fault}") from None
    except (KeyError, ValueError, TypeError):
        raise Failure(f'the secret {arn} is not JSON with "username" and "password"') from None
    text.user(wanted.user.username)
    return wanted


def save(file: Path, wanted: Wanted) -> bool:
    """Keep `wanted` in `file` for the gate process, for root alone; return whether it is another one than before."""
    user = wanted.user
    value = {"username": user.username, "password": user.password, "version": wanted.version}
    return files.write(file, json.dumps(value).encode("ascii"), mode=0o600)


def load(file: Path) -> Optional[Wanted]:
    """Return what was kept in `file`, or None."""
    try:
        value = json.loads(file.read_text())
        return Wanted(Credentials(value["username"], value["password"]), value["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Admitting:
    """Gives the wanted user in `file` its password in this node's server, once for each version and run of H2.

    For the gate process: `look` is cheap, and is called while this node is a member and no job runs.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._done = ("", "")

    def due(self, run: str) -> Optional[Wanted]:
        """Return the user that the server's run `run` has not been given yet, or None."""
        wanted = load(self._file)
        return None if wanted is None or self._done == (wanted.version, run) else wanted

    def look(self, session: Executes, run: str) -> None:
        """Do what is due, over a session of the administrator; raises `H2Error`."""
        wanted = self.due(run)
        if wanted is None:
            return
        admit(session, wanted.user)
        self._done = (wanted.version, run)
        log.info("the database lets user %s in here (secret version %s)", wanted.user.username, wanted.version)
