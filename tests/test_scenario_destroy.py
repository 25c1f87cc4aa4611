"""However a cluster came to its end, `cdk destroy` leaves nothing but what protection keeps, and that is listed."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal import existing, netns
from rehearsal.cdk_cli import ROOT
from rehearsal.drive import CdkRun, Rehearsal
from rehearsal.places import NAMESPACE_PREFIX
from rehearsal.poll import poll
from tests.scenario_support import Bench, derived, service, stacks
from tests.template_edits import Edit, Template, edit_template, with_missing_secret

pytestmark = [pytest.mark.host, pytest.mark.scenario]

PROTECTED = ("protection: off", "protection: on ")
SHORT = ("region: eu-west-1\n", "region: eu-west-1\nformation: {timeout: 300}\n")
WAYS_OF_A_HOST = ("h-", "b-", "e-")
"""Namespaces of hosts, balancers and VPC endpoints."""

ENDPOINTS = ("balancer:\n", "network: {egress: endpoints}\nbalancer:\n")
EXISTING = (
    """\
nodes:
  a: {zone: eu-west-1a}
  b: {zone: eu-west-1b}
""",
    """\
nodes:
  a: {zone: eu-west-1a, address: 10.0.1.10}
  b: {zone: eu-west-1b, address: 10.0.2.10}
network:
  vpc:
    id: vpc-0123456789abcdef0
    cidr: 10.0.0.0/16
    zones:
      eu-west-1a:
        nodes: {id: subnet-0123456789abcdef0, cidr: 10.0.1.0/24}
        balancer: {id: subnet-0123456789abcdef1, cidr: 10.0.101.0/24}
      eu-west-1b:
        nodes: {id: subnet-0123456789abcdef2, cidr: 10.0.2.0/24}
        balancer: {id: subnet-0123456789abcdef3, cidr: 10.0.102.0/24}
    endpoints: [s3]
    route_tables: [rtb-0123456789abcdef0]
""",
)


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    """Run one service for all ends: each leaves the account as it was."""
    with service() as running:
        yield running


@pytest.fixture(autouse=True)
def clean(rehearsal: Rehearsal) -> Iterator[None]:
    """Let no test hinder the next: what a failed one left goes by the API."""
    yield
    if "muster-ending" in stacks(rehearsal):
        lift(rehearsal)
        rehearsal.client("cloudformation").delete_stack(StackName="muster-ending")
        poll(lambda: "muster-ending" not in stacks(rehearsal), within=60)
    remove_kept(rehearsal)


def bench_of(rehearsal: Rehearsal, folder: Path, *changes: tuple[str, str]) -> Bench:
    """Return a cluster file, unprotected unless changed; what it takes for granted exists."""
    bench = Bench(rehearsal, derived(folder, "ending", SHORT, *changes), folder)
    existing.provide(rehearsal, bench.cluster)
    return bench


def deployed(bench: Bench) -> Bench:
    """Deploy and see that it formed."""
    run = bench.deploy()
    assert run.code == 0, run.failure
    return bench


def failed(bench: Bench, edit: Edit, *more: str) -> None:
    """Deploy what fails."""
    assembly = bench.synthesize()
    edit_template(assembly, edit)
    asked = ("deploy", "--require-approval", "never", "--progress", "events", "--app", str(assembly), *more)
    run = bench.rehearsal.cdk(*asked)
    assert run.code != 0, run.output


def status(bench: Bench) -> str:
    return stacks(bench.rehearsal).get("muster-ending", "gone")


def destroy(bench: Bench) -> CdkRun:
    return bench.cdk("destroy", "--force")


def muster(bench: Bench, *arguments: str) -> str:
    """Run one of the tool's commands with the emulated account's credentials; return what it says."""
    command = [sys.executable, "-m", "operations", *arguments]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'constructs'}", **bench.rehearsal.environment()}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def machines_left() -> list[str]:
    return [name for kind in WAYS_OF_A_HOST for name in netns.names(f"{NAMESPACE_PREFIX}{kind}")]


def assert_destroyed(bench: Bench, *kept: str) -> None:
    """Destroy; see that nothing is left in the account but `kept` kinds, and no machine on this one."""
    run = destroy(bench)
    assert run.code == 0, run.failure
    assert status(bench) == "gone"
    assert sorted(line.split()[0] for line in existing.remains(bench.rehearsal)) == sorted(kept)
    poll(lambda: not bench.rehearsal.inventory().hosts and not machines_left(), within=30)


def stop(bench: Bench, node: str) -> None:
    """Stop a node's instance by the API and wait until its host is off."""
    bench.rehearsal.client("ec2").stop_instances(InstanceIds=[bench.member(node).instance])
    poll(lambda: bench.process_1(node) == 0, within=60)


KEPT = ("bucket", "bucket", "snapshot", "snapshot", "table")
"""What a protected cluster leaves: access logs and backups, a snapshot of each data volume, the witness."""


def remove_kept(rehearsal: Rehearsal) -> None:
    """Remove it, as its owner does in the end; then nothing is left at all."""
    store, ec2, tables = rehearsal.client("s3"), rehearsal.client("ec2"), rehearsal.client("dynamodb")
    for line in existing.remains(rehearsal):
        kind, name = line.split()[0], line.split()[-1]
        if kind == "snapshot":
            ec2.delete_snapshot(SnapshotId=name)
        if kind == "table":
            tables.update_table(TableName=name, DeletionProtectionEnabled=False)
            tables.delete_table(TableName=name)
        if kind == "bucket":
            listed = store.list_object_versions(Bucket=name)
            for entry in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
                store.delete_object(Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"])
            store.delete_bucket(Bucket=name)
    assert existing.remains(rehearsal) == []


def listed(said: str) -> set[str]:
    """Return kind and id of each thing that `muster leftovers` names."""
    return {line.split(": ")[0] for line in said.splitlines() if re.match(r"\w[\w ]* \S+: ", line)}


def test_a_protected_cluster_is_destroyed_only_after_its_protection_was_taken_off(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """The way out is the one that the tool prints; by then a host is off. Data and log are kept, and listed."""
    bench = deployed(bench_of(rehearsal, tmp_path, PROTECTED))
    refused = destroy(bench)
    assert "TerminationProtection is enabled" in refused.output, refused.output
    assert status(bench) == "CREATE_COMPLETE"
    muster(bench, "unprotect", str(bench.file))
    deployed(bench)
    stop(bench, "b")
    assert_destroyed(bench, *KEPT)
    assert listed(muster(bench, "leftovers", str(bench.file))) == set(existing.remains(rehearsal))
    remove_kept(rehearsal)
    assert listed(muster(bench, "leftovers", str(bench.file))) == set()


@pytest.mark.full
def test_after_a_deploy_that_failed(rehearsal: Rehearsal, tmp_path: Path) -> None:
    bench = bench_of(rehearsal, tmp_path)
    failed(bench, with_missing_secret("administrator"))
    assert status(bench) == "ROLLBACK_COMPLETE"
    assert_destroyed(bench)


def with_smaller_volumes(template: Template) -> Template:
    """Let each data volume be of 1 GiB, which AWS refuses a volume that exists."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::EC2::Volume":
            resource["Properties"]["Size"] = 1
    return template


def hosts_off(bench: Bench) -> None:
    """Stop both instances."""
    deployed(bench)
    for node in ("a", "b"):
        stop(bench, node)


def power_lost(bench: Bench) -> None:
    """Let one host lose its power, so that nothing in it is shut down."""
    deployed(bench)
    os.kill(bench.process_1("a"), signal.SIGKILL)
    poll(lambda: bench.process_1("a") == 0, within=60)


def update_failed(bench: Bench) -> None:
    """Let an update be rolled back."""
    deployed(bench)
    failed(bench, with_smaller_volumes)
    assert status(bench) == "UPDATE_ROLLBACK_COMPLETE"


def failed_and_kept(bench: Bench) -> None:
    """Let the first deploy fail, told not to roll back, so that its machines run."""
    failed(bench, with_missing_secret("administrator"), "--no-rollback")
    assert status(bench) == "CREATE_FAILED"
    assert bench.rehearsal.inventory().hosts


def interrupted(bench: Bench) -> None:
    """Go away in the middle of a deploy: the stack is still being created."""
    deploying = threading.Thread(target=bench.deploy, args=(bench.synthesize(),), daemon=True)
    deploying.start()
    poll(lambda: len(bench.rehearsal.inventory().hosts) == 2, within=120)
    assert status(bench) == "CREATE_IN_PROGRESS"


def destroyed_in_vain(bench: Bench) -> None:
    """Let a first destroy fail on something that is not the stack's own."""
    deployed(bench)
    ec2 = bench.rehearsal.client("ec2")
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["muster-ending"]}])
    shared = group["SecurityGroups"][0]
    about = {"GroupName": "foreign", "Description": "foreign", "VpcId": shared["VpcId"]}
    foreign = ec2.create_security_group(**about)["GroupId"]
    pair = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": shared["GroupId"]}]}
    ec2.authorize_security_group_ingress(GroupId=foreign, IpPermissions=[pair])
    run = destroy(bench)
    assert run.code != 0, run.output
    assert status(bench) == "DELETE_FAILED"
    ec2.delete_security_group(GroupId=foreign)


ENDS: list[tuple[Callable[[Bench], object], tuple[tuple[str, str], ...]]] = [
    (deployed, ()),
    (hosts_off, ()),
    (power_lost, ()),
    (update_failed, ()),
    (failed_and_kept, ()),
    (interrupted, ()),
    (destroyed_in_vain, ()),
    (deployed, (ENDPOINTS,)),
    (deployed, (EXISTING,)),
    (deployed, (EXISTING, ("  vpc:\n", "  egress: endpoints\n  vpc:\n"))),
]


@pytest.mark.full
@pytest.mark.parametrize(
    ("end", "changes"),
    ENDS,
    ids=[
        "formed",
        "hosts off",
        "power lost",
        "update failed",
        "failed, no rollback",
        "interrupted",
        "destroyed in vain",
        "behind endpoints",
        "in an existing VPC",
        "in an existing VPC behind endpoints",
    ],
)
def test_nothing_is_left_however_it_ended(
    rehearsal: Rehearsal, tmp_path: Path, end: Callable[[Bench], object], changes: tuple[tuple[str, str], ...]
) -> None:
    bench = bench_of(rehearsal, tmp_path, *changes)
    end(bench)
    assert_destroyed(bench)


@pytest.mark.full
def test_a_protected_cluster_whose_first_deploy_failed_is_removed_once_its_protection_is_lifted_in_aws(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """As on AWS: CloudFormation does not lift what the template set, not even in a rollback."""
    bench = bench_of(rehearsal, tmp_path, PROTECTED)
    failed(bench, with_missing_secret("administrator"))
    assert status(bench) == "ROLLBACK_FAILED"
    assert "TerminationProtection is enabled" in destroy(bench).output
    muster(bench, "unprotect", "--now", str(bench.file))
    assert_destroyed(bench, *KEPT)
    remove_kept(rehearsal)


def lift(rehearsal: Rehearsal) -> None:
    """Take every protection off by the API."""
    rehearsal.client("cloudformation").update_termination_protection(
        StackName="muster-ending", EnableTerminationProtection=False
    )
    for reservation in rehearsal.client("ec2").describe_instances()["Reservations"]:
        for instance in (each["InstanceId"] for each in reservation["Instances"]):
            value = {"Value": False}
            rehearsal.client("ec2").modify_instance_attribute(InstanceId=instance, DisableApiTermination=value)
    balancing = rehearsal.client("elbv2")
    off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    for balancer in balancing.describe_load_balancers()["LoadBalancers"]:
        balancing.modify_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=off)
