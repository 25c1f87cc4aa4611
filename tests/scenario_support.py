"""Whole clusters for the scenarios: a service, what the real CDK command line deploys to it, and what remains."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from muster.names import READY, READY_TO_ADMINISTER, stack_name
from muster.spec import Cluster, load
from operations.aws import Aws
from operations.h2.item import Item
from operations.h2.pair import pair_of
from rehearsal import doubles, drive
from rehearsal.cdk_cli import ROOT
from rehearsal.checks import CheckResult, run_all
from rehearsal.checks.check import AnyCheck
from rehearsal.checks.scene import Member, Scene
from rehearsal.deployment import cause
from rehearsal.drive import CdkRun, Rehearsal
from rehearsal.faults import processes
from rehearsal.faults.stage import Stage
from rehearsal.poll import poll
from rehearsal.rehearse import keep_logs

EXAMPLE = ROOT / "clusters" / "as400gateway.yaml"
READY_SECONDS = 600.0

HEALTHY: Mapping[str, Sequence[tuple[str, str]]] = {
    "as400gateway": (("http", "/actuator/health"),),
    "wso2-carbon": (("http", "/services"), ("readiness", READY)),
    "kaazing": (("readiness", READY),),
    "axonivy": (("readiness", READY),),
    "wso2-as": (("readiness", READY),),
}
"""What answers 200 on a node of each product that is well: names of ports, and paths."""


@contextmanager
def service(example: Path = EXAMPLE) -> Iterator[Rehearsal]:
    """Run a rehearsal's service with the double of the example's product at hand; everything goes at the end."""
    cluster = load(example)
    double = stand_in(cluster)
    process = drive.start_service(cluster.region)
    try:
        rehearsal = drive.wait_for_service(process, within=READY_SECONDS)
        rehearsal.artifacts = double.parent
        yield rehearsal
    finally:
        drive.end(process)


def story(example: Path = EXAMPLE) -> Any:
    """Return the fixture `rehearsal` of a module that is one story: a service that runs for all of it."""

    @pytest.fixture(scope="module", name="rehearsal")
    def running() -> Iterator[Rehearsal]:
        with service(example) as rehearsal:
            yield rehearsal

    return running


def stand_in(cluster: Cluster) -> Path:
    """Return the file that stands where the artifact of `cluster` cannot be had, built by now."""
    return doubles.stand_in(cluster, lambda _: None)


@dataclass(frozen=True)
class Bench:
    """One cluster file in a running service, and a folder for what a test makes of it."""

    rehearsal: Rehearsal
    file: Path
    folder: Path

    @property
    def cluster(self) -> Cluster:
        """The cluster of the file."""
        return load(self.file)

    def of(self, file: Path) -> "Bench":
        """Return the same bench for another cluster file."""
        return Bench(self.rehearsal, file, self.folder)

    @property
    def scene(self) -> Scene:
        """What runs now, looked up anew."""
        return Scene(self.rehearsal, self.cluster)

    def cdk(self, *arguments: str) -> CdkRun:
        """Run `cdk` as a person in the checkout does."""
        return self.rehearsal.cdk(*arguments, "-c", f"cluster={self.file}")

    def deploy(self, assembly: Path | None = None) -> CdkRun:
        """Run `cdk deploy`, of the cluster file or of a folder that was synthesized before."""
        asked = ("deploy", "--require-approval", "never", "--progress", "events")
        run = self.cdk(*asked) if assembly is None else self.rehearsal.cdk(*asked, "--app", str(assembly))
        if run.code:  # it has rolled back, so its hosts are gone already
            kept = self.folder / f"failed-{time.monotonic_ns()}"
            kept.mkdir()
            keep_logs(kept)
        return run

    def synthesize(self) -> Path:
        """Return the folder of a fresh cloud assembly."""
        assembly = self.folder / f"assembly-{time.monotonic_ns()}"
        run = self.cdk("synth", "--quiet", "--output", str(assembly))
        assert run.code == 0, run.failure
        return assembly

    def checks(self) -> list[CheckResult]:
        """Run every check of the product."""
        return run_all(self.rehearsal, self.cluster, history=self.folder / "history.jsonl")

    def check(self, check: AnyCheck) -> CheckResult:
        """Run one check."""
        return check.result(check.lines(self.scene))

    def states(self) -> dict[str, str]:
        """Return the balancer's view of each member's health, by node name; absent ones are missing.

        A member with several ports has all the states that they have.
        """
        ours = self.cluster.nodes
        names = {host.instance: host.node for host in self.rehearsal.inventory().hosts if host.node in ours}
        balancing = self.rehearsal.client("elbv2")
        found: dict[str, set[str]] = {}
        for group in balancing.describe_target_groups()["TargetGroups"]:
            if group.get("HealthCheckPath") == READY_TO_ADMINISTER:
                continue
            seen = balancing.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
            for entry in seen:
                if entry["Target"]["Id"] in names:
                    found.setdefault(names[entry["Target"]["Id"]], set()).add(entry["TargetHealth"]["State"])
        return {node: " and ".join(sorted(states)) for node, states in found.items()}

    def wait_until_healthy(self, within: float = 90.0) -> None:
        """Wait until the balancer finds every present member healthy and each says the same of itself.

        The balancer's word alone may be of before: it takes two of its checks to notice anything.
        """
        waiting = passive(self.cluster)
        wanted = {node: "unhealthy" if node in waiting else "healthy" for node in self.cluster.present_nodes}

        def well() -> bool:
            members = [member for member in self.scene.members if member.name not in waiting]
            return self.states() == wanted and all(map(self.answers, members))

        poll(well, within=within)

    def answers(self, member: Member) -> bool:
        """Tell whether the application of one member says of itself that it is well."""
        scene = self.scene
        try:
            return all(_answers(scene, member, port, path) for port, path in HEALTHY[self.cluster.product])
        except OSError:
            return False

    def member(self, node: str) -> Member:
        """Return the member of that name."""
        return next(member for member in self.scene.members if member.name == node)

    def process_1(self, node: str) -> int:
        """Return process 1 of a node's host as this machine numbers it, 0 while the host is off."""
        return next((host.leader_pid for host in self.rehearsal.inventory().hosts if host.node == node), 0)

    def restart(self, node: str) -> None:
        """Stop a node's instance and start it again by the account's API; wait until all members are healthy."""
        machines, instance, before = self.rehearsal.client("ec2"), self.member(node).instance, self.process_1(node)
        machines.stop_instances(InstanceIds=[instance])
        poll(lambda: self.process_1(node) == 0, within=60)
        machines.start_instances(InstanceIds=[instance])
        poll(lambda: self.process_1(node) not in (0, before), within=60)
        self.wait_until_healthy()


def not_valid(results: Iterable[CheckResult]) -> dict[str, tuple[str, str]]:
    """Return the verdict and the detail of each result that is not valid, by the check's name."""
    return {result.name: (result.verdict, result.detail) for result in results if result.verdict != "valid"}


def passive(cluster: Cluster) -> set[str]:
    """Return the management nodes to which nobody is led while another one commits artifacts."""
    committer = cluster.about.settings(cluster).get("committer")
    return {node for node, group in cluster.groups.items() if group == "mgt" and node != committer} & {
        *cluster.present_nodes
    }


def _answers(scene: Scene, member: Member, port: str, path: str) -> bool:
    with scene.direct(member, port=port) as client:
        return client.request("GET", path).code == 200


def derived(folder: Path, name: str, *changes: tuple[str, str], example: Path = EXAMPLE) -> Path:
    """Write an example cluster file under another cluster name, with pieces of its text replaced."""
    text = example.read_text()
    for old, new in ((f"name: {load(example).name}\n", f"name: {name}\n"), *changes):
        assert text.count(old) == 1, f"{old!r} is not once in {example}"
        text = text.replace(old, new)
    file = folder / f"{name}.yaml"
    file.write_text(text)
    return file


def edited(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of `fields` with the dotted fields of `changes` set, or taken away where they are None."""
    new: dict[str, Any] = deepcopy(dict(fields))
    for name, value in changes.items():
        *blocks, last = name.split(".")
        place = new
        for block in blocks:
            place = place.setdefault(block, {})
        place[last] = value
        if value is None:
            del place[last]
    return new


def cluster_file(example: Path, folder: Path, name: str, changes: Mapping[str, Any]) -> Path:
    """Write an example under another cluster name, with dotted fields set (None: taken away); JSON is YAML."""
    fields = YAML(typ="safe", pure=True).load(example.read_text(encoding="utf-8"))
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(edited(fields, {"name": name, **changes}), indent=1), encoding="utf-8")
    return file


def for_faults(folder: Path, name: str) -> Path:
    """Write the example cluster file for a pair that may take over as often as it must."""
    region = "region: eu-west-1\n"
    return derived(folder, name, (region, f"{region}database: {{takeover_interval: 0}}\n"))


def sentence(run: CdkRun) -> str:
    """Return why a deploy failed, as CloudFormation's events say it."""
    assert run.code != 0, f"cdk deploy succeeded:\n{run.output}"
    return cause(run.output)


def contents(rehearsal: Rehearsal) -> set[str]:
    """Return every resource in the account that costs or holds something, as `kind id`; stacks are not among them."""
    ec2 = rehearsal.client("ec2")
    machines = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    found = {f"instance {i['InstanceId']}" for i in machines if i["State"]["Name"] != "terminated"}
    for kind, call, key, identity in _LISTS:
        service_name, _, operation = call.partition(".")
        answer = getattr(rehearsal.client(service_name), operation)()
        found |= {
            f"{kind} {item[identity]}" for item in answer[key] if item.get("State") not in ("deleted", "deleting")
        }
    policies = rehearsal.client("iam").list_policies(Scope="Local")["Policies"]
    return found | {f"policy {policy['Arn']}" for policy in policies}


_LISTS = (
    ("vpc", "ec2.describe_vpcs", "Vpcs", "VpcId"),
    ("subnet", "ec2.describe_subnets", "Subnets", "SubnetId"),
    ("group", "ec2.describe_security_groups", "SecurityGroups", "GroupId"),
    ("interface", "ec2.describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("address", "ec2.describe_addresses", "Addresses", "AllocationId"),
    ("nat", "ec2.describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("gateway", "ec2.describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("route table", "ec2.describe_route_tables", "RouteTables", "RouteTableId"),
    ("volume", "ec2.describe_volumes", "Volumes", "VolumeId"),
    ("flow log", "ec2.describe_flow_logs", "FlowLogs", "FlowLogId"),
    ("balancer", "elbv2.describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    ("target group", "elbv2.describe_target_groups", "TargetGroups", "TargetGroupArn"),
    ("role", "iam.list_roles", "Roles", "RoleName"),
    ("profile", "iam.list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    ("secret", "secretsmanager.list_secrets", "SecretList", "ARN"),
    ("parameter", "ssm.describe_parameters", "Parameters", "Name"),
    ("log group", "logs.describe_log_groups", "logGroups", "logGroupName"),
    ("file system", "efs.describe_file_systems", "FileSystems", "FileSystemId"),
    ("bucket", "s3.list_buckets", "Buckets", "Name"),
)


def deployed_example(rehearsal: Rehearsal, example: Path, folder: Path, empty: set[str]) -> Bench:
    """Deploy an example with the words that a person uses; `empty` is what the account held before."""
    made = Bench(rehearsal, example, folder)
    run = made.deploy()
    assert run.code == 0, run.failure
    assert contents(rehearsal) > empty
    return made


def leaves_nothing(bench: Bench, empty: set[str], within: float = 30) -> None:
    """Destroy the cluster as a person does; see that the account holds what it held before, and no host is left."""
    run = bench.cdk("destroy", "--force")
    assert run.code == 0, run.failure
    assert contents(bench.rehearsal) - empty == set()
    assert stack_name(bench.cluster.name) not in stacks(bench.rehearsal)
    poll(lambda: not bench.rehearsal.inventory().hosts, within=within)


@contextmanager
def meanwhile(work: Callable[[], object], every: float, name: str) -> Iterator[None]:
    """Do `work` each `every` seconds, in a thread called `name`, for the time of the block."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(every):
            work()

    thread = threading.Thread(target=repeat, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def kept_down(bench: Bench, unit: str, node: str) -> Iterator[None]:
    """Kill a unit on a node (SIGKILL) and whatever of it starts again, for the time of the block."""
    stage = Stage(bench.rehearsal)

    def kill() -> None:
        processes.send(processes.processes(stage, node, unit), signal.SIGKILL)

    processes.kill(stage, unit, node)
    with meanwhile(kill, 0.1, f"no-{unit}"):
        yield


def hung(bench: Bench, unit: str, node: str) -> set[int]:
    """Stop the processes of a unit on a node in their tracks, for good; return them."""
    struck = processes.processes(Stage(bench.rehearsal), node, unit)
    assert struck, unit
    processes.send(struck, signal.SIGSTOP)
    return struck


def stacks(rehearsal: Rehearsal) -> dict[str, str]:
    """Return the status of every stack that CloudFormation still lists, by name."""
    found = rehearsal.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack["StackStatus"] for stack in found}


class Emulated(Aws):
    """The rehearsal's account, as a command of an operator reaches it."""

    def __init__(self, rehearsal: Rehearsal, region: str) -> None:
        super().__init__(region)
        self._rehearsal = rehearsal

    def __call__(self, service_name: str) -> Any:
        """Return the rehearsal's client."""
        return self._rehearsal.client(service_name)


def connect(bench: Bench) -> Any:
    """Return what gives an operator's commands the rehearsal's account, by region."""
    return lambda region: Emulated(bench.rehearsal, region)


def item(bench: Bench) -> Item:
    """Return the witness's item, which must be there."""
    found = pair_of(bench.file, connect(bench)).witness.read().item
    assert found is not None
    return found
