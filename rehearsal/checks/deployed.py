"""What is deployed on management is served by every worker, new and changed, by way of the repository."""

import secrets
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rehearsal.checks.check import Check
from rehearsal.checks.console import DEPLOY
from rehearsal.checks.named import NamedScene, named
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Member
from rehearsal.poll import poll
from rehearsal.visitor import Client, in_parallel

LIMIT = 30.0
"""Seconds from the upload to the first right answer of the last worker."""

NAME = "muster-check"
PATH = f"/{NAME}/"
"""Where the artifact of this check is served."""

TURNS = ("new", "changed")
REQUESTS = 20
WORKERS = 4
USERS = "users"


@dataclass(frozen=True)
class Served:
    """Seconds after which `member` served what was deployed in one `turn`; None: not in time.

    `users` as a member: all of so many requests through the balancer, made after that, were answered right.
    `deployed` is the code of the answer to the upload.
    """

    turn: str
    member: str
    deployed: int
    seconds: float | None


def record(scene: NamedScene) -> Iterable[Served]:
    """Deploy an artifact, and then another one in its place, and ask every worker for each."""
    for turn in TURNS:
        content = secrets.token_hex(16).encode()
        begun = time.monotonic()
        with scene.to_management() as client:
            code = client.request("POST", f"{DEPLOY}{NAME}.war", content).code
        for member, seconds in _waits(scene, content, begun):
            yield Served(turn, member.name, code, seconds)
        right = all(_answers(scene, content))
        yield Served(turn, USERS, code, time.monotonic() - begun if right else None)


def _waits(scene: NamedScene, content: bytes, begun: float) -> list[tuple[Member, float | None]]:
    workers = scene.of(scene.hosts.users)

    def wait(member: Member) -> float | None:
        try:
            with scene.direct(member) as client:
                poll(lambda: _serves(client, content), within=max(0.0, begun + LIMIT - time.monotonic()))
        except TimeoutError:
            return None
        return time.monotonic() - begun

    with ThreadPoolExecutor(max_workers=max(1, len(workers))) as crowd:
        return list(zip(workers, crowd.map(wait, workers), strict=True))


def _answers(scene: NamedScene, content: bytes) -> list[bool]:
    return in_parallel(
        lambda: scene.by(scene.hosts.users.host), lambda client: _serves(client, content), REQUESTS, WORKERS
    )


def _serves(client: Client, content: bytes) -> bool:
    answer = client.request("GET", PATH)
    return answer.code == 200 and answer.body == content


def judge(served: Sequence[Served]) -> Finding:
    """Every worker must serve what every turn deployed within the limit."""
    if refused := [each for each in served if each.deployed != 200]:
        return invalid(f"the upload of what was {refused[0].turn} was answered {refused[0].deployed}")
    if late := [each for each in served if each.seconds is None or each.seconds > LIMIT]:
        return invalid("; ".join(f"{each.member} did not serve what was {each.turn}{_after(each)}" for each in late))
    members = sorted({each.member for each in served} - {USERS})
    tried = {(each.turn, each.member) for each in served}
    if not members or len(tried) < len(TURNS) * (len(members) + 1):
        return unknown(f"not tried: {', '.join(TURNS)} on every worker and through the balancer")
    longest = max(each.seconds or 0.0 for each in served if each.member != USERS)
    return valid(f"{', '.join(members)} served what was {' and '.join(TURNS)}, after {longest:.1f} s at most")


def _after(each: Served) -> str:
    return f" within {LIMIT:g} s" if each.seconds is None else f" before {each.seconds:.1f} s"


CHECK = Check("what is deployed on management is served by every worker", Served, named(record), judge)
