"""The members form one cluster: each sees all of them and nobody else, by its engine's word and by its node's.

Of a product whose engine tells nobody whom it sees, by its node's alone.

Hazelcast's engines that find nobody go on alone without a complaint to anyone; so every member is asked whom it sees,
and a cluster of one is as wrong as two halves.
"""

import http.client
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Member, Scene
from rehearsal.visitor import Client

ENGINE, NODE = "engine", "node"
"""Who told: the product's own Hazelcast (GET /double), or what watches it on the node (GET /state)."""


@dataclass(frozen=True)
class Sight:
    """The addresses that `member` sees, itself among them; `code` is that of the HTTP answer, 0 where none came.

    An engine says its version and its kernel's, too.
    """

    member: str
    address: str
    told_by: str
    code: int
    sees: Sequence[str] = ()
    engine: str = ""
    kernel: str = ""


def record(scene: Scene) -> Iterable[Sight]:
    """Ask every member's engine from the balancer's place, and every node from another member's."""
    for member in scene.members:
        yield engine_sight(scene, member)
        yield node_sight(scene, member)


def record_nodes(scene: Scene) -> Iterable[Sight]:
    """Ask every node from another member's place."""
    for member in scene.members:
        yield node_sight(scene, member)


def engine_sight(scene: Scene, member: Member) -> Sight:
    """Return whom the engine of a member sees now."""
    return _sight(member, ENGINE, lambda: scene.direct(member), "/double")


def node_sight(scene: Scene, member: Member) -> Sight:
    """Return whom the node of a member says that it sees now, itself among them while its engine runs."""
    return _sight(member, NODE, lambda: scene.peer(member), "/state")


def _sight(member: Member, told_by: str, client: Callable[[], Client], path: str) -> Sight:
    code, told = ask(client, path)
    seen = told.get("members", ()) if told_by == ENGINE else told.get("seen", ())
    sees = tuple(sorted(str(each).rpartition("/")[2].partition(":")[0] for each in seen))
    engine, kernel = str(told.get("engine", "")), str(told.get("kernel", ""))
    return Sight(member.name, member.address, told_by, code, sees, engine, kernel)


def ask(client: Callable[[], Client], path: str) -> tuple[int, Mapping[str, Any]]:
    """Return code and JSON object of an answer; 0 where none came, and nothing where it is no success."""
    with suppress(OSError, http.client.HTTPException), client() as made:
        answer = made.request("GET", path)
        return answer.code, answer.json() if answer.code == 200 else {}
    return 0, {}


def judge_nodes(sights: Sequence[Sight]) -> Finding:
    """Judge like `judge`, by the word of the nodes alone."""
    return judge(sights, (NODE,))


def judge(sights: Sequence[Sight], tellers: Collection[str] = (ENGINE, NODE)) -> Finding:
    """Hold what each member sees against all members that there are; who does not answer proves nothing."""
    names = {sight.address: sight.member for sight in sights}
    answered = [sight for sight in sights if sight.code == 200]
    if faults := [fault for sight in answered if (fault := _fault(sight, names))]:
        return invalid("; ".join(faults))
    if silent := [sight for sight in sights if sight.code != 200]:
        return unknown("; ".join(f"{_teller(sight)} answered {sight.code or 'nothing'}" for sight in silent))
    if len(names) < 2:
        return unknown(f"only {', '.join(names.values()) or 'no member'} was asked")
    if missing := [
        f"{_WORDS[by]} of {name}" for name in names.values() for by in tellers if not _told(sights, name, by)
    ]:
        return unknown(f"not asked: {', '.join(missing)}")
    return valid(f"{len(names)} members see each other and nobody else{_engines(sights)}")


_WORDS = {ENGINE: "the engine", NODE: "the node"}


def _told(sights: Iterable[Sight], name: str, by: str) -> bool:
    return any((sight.member, sight.told_by) == (name, by) for sight in sights)


def _fault(sight: Sight, names: Mapping[str, str]) -> str:
    """Return what is wrong with a sight, nothing if it is whole."""
    missing = [names[address] for address in sorted(set(names) - set(sight.sees))]
    strangers = sorted(set(sight.sees) - set(names))
    if not missing and not strangers and len(sight.sees) == len(names):
        return ""
    if set(sight.sees) == {sight.address}:
        return f"{_teller(sight)} sees itself alone"
    if strangers:
        return f"{_teller(sight)} sees {', '.join(strangers)}, no member"
    if missing:
        return f"{_teller(sight)} sees {len(sight.sees)} of {len(names)} members: not {', '.join(missing)}"
    return f"{_teller(sight)} sees a member twice: {', '.join(sight.sees)}"


def _teller(sight: Sight) -> str:
    return f"{_WORDS[sight.told_by]} of {sight.member}"


def _engines(sights: Iterable[Sight]) -> str:
    found = sorted({f"engine {sight.engine} of kernel {sight.kernel}" for sight in sights if sight.engine})
    return f" ({', '.join(found)})" if found else ""


CHECK = Check("the members form one cluster", Sight, record, judge)
BY_NODES = Check("the members form one cluster", Sight, record_nodes, judge_nodes)
