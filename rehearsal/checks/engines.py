"""The engines talk to each other: each has all of them in its JGroups view, and nobody else, by its double's word."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rehearsal.checks.check import Check
from rehearsal.checks.membership import ask
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Member, Scene


@dataclass(frozen=True)
class Group:
    """What the engine of `member` is called, and whom it has in its group; `code` is 0 where no answer came."""

    member: str
    code: int
    name: str = ""
    group: Sequence[str] = ()


def record(scene: Scene) -> Iterable[Group]:
    """Ask every member's engine from the balancer's place."""
    for member in scene.members:
        yield _group(scene, member)


def _group(scene: Scene, member: Member) -> Group:
    code, told = ask(lambda: scene.direct(member), "/double")
    return Group(member.name, code, str(told.get("route", "")), tuple(sorted(map(str, told.get("members", ())))))


def judge(groups: Sequence[Group]) -> Finding:
    """Call an engine without exactly all others invalid; who does not answer proves nothing."""
    if silent := [each for each in groups if each.code != 200]:
        return unknown("; ".join(f"the engine of {each.member} answered {each.code or 'nothing'}" for each in silent))
    names = sorted(each.name for each in groups)
    if len(set(names)) < len(names):
        return invalid(f"engines have one name: {', '.join(names)}")
    if len(names) < 2:
        return unknown(f"only {', '.join(names) or 'no engine'} was asked")
    if wrong := [each for each in groups if sorted(each.group) != names]:
        found = "; ".join(f"{each.member} has {', '.join(each.group) or 'nobody'}" for each in wrong)
        return invalid(f"of {', '.join(names)} the engine of {found}")
    return valid(f"{len(names)} engines are one group")


CHECK = Check("the engines are one JGroups cluster", Group, record, judge)
