"""`muster roll`: brings launched nodes to the file's type and the pinned image, one at a time, each waited for."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from muster.names import stack_name
from muster.spec import Cluster, Lock, SpecError
from muster.spec.locking import same_cluster
from operations import cdk
from operations.aws import Aws, Denied, account_of
from operations.errors import Failure
from operations.files import load_file, load_lock, refused, save_lock, typed
from operations.guard import guard_stack
from operations.observed import SeenInstance, own_and_strays, seen_targets, stack_status, unhealthy
from operations.protection import described_stray, end, lifted
from operations.rolling import Step, as_found, settled, steps, to_serve
from rehearsal.poll import NotYet, poll

Deploy = Callable[[Path], int]
Ask = Callable[[str], bool]

HEALTHY_WITHIN = 300.0
"""Seconds after a green deploy in which every member must be healthy at the balancer."""

ASK_EVERY = 2.0
"""Seconds between two questions about that."""


@dataclass(frozen=True)
class Roll:
    """What a roll needs: the file and its cluster, AWS, and what deploys."""

    file: Path
    cluster: Cluster
    aws: Aws
    deploy: Deploy

    @property
    def stack(self) -> str:
        """The name of the cluster's stack."""
        return stack_name(self.cluster.name)


def roll_file(
    file: Path, *, yes: bool, ask: Ask, deploy: Deploy = cdk.deploy, connect: Callable[[str], Aws] = Aws
) -> int:
    """Roll the cluster of `file`: show the plan, ask unless `yes`, then deploy step by step. Return 0 when done.

    Raises `Failure`; the lock then says where the roll stands, and the next one goes on from what is there.
    """
    cluster, lock = load_file(file), load_lock(file)
    if lock is None:
        raise Failure(f"there is no lock file: ./muster lock {typed(file)}", code=2)
    roll = Roll(file, cluster, connect(cluster.region), deploy)
    lock, plan = _planned(roll, lock)
    if not plan:
        if lock.rolling:
            save_lock(file, settled(lock, cluster))
        print(f"nothing to roll: every present node of {cluster.name} is as {file} and its lock file want")
        return 0
    _show(plan)
    if not yes and not _confirmed(ask):
        print("nothing was changed")
        return 1
    _end_strays(roll, lock.rolling)
    _wait_healthy(roll, lock)
    _run(roll, plan)
    print(f"{cluster.name} is rolled; commit {file.name} and its lock file")
    return 0


def _planned(roll: Roll, lock: Lock) -> tuple[Lock, list[Step]]:
    """Return the lock, with what is really there of a roll before this one, and the steps. Raises `Failure`."""
    try:
        same_cluster(roll.cluster, lock)
        steps(lock, roll.cluster)  # what is refused is refused without AWS
        account_of(roll.aws, roll.cluster.account)
        _refuse_unsettled(roll)
        instances, strays = own_and_strays(roll.aws, roll.cluster.name)
        if lock.rolling:
            lock = as_found(lock, {name: (each.type, each.image) for name, each in instances.items()})
        plan = steps(lock, roll.cluster)
    except SpecError as error:
        raise refused(roll.file, error) from error
    _refuse_strays(roll, [each for each in strays if not plan or each.node not in lock.rolling])
    return lock, plan


def _refuse_strays(roll: Roll, strays: list[SeenInstance]) -> None:
    if strays:
        raise Failure("; ".join(described_stray(each, roll.aws.region) for each in strays))


def _end_strays(roll: Roll, nodes: Iterable[str]) -> None:
    """End what failed deploys left of `nodes`: it has their addresses, and so none can be made. Raises `Failure`."""
    for each in own_and_strays(roll.aws, roll.cluster.name)[1]:
        if each.node in nodes:
            end(roll.aws, each)


def _refuse_unsettled(roll: Roll) -> None:
    status = stack_status(roll.aws, roll.stack)
    if status is None:
        raise Failure(f"the stack {roll.stack} is not there: nothing is launched that could be rolled")
    if status.endswith("_IN_PROGRESS"):
        raise Failure(f"the stack {roll.stack} is busy ({status}): try again when it is done")
    if status.endswith("_FAILED") or status == "ROLLBACK_COMPLETE":
        raise Failure(
            f"the stack {roll.stack} is {status}: bring it to rest with ./muster cdk deploy or rollback first"
        )


def _show(plan: list[Step]) -> None:
    nodes = len({step.node for step in plan})
    print(f"{len(plan)} deploys for {nodes} node{'s'[: nodes != 1]}, one after the other, each waited for:")
    for number, step in enumerate(plan, start=1):
        print(f"  {number}. {step.says}")


def _confirmed(ask: Ask) -> bool:
    if not sys.stdin.isatty():
        raise Failure("nobody is there to confirm this: add --yes", code=2)
    return ask("Go on?")


def _run(roll: Roll, plan: list[Step]) -> None:
    for number, step in enumerate(plan, start=1):
        print(f"== {number}/{len(plan)}: {step.says}", flush=True)
        save_lock(roll.file, step.lock)
        try:
            _deploy(roll, step)
        except KeyboardInterrupt:
            print(
                f"interrupted in step {number}; CloudFormation may go on; then: ./muster roll {typed(roll.file)}",
                flush=True,
            )
            raise
        _guard(roll)
        _wait_healthy(roll, step.lock)
        save_lock(roll.file, step.after)


def _deploy(roll: Roll, step: Step) -> None:
    instance = None
    if step.kind == "absent" and roll.cluster.deletion_refused:
        found = own_and_strays(roll.aws, roll.cluster.name)[0].get(step.node)
        instance = found.id if found else None
    with lifted(roll.aws, instance):
        if code := roll.deploy(roll.file):
            if step.kind == "present":
                _end_strays(roll, [step.node])
            what = f"the deploy ended with {code} (its words stand above)"
            raise Failure(f"{what}: mend the cause, then ./muster roll {typed(roll.file)} goes on from what is there")


def _guard(roll: Roll) -> None:
    try:
        guard_stack(roll.aws, roll.stack)
    except Failure as failure:
        print(f"  the stack policy is not renewed: {failure}", flush=True)


def _wait_healthy(roll: Roll, lock: Lock) -> None:
    """Wait until every member that is to serve is healthy at the balancer; without leave, say so. Raises `Failure`."""
    present = to_serve(lock, roll.cluster)
    print(f"  waiting until the balancer finds {', '.join(present)} healthy", flush=True)
    try:
        poll(lambda: _all_healthy(roll, present), within=HEALTHY_WITHIN, every=ASK_EVERY)
    except Denied as denied:
        print(f"  not looked at: {denied}", flush=True)
    except TimeoutError as error:
        raise Failure(f"the balancer does not find every member healthy: {error}; nothing more is taken out") from error


def _all_healthy(roll: Roll, present: list[str]) -> bool:
    instances, _ = own_and_strays(roll.aws, roll.cluster.name)
    hosts = roll.cluster.about.hosts(roll.cluster)
    if faults := unhealthy(instances, seen_targets(roll.aws, roll.stack), present, hosts):
        raise NotYet("; ".join(faults))
    return True
