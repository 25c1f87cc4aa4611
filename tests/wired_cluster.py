"""Two nodes and a balancer on real wires, for checks of who reaches what."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from muster.spec import load
from rehearsal import netns
from rehearsal.cdk_cli import ROOT
from rehearsal.checks.scene import Scene
from rehearsal.inventory import BalancerEntry, HostEntry, Inventory, VisitorEntry
from rehearsal.network import Network, SecurityGroup
from tests.network_support import group, guest, interface, tcp, vpc

ADDRESSES = {"a": "10.64.0.10", "b": "10.64.1.11"}
BALANCER = "10.64.8.20"
MEMBERS_ONLY = [tcp(9092, groups=("sg-nodes",)), tcp(9093, groups=("sg-nodes",))]
BALANCER_ONLY = [tcp(8080, groups=("sg-alb",)), tcp(9180, groups=("sg-alb",))]
ALB = group("sg-alb", [tcp(80, cidrs=("10.64.0.0/20",))])
KEPT = group("sg-nodes", [*MEMBERS_ONLY, *BALANCER_ONLY])


@dataclass
class Account:
    """As much of a rehearsal as the check asks: who is there, and the balancer's listener."""

    found: Inventory

    def inventory(self) -> Inventory:
        """Return who is there."""
        return self.found

    def client(self, _service: str) -> "Account":
        """Return a client that knows the listener."""
        return self

    def describe_load_balancers(self) -> dict[str, Any]:
        """Answer as the account does."""
        return {"LoadBalancers": [{"LoadBalancerArn": "arn", "DNSName": "alb.example"}]}

    def describe_stack_resources(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's spelling
        """Answer as the account does of a stack without endpoints and file systems."""
        del StackName
        return {"StackResources": []}

    def describe_listeners(self, LoadBalancerArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's spelling
        """Answer as the account does."""
        return {"Listeners": [{"Port": 80, "Protocol": "HTTP", "LoadBalancerArn": LoadBalancerArn}]}


@dataclass
class Wires:
    """Two nodes and a balancer on real wires, every port of theirs listening."""

    network: Network
    scene: Scene
    nodes: dict[str, str]
    balancer: str

    def govern(self, nodes: SecurityGroup, balancer: SecurityGroup = ALB) -> None:
        """Put the nodes into a group, the balancer into its own."""
        policies = [interface(self.nodes[name], ADDRESSES[name], nodes) for name in ADDRESSES]
        self.network.apply([*policies, interface(self.balancer, BALANCER, balancer)])


@pytest.fixture
def wires(tmp_path: Path) -> Iterator[Wires]:
    """Lay the wires and listen everywhere, on port 22 too."""
    with vpc(tmp_path) as network, ExitStack() as listening:
        nodes = {name: guest(network, address) for name, address in ADDRESSES.items()}
        balancer = guest(network, BALANCER, "b")
        places = [(nodes[name], ADDRESSES[name], port) for name in nodes for port in (8080, 9180, 9092, 9093, 22)]
        for namespace, address, port in [*places, (balancer, BALANCER, 80)]:
            listening.enter_context(netns.socket_in(namespace, socket.SOCK_STREAM, (address, port)))
        hosts = tuple(HostEntry(f"i-{n}", n, n, ADDRESSES[n], nodes[n], 1, "running") for n in nodes)
        visitor = network.visitor
        there = Inventory(
            hosts,
            (BalancerEntry("alb.example", BALANCER, balancer),),
            (VisitorEntry(network.vpc_id, visitor.namespace, visitor.address, visitor.dns),),
        )
        scene = Scene(cast("Any", Account(there)), load(ROOT / "clusters" / "as400gateway.yaml"))
        yield Wires(network, scene, nodes, balancer)
