"""The H2 pair of a cluster file, for the commands of an operator."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from muster.names import stack_name
from muster.spec import Cluster
from operations.aws import Aws, account_of
from operations.errors import Failure
from operations.files import load_file, typed
from operations.h2.item import Item, Seen, Witness
from operations.h2.words import change, described
from operations.observed import stack_status

Ask = Callable[[str], bool]
Connect = Callable[[str], Aws]


@dataclass(frozen=True)
class Pair:
    """The pair of the cluster in `file`, and what an operator has to change it."""

    file: Path
    cluster: Cluster
    aws: Aws
    witness: Witness

    @property
    def stack(self) -> str:
        """The name of the cluster's stack."""
        return stack_name(self.cluster.name)

    @property
    def typed(self) -> str:
        """The cluster file as it is typed in a shell."""
        return typed(self.file)

    def node(self, name: str) -> str:
        """Return `name` if it is a node of the pair that is present. Raises `Failure` (2)."""
        if name not in self.cluster.nodes:
            raise Failure(f"there is no node {name}; there are {', '.join(sorted(self.cluster.nodes))}", code=2)
        if name not in self.cluster.present_nodes:
            raise Failure(f"node {name} is absent by the cluster file: it has no instance", code=2)
        return name

    def other(self, name: str) -> str:
        """Return the name of the other node."""
        return next(each for each in self.cluster.nodes if each != name)


def pair_of(file: Path, connect: Connect = Aws) -> Pair:
    """Return the deployed pair of `file`. Raises `Failure`; (2) for a file that describes none."""
    cluster = load_file(file)
    if not any(port.name == "database" for port in cluster.about.ports(cluster)):
        raise Failure(f"{file}: the product {cluster.product} has no H2 pair", code=2)
    aws = connect(cluster.region)
    account_of(aws, cluster.account)
    if stack_status(aws, stack_name(cluster.name)) is None:
        raise Failure(f"the stack {stack_name(cluster.name)} is not there: deploy it first")
    return Pair(file, cluster, aws, Witness(aws, stack_name(cluster.name)))


def existing(pair: Pair, seen: Seen) -> Item:
    """Return the item that was seen. Raises `Failure` if there is none."""
    if seen.item is None:
        raise Failure(
            "there is no witness item: a new pair makes it by itself once both nodes run; if their disks hold data "
            f"that has been served, say whose data counts: ./muster h2 adopt {pair.typed} --node NAME"
        )
    return seen.item


def confirmed(warning: list[str], *, yes: bool, ask: Ask) -> bool:
    """Tell `warning` and return whether the operator wants it. Raises `Failure` (2) if nobody is there to ask."""
    for line in warning:
        print(line)
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Failure("nobody is there to confirm this: add --yes", code=2)
    if ask("Go on?"):
        return True
    print("nothing was changed")
    return False


def show(item: Item | None) -> None:
    """Print what the item holds."""
    for line in described(item):
        print(line)


def show_change(before: Item | None, pair: Pair) -> None:
    """Print the item as it was and as it is now."""
    for line in change(before, pair.witness.read().item):
        print(line)


def lost_race(pair: Pair) -> Failure:
    """Return the failure of a command that came too late."""
    return Failure(
        f"the witness item has changed meanwhile, and was left as it is: look at ./muster h2 status {pair.typed}, then "
        "decide again"
    )
