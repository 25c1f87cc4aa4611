"""Clusters whose ports are scanned once a rule is taken away, or added."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from rehearsal.cdk_cli import ROOT
from rehearsal.checks import ports
from tests.carbon_support import say
from tests.ivy_support import prepared
from tests.rules_support import made
from tests.scenario_support import Bench, cluster_file, service

T = TypeVar("T")

DEBUGGER: Final = {"IpProtocol": "tcp", "FromPort": 5005, "ToPort": 5005, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
"""What somebody who looks for a fault in a Java machine leaves open."""


@dataclass(frozen=True)
class Form:
    """The example of a product, with dotted fields set."""

    product: str
    changes: Mapping[str, Any] = field(default_factory=dict)


def running(form: Form, folder: Path) -> Iterator[Bench]:
    """Run a cluster of that form, deployed and healthy."""
    example = ROOT / "clusters" / f"{form.product}.yaml"
    with service(example) as rehearsal:
        file = cluster_file(example, folder, "scanned", form.changes)
        bench = Bench(rehearsal, prepared(rehearsal, file), folder)
        run = bench.deploy()
        assert run.code == 0, run.failure
        bench.wait_until_healthy()
        yield bench


def found(bench: Bench) -> tuple[str, str]:
    """Scan the ports, and return verdict and detail."""
    result = bench.check(ports.CHECK)
    return result.verdict, result.detail


def unmissed(
    bench: Bench, things: Iterable[T], without: Callable[[Bench, T], AbstractContextManager[None]]
) -> list[str]:
    """Take each of the things away for a scan, and return those after which no port was silent that must answer."""
    left = []
    for each in things:
        with without(bench, each):
            verdict, detail = found(bench)
        say(f"without {each}: {verdict}, {detail}")
        if verdict != "invalid" or "is silent" not in detail:
            left.append(str(each))
    return left


def nodes_group(bench: Bench) -> str:
    """Return the id of the security group of the nodes."""
    (group,) = {each for each in made(bench, "SecurityGroup") if _is_nodes(bench, each)}
    return group


def _is_nodes(bench: Bench, group: str) -> bool:
    mine = [{"Name": "instance.group-id", "Values": [group]}]
    machines = bench.rehearsal.client("ec2").describe_instances(Filters=mine)
    return any(reservation["Instances"] for reservation in machines["Reservations"])
