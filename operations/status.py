"""`muster status`: what is deployed, beside what the lock file says is launched."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from muster.names import parameter_name, stack_name
from muster.spec import PLACEHOLDER, Cluster, Lock, SpecError, locked, verify
from muster.spec.lock import LockedNode
from muster.spec.refusal_words import file_of
from operations.aws import Aws, Missing, account_of
from operations.errors import Failure
from operations.files import load_file, load_lock
from operations.observed import (
    SeenInstance,
    SeenTarget,
    own_and_strays,
    seen_targets,
    stack_status,
    unhealthy,
)
from operations.protection import described_stray

AT_REST: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


@dataclass(frozen=True)
class NodeState:
    """A node as it is; `faults` is empty exactly if all is well with it."""

    name: str
    locked: LockedNode
    instance: SeenInstance | None
    health: str
    faults: tuple[str, ...]


@dataclass(frozen=True)
class ClusterState:
    """A cluster as it is; `faults` are those of no single node, `notes` are for the user's next step."""

    stack: str
    generation: str
    nodes: tuple[NodeState, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def well(self) -> bool:
        """Whether nothing at all is wrong."""
        return not self.faults and not any(node.faults for node in self.nodes)


def status_file(file: Path, connect: Callable[[str], Aws] = Aws) -> int:
    """Show the cluster of `file` as AWS has it. Return 0 if all is well with it, else 1. Raises `Failure`."""
    cluster, lock = load_file(file), load_lock(file)
    aws = connect(cluster.region)
    account = account_of(aws, cluster.account)
    state = observe(aws, cluster, lock)
    if state is None:
        raise Failure(f"there is no stack {stack_name(cluster.name)} in {cluster.region} of the account {account}")
    _show(cluster, state)
    return 0 if state.well else 1


def observe(aws: Aws, cluster: Cluster, lock: Lock | None) -> ClusterState | None:
    """Return the state of the deployed cluster, or None if its stack is not there. Raises `Failure`."""
    stack = stack_name(cluster.name)
    status = stack_status(aws, stack)
    if status is None:
        return None
    known, notes = _lock(cluster, lock)
    instances, strays = own_and_strays(aws, cluster.name)
    targets = seen_targets(aws, stack)
    generation = _generation(aws, cluster.name)
    faults = [] if status in AT_REST else [_stack_fault(stack, status)]
    faults += [] if generation else [f"the settings document {parameter_name(cluster.name)} is not there"]
    faults += [
        f"{each.id} is tagged as node {name}, which the lock file does not know"
        for name, each in instances.items()
        if name not in known.nodes
    ]
    faults += [described_stray(each, aws.region) for each in strays]
    nodes = judged(known, cluster, instances, targets)
    return ClusterState(status, generation or "none", nodes, tuple(faults), notes)


def _lock(cluster: Cluster, lock: Lock | None) -> tuple[Lock, tuple[str, ...]]:
    """Return the lock to compare with, and what the file wants besides."""
    try:
        known = verify(cluster, lock)
    except SpecError as error:
        return lock or locked(None, cluster), tuple(str(error).splitlines())
    notes = [f"a roll is under way, still to come: {', '.join(known.rolling)}"] if known.rolling else []
    if known.discovery_key and known.discovery_key.former:
        end = f"./muster rotate-key {file_of(cluster)}"
        notes.append(f"key {known.discovery_key.former} is to work until {end} ends it")
    return known, tuple(
        notes if lock else [f"there is no lock file: ./muster lock {file_of(cluster)} before the first change"]
    )


def _generation(aws: Aws, cluster: str) -> str | None:
    try:
        value = aws.call("ssm", "get_parameter", Name=parameter_name(cluster))["Parameter"]["Value"]
    except Missing:
        return None
    try:
        return str(json.loads(value).get("generation", "none"))
    except (ValueError, AttributeError):
        return "not readable"


def _stack_fault(stack: str, status: str) -> str:
    if status.endswith("_IN_PROGRESS"):
        return f"the stack {stack} is busy ({status})"
    if "ROLLBACK" in status:
        return f"the last deploy of {stack} was rolled back ({status}): see its events"
    return f"the stack {stack} is {status}: see its events"


def judged(
    lock: Lock, cluster: Cluster, instances: Mapping[str, SeenInstance], targets: Sequence[SeenTarget]
) -> tuple[NodeState, ...]:
    """Return each node of the lock with what is wrong with it: absent ones shall have no instance, others serve."""
    states, hosts = [], cluster.about.hosts(cluster)
    for name, node in sorted(lock.nodes.items(), key=lambda item: item[1].ordinal):
        instance = instances.get(name)
        present = node.present and (name not in cluster.nodes or cluster.nodes[name].present)
        if present:
            sick = [each.removeprefix(f"{name} ") for each in unhealthy(instances, targets, [name], hosts)]
            faults = [*_differences(node, instance), *sick]
        else:
            faults = [f"is to be absent, but has {instance.id}"] if instance else []
        users = [target for target in targets if not target.led]  # of a led group one node alone is healthy
        own = [target.state for target in users if instance and target.instance == instance.id]
        health = ", ".join(sorted(set(own))) or ("none" if present else "absent")
        states.append(NodeState(name, node, instance, health, tuple(faults)))
    return tuple(states)


def _differences(node: LockedNode, instance: SeenInstance | None) -> list[str]:
    if instance is None:
        return []
    faults = [] if instance.state == "running" else [f"its instance is {instance.state}"]
    pairs = (
        ("type", node.type, instance.type),
        ("image", node.image or PLACEHOLDER, instance.image),
        ("address", node.address, instance.address),
        ("zone", node.zone, instance.zone),
    )
    return faults + [f"{what} {is_}, the lock says {says}" for what, says, is_ in pairs if says != is_]


def _found(instance: SeenInstance | None) -> tuple[str, str]:
    return (
        (f"{instance.id}\n{instance.state}", f"{instance.type}\n{instance.image}") if instance else ("none", "nothing")
    )


def _show(cluster: Cluster, state: ClusterState) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(
        title=Text(f"{cluster.name} ({cluster.product}) in {cluster.region}"),
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
    )
    for column in ("node", "place", "instance", "launched", "balancer"):
        table.add_column(column, overflow="fold")
    for node in state.nodes:
        verdict = ("not well", "red") if node.faults else ("well", "green")
        cells = (f"{node.locked.address}\n{node.locked.zone}", *_found(node.instance), node.health)
        table.add_row(Text.assemble(f"{node.name}\n", verdict), *(Text(cell) for cell in cells))
    console.print(table)
    print(f"stack {stack_name(cluster.name)}: {state.stack}; settings generation {state.generation}")
    for fault in [*state.faults, *(f"{node.name}: {fault}" for node in state.nodes for fault in node.faults)]:
        print(f"  {fault}")
    for note in state.notes:
        print(f"  note: {note}")
