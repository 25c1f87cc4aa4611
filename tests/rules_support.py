"""The rules of a running cluster's security groups and network ACLs, taken away one by one and given back."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from muster.names import stack_name
from rehearsal import netns
from rehearsal.poll import poll
from tests.scenario_support import Bench

IN_FORCE_WITHIN = 15.0
"""Seconds from a change in the account until the router has it."""

PEERS = ("IpRanges", "UserIdGroupPairs")
NOBODY = "255.255.255.255/32"
"""The peer of the rule by which the CDK writes that a group has no way out at all."""


@dataclass(frozen=True)
class Rule:
    """One rule of a security group, as the EC2 API takes it."""

    group: str
    way: str
    permission: Mapping[str, Any]

    def __str__(self) -> str:
        ports = f"{self.permission['FromPort']}-{self.permission['ToPort']}"
        peer = next(each for name in PEERS for each in self.permission.get(name, ()))
        return f"{self.way} {ports} {peer.get('Description', '')} {peer.get('CidrIp', peer.get('GroupId'))}"


def made(bench: Bench, kind: str) -> list[str]:
    """Return the physical ids of the stack's resources of a type of EC2."""
    name = stack_name(bench.cluster.name)
    found = bench.rehearsal.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
    return [each["PhysicalResourceId"] for each in found if each["ResourceType"] == f"AWS::EC2::{kind}"]


def rules(bench: Bench) -> list[Rule]:
    """Return every rule of the stack's security groups that lets anything pass, with one peer each."""
    groups = bench.rehearsal.client("ec2").describe_security_groups(GroupIds=made(bench, "SecurityGroup"))
    ways = (("Ingress", "IpPermissions"), ("Egress", "IpPermissionsEgress"))
    return [
        Rule(group["GroupId"], way, alone)
        for group in groups["SecurityGroups"]
        for way, key in ways
        for permission in group[key]
        for alone in _alone(permission)
        if {"CidrIp": NOBODY}.items() - alone.get("IpRanges", [{}])[0].items()
    ]


def _alone(permission: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    about = {name: permission[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in permission}
    for name in PEERS:
        for peer in permission.get(name, ()):
            yield {**about, name: [{key: value for key, value in peer.items() if key != "UserId"}]}


@contextmanager
def without_rule(bench: Bench, rule: Rule) -> Iterator[None]:
    """Revoke a rule for the time of the block; it is in force, or no more, on both sides of it."""
    machines, given = bench.rehearsal.client("ec2"), {"GroupId": rule.group, "IpPermissions": [dict(rule.permission)]}
    with _changed():
        getattr(machines, f"revoke_security_group_{rule.way.lower()}")(**given)
    try:
        yield
    finally:
        with _changed():
            getattr(machines, f"authorize_security_group_{rule.way.lower()}")(**given)


@contextmanager
def with_rule(bench: Bench, rule: Rule) -> Iterator[None]:
    """Add a rule for the time of the block."""
    machines, given = bench.rehearsal.client("ec2"), {"GroupId": rule.group, "IpPermissions": [dict(rule.permission)]}
    with _changed():
        machines.authorize_security_group_ingress(**given)
    try:
        yield
    finally:
        with _changed():
            machines.revoke_security_group_ingress(**given)


@dataclass(frozen=True)
class Entry:
    """One entry of a network ACL that allows something, as the EC2 API takes it."""

    acl: str
    described: Mapping[str, Any]

    @property
    def is_icmp(self) -> bool:
        """Whether it is the one for too large packets, which no machine here ever sends."""
        return str(self.described["Protocol"]) == "1"

    def __str__(self) -> str:
        way = "out" if self.described["Egress"] else "in"
        ports = self.described.get("PortRange", {})
        return f"{self.acl} {way} {self.described['RuleNumber']}: {self.described['CidrBlock']} {ports}"


def entries(bench: Bench) -> list[Entry]:
    """Return every entry of the stack's network ACLs that allows something."""
    acls = bench.rehearsal.client("ec2").describe_network_acls(NetworkAclIds=made(bench, "NetworkAcl"))["NetworkAcls"]
    return [
        Entry(acl["NetworkAclId"], entry) for acl in acls for entry in acl["Entries"] if entry["RuleAction"] == "allow"
    ]


@contextmanager
def without_entry(bench: Bench, entry: Entry) -> Iterator[None]:
    """Delete an entry for the time of the block."""
    machines, given = bench.rehearsal.client("ec2"), {"NetworkAclId": entry.acl, **entry.described}
    where = {name: given[name] for name in ("NetworkAclId", "RuleNumber", "Egress")}
    with _changed():
        machines.delete_network_acl_entry(**where)
    try:
        yield
    finally:
        with _changed():
            machines.create_network_acl_entry(**given)


@contextmanager
def _changed() -> Iterator[None]:
    """Wait until what the block changes in the account is in the router."""
    before = ruleset()
    yield
    poll(lambda: ruleset() != before, within=IN_FORCE_WITHIN)


def ruleset() -> str:
    """Return what the router of the one VPC enforces now."""
    (router,) = netns.names("mu-r-")
    command = ["ip", "netns", "exec", router, "nft", "list", "table", "inet", "muster"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
