"""A formed WSO2 Carbon cluster heals by itself, takes in nobody else, and grows and shrinks by its file.

One story of one cluster in an existing VPC, in this order; a second cluster comes into the same VPC and account.
Each fault has its control: one too short to matter, or a change after which the same look finds the opposite.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from muster.names import CLUSTER_TAG, security_group_name
from muster.spec import load
from rehearsal import existing
from rehearsal.checks import membership, permissions, reach, replicated
from rehearsal.drive import Rehearsal
from rehearsal.faults import power, processes, resources
from rehearsal.faults.catalog import together
from rehearsal.faults.stage import Stage
from rehearsal.poll import poll
from tests.carbon_support import (
    BACK_WITHIN,
    DISCOVERY,
    EXAMPLE,
    GONE_WITHIN,
    HEALED_WITHIN,
    HEARTBEAT,
    SMALL,
    UNIT,
    User,
    all_see,
    apart,
    asked_of_ec2,
    cluster_file,
    healed,
    log,
    metered,
    one_cluster,
    restart,
    say,
    sees,
    stays,
    users_of,
    walk,
    without_leave,
)
from tests.scenario_support import Bench, contents, not_valid, stacks, story

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

FORGOTTEN_WITHIN = 40.0
"""Seconds after which nobody tries to have the connections back that a dead host's were."""
LOOKS = 150.0
"""Seconds in which a member that was started has joined whom it can, and looked for others: 30 s after its start, and
then 5 s for each port that three members do not answer."""
QUIET = 60.0
"""Seconds in which connections are counted that nobody must try."""

ALL = {"a", "b", "c"}


def place(number: int) -> dict[str, Any]:
    """Return the subnets of a zone."""
    nodes = {"id": f"subnet-0123456789abcdef{number}", "cidr": f"10.0.{number}.0/24"}
    return {"nodes": nodes, "balancer": {"id": f"subnet-0123456789abcd00{number}", "cidr": f"10.0.10{number}.0/24"}}


NETWORK: dict[str, Any] = {
    "egress": "nat",
    "vpc": {
        "id": "vpc-0123456789abcdef0",
        "cidr": "10.0.0.0/16",
        "zones": {"eu-west-1a": place(1), "eu-west-1b": place(2)},
    },
}


def nodes_at(**addresses: str) -> dict[str, dict[str, str]]:
    """Return the block `nodes` for nodes with these addresses, each in the zone that its address lies in."""
    zones = {"1": "eu-west-1a", "2": "eu-west-1b"}
    return {name: {"zone": zones[each.split(".")[2]], "address": each} for name, each in addresses.items()}


THREE = nodes_at(a="10.0.1.10", b="10.0.2.10", c="10.0.1.11")
FIVE = {**THREE, **nodes_at(d="10.0.2.11", e="10.0.1.12")}


rehearsal = story(EXAMPLE)


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy three members that notice a fault within seconds."""
    folder = tmp_path_factory.mktemp("cluster")
    file = cluster_file(folder, "shop", {**SMALL, "network": NETWORK, "nodes": THREE})
    existing.provide(rehearsal, load(file))
    made = Bench(rehearsal, file, folder)
    run = made.deploy()
    assert run.code == 0, run.failure
    made.wait_until_healthy()
    return made


@pytest.fixture
def whole(bench: Bench) -> Stage:
    """Return where faults are made, the members being one cluster that all users may reach."""
    poll(lambda: one_cluster(bench), within=BACK_WITHIN, every=1.0)
    bench.wait_until_healthy()
    return Stage(bench.rehearsal)


def left(bench: Bench, node: str) -> int:
    """Return how often the product of a node has said that a member left."""
    return log(bench, node).count("Member left")


# faults of one member


def test_a_pause_that_is_shorter_than_the_heartbeat_is_no_fault(bench: Bench, whole: Stage) -> None:
    """The control of the frozen member of each engine: the same signal, for a third of the heartbeat."""
    before = {node: left(bench, node) for node in sorted(ALL)}
    with healed(processes.pause(whole, UNIT, "c")):
        time.sleep(HEARTBEAT / 3)  # the fault is this long
    stays(bench, GONE_WITHIN)
    assert {node: left(bench, node) for node in sorted(ALL)} == before


def test_a_cut_that_is_shorter_than_the_heartbeat_is_no_fault(bench: Bench, whole: Stage) -> None:
    """The control of the member of each engine that is cut off."""
    before = {node: left(bench, node) for node in sorted(ALL)}
    with healed(apart(whole, "c", {"a", "b"})):
        time.sleep(HEARTBEAT / 3)  # the fault is this long
    stays(bench, GONE_WITHIN)
    assert {node: left(bench, node) for node in sorted(ALL)} == before


def test_a_stopped_instance_is_left_out_by_all_and_comes_back_with_its_power(bench: Bench, whole: Stage) -> None:
    """That a stopped instance is not dialled for ever stands here too: EC2 does not list it among the running ones.

    The control is what is dialled at first, while its connections are missed and nobody knows why.
    """
    sources = [whole.host(node).address for node in ("a", "b")]
    target = whole.host("c").address
    users = users_of(bench, ALL)
    began = time.monotonic()
    with metered(whole, sources, target, bench.scene.port("member")) as tried, healed(power.cut(whole, "c")):
        poll(lambda: all_see(bench, {"a", "b"}), within=GONE_WITHIN)
        say(f"a member without power is gone {time.monotonic() - began:.1f} s after it")
        walk(bench, users, "a", "b")
        time.sleep(FORGOTTEN_WITHIN)  # dialled again for as long: nobody has told that the host is gone
        at_first = tried.read()
        assert at_first > 0
        time.sleep(QUIET)  # what must not happen has this long to happen
        assert tried.read() == at_first
    poll(lambda: one_cluster(bench), within=BACK_WITHIN, every=1.0)
    say(f"one cluster again {time.monotonic() - began:.1f} s after the power went")
    walk(bench, users, "c", "a", "b")


def dialled(bench: Bench, stage: Stage, sources: list[str], target: str) -> int:
    """Return how many connections are tried to the members' port of an address within a minute."""
    port = bench.scene.port("member")
    with metered(stage, sources, target, port) as meter:
        time.sleep(QUIET)  # what is counted has this long to happen
        return meter.read()


def test_members_restarted_all_at_once_lose_every_session(bench: Bench, whole: Stage) -> None:
    """The control of those restarted in turn, with each engine: a session does end where every copy of it ends."""
    user = User("user of a")
    user.walk(bench, "a", "b")
    processes.kill(whole, UNIT, *sorted(ALL))
    poll(lambda: one_cluster(bench), within=BACK_WITHIN, every=1.0)
    with pytest.raises(AssertionError, match="did not go on"):
        user.walk(bench, "b")


# what is taken away from a formed cluster


def test_a_formed_cluster_needs_neither_its_leave_to_list_instances_nor_the_metadata_service(
    bench: Bench, whole: Stage
) -> None:
    """The control: a member that starts meanwhile stands alone, which all that is looked at here shows."""
    before = len(permissions.decisions(bench.rehearsal))
    with without_leave(bench.rehearsal):
        with healed(together(*(partial(resources.without_metadata, whole, node) for node in sorted(ALL)))):
            stays(bench, 3 * HEARTBEAT)
        stays(bench, 3 * HEARTBEAT)
        assert bench.check(replicated.CHECK).verdict == "valid"
        restart(bench, "c")
        poll(lambda: sees(bench, "c") == {"c"}, within=BACK_WITHIN)
        assert bench.check(membership.CHECK).verdict == "invalid"
        poll(lambda: bench.states()["c"] == "unhealthy", within=60)
        assert (DISCOVERY, False) in asked_of_ec2(bench.rehearsal, before)
    poll(lambda: one_cluster(bench), within=BACK_WITHIN, every=1.0)


@pytest.mark.usefixtures("whole")
def test_a_formed_cluster_goes_on_without_the_rule_that_let_its_members_connect(bench: Bench) -> None:
    """Connections that stand are tracked and go on, in EC2 as here; the control: a member that starts is alone."""
    with without_member_rule(bench):
        stays(bench, 3 * HEARTBEAT)
        restart(bench, "c")
        poll(lambda: sees(bench, "c") == {"c"}, within=BACK_WITHIN)
        assert bench.check(membership.CHECK).verdict == "invalid"
    poll(lambda: one_cluster(bench), within=BACK_WITHIN + LOOKS, every=1.0)


@contextmanager
def without_member_rule(bench: Bench) -> Iterator[None]:
    """Take away what lets members reach each other on the members' port."""
    machines, port = bench.rehearsal.client("ec2"), bench.scene.port("member")
    group = group_called(bench, security_group_name(bench.cluster.name))
    (described,) = machines.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    rules = [one for one in described["IpPermissions"] if one.get("FromPort", -1) <= port <= one.get("ToPort", -1)]
    assert len(rules) == 1, described["IpPermissions"]
    machines.revoke_security_group_ingress(GroupId=group, IpPermissions=rules)
    try:
        yield
    finally:
        machines.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)


# who is no member


def groups_of(bench: Bench, node: str) -> list[str]:
    """Return the security groups of a node's instance."""
    asked = bench.rehearsal.client("ec2").describe_instances(InstanceIds=[bench.member(node).instance])
    return [group["GroupId"] for group in asked["Reservations"][0]["Instances"][0]["SecurityGroups"]]


def put_into(bench: Bench, node: str, groups: list[str]) -> None:
    """Put a node's instance into these security groups and no others.

    In EC2 the instance's groups are those of its first interface; the emulated account keeps both apart.
    """
    machines, instance = bench.rehearsal.client("ec2"), bench.member(node).instance
    machines.modify_instance_attribute(InstanceId=instance, Groups=groups)
    described = machines.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    interface = described["NetworkInterfaces"][0]["NetworkInterfaceId"]
    machines.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)


def retag(bench: Bench, node: str, cluster: str) -> None:
    """Give a node's instance the tag by which members of `cluster` are found."""
    machines = bench.rehearsal.client("ec2")
    machines.create_tags(Resources=[bench.member(node).instance], Tags=[{"Key": CLUSTER_TAG, "Value": cluster}])


def group_called(bench: Bench, name: str) -> str:
    """Return the id of a security group."""
    filters = [{"Name": "group-name", "Values": [name]}]
    (found,) = bench.rehearsal.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return str(found["GroupId"])


@pytest.mark.usefixtures("whole")
def test_a_host_outside_the_security_group_is_no_member_and_one_inside_is(bench: Bench) -> None:
    """A member is put out of the group and started anew: neither side reaches the other, and nothing else differs."""
    machines = bench.rehearsal.client("ec2")
    inside = groups_of(bench, "c")
    outside = machines.create_security_group(
        GroupName="outsiders", Description="none of the cluster", VpcId=NETWORK["vpc"]["id"]
    )["GroupId"]
    rules = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": place(number)["balancer"]["cidr"]} for number in (1, 2)]}]
    machines.authorize_security_group_ingress(GroupId=outside, IpPermissions=rules)
    put_into(bench, "c", [outside])
    restart(bench, "c")
    poll(lambda: all_see(bench, {"a", "b"}), within=GONE_WITHIN)
    until = time.monotonic() + LOOKS
    while time.monotonic() < until:
        assert all_see(bench, {"a", "b"})
        assert sees(bench, "c") <= {"c"}  # its engine may not even answer while it tries to join
        time.sleep(1.0)  # what must not happen has this long to happen
    assert bench.states()["c"] == "unhealthy"
    put_into(bench, "c", inside)
    poll(lambda: one_cluster(bench), within=BACK_WITHIN, every=1.0)
    machines.delete_security_group(GroupId=outside)


@pytest.fixture(scope="module")
def neighbour(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy a second cluster into the VPC, whose engines call their cluster by the first one's name."""
    folder = tmp_path_factory.mktemp("neighbour")
    nodes = nodes_at(x="10.0.1.20", y="10.0.2.20")
    changes = {**SMALL, "network": NETWORK, "nodes": nodes, "wso2.domain": bench.cluster.name}
    made = Bench(bench.rehearsal, cluster_file(folder, "neighbour", changes), folder)
    run = made.deploy()
    assert run.code == 0, run.failure
    made.wait_until_healthy()
    return made


@pytest.mark.usefixtures("whole")
def test_two_clusters_of_one_vpc_and_one_domain_are_two_clusters(bench: Bench, neighbour: Bench) -> None:
    """The tag and the security group keep them apart, before and after a member of one starts anew."""
    restart(bench, "c")
    restart(neighbour, "y")
    for each in (bench, neighbour):
        poll(lambda each=each: one_cluster(each), within=BACK_WITHIN, every=1.0)  # type: ignore[misc]
    until = time.monotonic() + LOOKS
    while time.monotonic() < until:
        assert one_cluster(bench)
        assert one_cluster(neighbour)
        time.sleep(1.0)  # what must not happen has this long to happen
    assert "neighbour" not in log(bench, "a")
    assert bench.check(reach.CHECK).verdict == "valid"


@contextmanager
def in_the_group_of(bench: Bench, neighbour: Bench) -> Iterator[None]:
    """Put all of one cluster into the security group of another, beside their own."""
    theirs = group_called(bench, security_group_name(neighbour.cluster.name))
    before = {node: groups_of(bench, node) for node in sorted(ALL)}
    try:
        for node, own in before.items():
            put_into(bench, node, [*own, theirs])
        yield
    finally:
        for node, own in before.items():
            put_into(bench, node, own)


@pytest.mark.usefixtures("whole")
def test_hosts_with_another_tag_value_are_no_members_though_nothing_else_keeps_them_out(
    bench: Bench, neighbour: Bench
) -> None:
    with in_the_group_of(bench, neighbour):
        restart(neighbour, "y")  # it looks for members as one that begins does, too
        until = time.monotonic() + LOOKS
        while time.monotonic() < until:
            assert one_cluster(bench)
            assert not sees(neighbour, "y") & ALL
            time.sleep(1.0)  # what must not happen has this long to happen
    poll(lambda: one_cluster(neighbour), within=BACK_WITHIN, every=1.0)


@pytest.mark.usefixtures("whole")
def test_hosts_that_have_the_tag_and_the_group_of_another_cluster_are_found_by_it(
    bench: Bench, neighbour: Bench
) -> None:
    """The control of the tests above: what is looked at would show a stranger. One that begins joins it."""
    with in_the_group_of(bench, neighbour):
        try:
            for node in sorted(ALL):
                retag(bench, node, neighbour.cluster.name)
            for node in ("x", "y"):
                restart(neighbour, node)
            poll(lambda: {"x", "y"} <= sees(bench, "a"), within=BACK_WITHIN)
            found = bench.check(membership.CHECK)
            assert found.verdict == "invalid"
            assert "no member" in found.detail
        finally:
            for node in sorted(ALL):
                retag(bench, node, bench.cluster.name)
    for node in ("x", "y"):
        restart(neighbour, node)
    for each in (bench, neighbour):
        poll(lambda each=each: one_cluster(each), within=BACK_WITHIN + LOOKS, every=1.0)  # type: ignore[misc]


def test_the_second_cluster_goes_and_the_first_one_does_not_notice(bench: Bench, neighbour: Bench) -> None:
    assert neighbour.cdk("destroy", "--force").code == 0
    assert stacks(bench.rehearsal).keys() & {"muster-neighbour"} == set()
    stays(bench, HEARTBEAT)


# more and fewer members


def not_valid_since(bench: Bench, decided: int) -> dict[str, tuple[str, str]]:
    """Return what is not valid; of requests that were refused those after the first `decided` decisions.

    Those before are of the test that took a leave away, and the account forgets none.
    """
    judged = bench.check(replace(permissions.CHECK, record=partial(permissions.record, since=decided)))
    return not_valid([judged, *(each for each in bench.checks() if each.name != judged.name)])


def with_nodes(bench: Bench, nodes: Mapping[str, Any]) -> Bench:
    """Return the bench after its cluster file was given these nodes, and deployed."""
    file = cluster_file(bench.folder, bench.cluster.name, {**SMALL, "network": NETWORK, "nodes": nodes})
    changed = bench.of(file)
    run = changed.deploy()
    assert run.code == 0, run.failure
    return changed


@pytest.mark.usefixtures("whole")
def test_two_more_nodes_in_the_file_are_two_more_members_and_no_session_ends(bench: Bench) -> None:
    decided = len(permissions.decisions(bench.rehearsal))
    users = users_of(bench, ALL)
    instances = {member.instance for member in bench.scene.members}
    grown = with_nodes(bench, FIVE)
    poll(lambda: one_cluster(grown), within=HEALED_WITHIN, every=1.0)
    grown.wait_until_healthy()
    assert {member.instance for member in grown.scene.members} > instances
    walk(grown, users, *sorted(FIVE))
    assert not_valid_since(grown, decided) == {}


def test_three_fewer_nodes_in_the_file_are_three_fewer_members_that_nobody_dials(bench: Bench) -> None:
    """What is dialled is counted at the wire; that the count counts, the test of the stopped instance shows."""
    decided = len(permissions.decisions(bench.rehearsal))
    stage = Stage(bench.rehearsal)
    gone = {node: stage.host(node).address for node in ("c", "d", "e")}
    two = {name: THREE[name] for name in ("a", "b")}
    shrunk = with_nodes(bench, two)
    poll(lambda: one_cluster(shrunk), within=HEALED_WITHIN, every=1.0)
    shrunk.wait_until_healthy()
    sources = [stage.host(node).address for node in two]
    time.sleep(FORGOTTEN_WITHIN)  # engines try for as long to have the connections back
    assert dialled(shrunk, stage, sources, gone["c"]) == 0
    assert {host.node for host in bench.rehearsal.inventory().hosts} == set(two)
    assert not_valid_since(shrunk, decided) == {}


def test_destroy_leaves_nothing(bench: Bench) -> None:
    shrunk = bench.of(bench.folder / "shop.yaml")
    assert shrunk.cdk("destroy", "--force").code == 0
    assert {line for line in contents(bench.rehearsal) if "shop" in line or line.startswith("instance")} == set()
