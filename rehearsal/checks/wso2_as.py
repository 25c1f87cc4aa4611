"""The checks of a cluster of WSO2 AS, in the order in which they are recorded.

An artifact is deployed before redirects are looked at, since one of them is its own.
"""

from collections.abc import Iterable
from dataclasses import replace

from rehearsal.checks import (
    console,
    deployed,
    host_names,
    host_sticky,
    host_targets,
    membership,
    reach,
    redirects,
    replicated,
)
from rehearsal.checks.check import AnyCheck, Check
from rehearsal.checks.named import NamedScene, named
from rehearsal.checks.reach import OPEN, Attempt


def record_reach(scene: NamedScene) -> Iterable[Attempt]:
    """Try what is tried of any product, and expect a repository on management nodes alone.

    All nodes have one security group, so that its port is open on workers, too; but nothing listens there.
    """
    workers = {member.name for member in scene.of(scene.hosts.users)}
    svn = scene.port("svn")
    for attempt in reach.record(scene):
        if attempt.port != svn or attempt.target not in workers:
            yield attempt
        elif attempt.expected != OPEN:
            yield replace(attempt, shut=True)


MEMBERSHIP = Check(membership.CHECK.name, membership.Sight, named(membership.record), membership.judge)
REPLICATED = Check(replicated.CHECK.name, replicated.Step, named(replicated.record), replicated.judge)
REACH = Check(reach.CHECK.name, Attempt, named(record_reach), reach.judge)

CHECKS: tuple[AnyCheck, ...] = (
    host_targets.CHECK,
    MEMBERSHIP,
    host_names.CHECK,
    console.CHECK,
    deployed.CHECK,
    redirects.CHECK,
    host_sticky.CHECK,
    REPLICATED,
    REACH,
)
