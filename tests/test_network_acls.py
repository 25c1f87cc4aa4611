"""Network ACLs of a VPC of the cluster's own: what they let through, and to whom they are given."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.acl_rules import ANYWHERE, MOST, Acl, Rule, each_port, edge_rules, inner_rules, node_rules
from muster.listeners import listening
from muster.spec import Cluster, load
from tests.conftest import ROOT, Template
from tests.parts_support import existing, parts
from tests.scenario_support import cluster_file
from tests.template_help import depends_on, of_type, ref, the

CIDR = "10.64.0.0/20"
FACING = {"scheme": "internet-facing", "certificate": "arn:aws:acm:eu-west-1:123456789012:certificate/1"}
MOST_ENTRIES = 20
"""In each direction (Amazon VPC quotas, "Rules per network ACL")."""


def of(tmp_path: Path, example: str = "as400gateway", **changes: Any) -> Cluster:
    """Return an example cluster with changed blocks."""
    return load(cluster_file(ROOT / "clusters" / f"{example}.yaml", tmp_path, "other", changes))


def opened(rules: Any) -> set[tuple[str, int, int]]:
    """Return what entries allow by TCP: the peer's range and the ports."""
    return {(rule.cidr, rule.first, rule.last) for rule in rules if not rule.too_large}


def all_of(cluster: Cluster) -> list[Acl]:
    """Return the three ACLs of a cluster."""
    ports = listening(cluster)
    return [node_rules(cluster, CIDR), inner_rules(cluster, CIDR, ports), edge_rules(cluster, CIDR, ports)]


def test_nodes_are_asked_from_the_vpc_alone_and_get_answers_from_outside() -> None:
    acl = node_rules(load(ROOT / "clusters" / "as400gateway.yaml"), CIDR)
    assert opened(acl.ingress) == {(CIDR, 1024, 65535), (ANYWHERE, 32768, 60999)}
    assert opened(acl.egress) == {(CIDR, 1024, 65535), (ANYWHERE, 443, 443)}


def test_nodes_reach_what_their_system_and_product_ask() -> None:
    acl = node_rules(load(ROOT / "clusters" / "axonivy.yaml"), CIDR)
    assert opened(acl.egress) == {(CIDR, 1024, 65535), *((ANYWHERE, port, port) for port in (443, 5432))}


def test_an_image_of_ones_own_may_ask_from_any_port_and_mount_by_nfs(tmp_path: Path) -> None:
    instance = {"type": "t4g.medium", "ami": "ami-0123456789abcdef0", "architecture": "arm64", "java": 17}
    acl = node_rules(of(tmp_path, instance={**instance, "os": "amazon-linux-2023"}), CIDR)
    assert (ANYWHERE, 665, 65535) in opened(acl.ingress)


def test_a_balancer_inside_is_reached_at_its_listeners_and_reaches_the_vpc() -> None:
    acl = inner_rules(load(ROOT / "clusters" / "as400gateway.yaml"), CIDR, (80,))
    assert opened(acl.ingress) == {(CIDR, 1024, 65535), (CIDR, 80, 80)}
    assert opened(acl.egress) == {(CIDR, 1024, 65535)}


def test_clients_that_the_file_names_may_be_outside_of_the_vpc(tmp_path: Path) -> None:
    cluster = of(tmp_path, balancer={"scheme": "internal", "clients": ["192.168.0.0/16"]})
    acl = inner_rules(cluster, CIDR, (80,))
    assert opened(acl.ingress) == {(CIDR, 1024, 65535), (ANYWHERE, 80, 80)}
    assert opened(acl.egress) == {(ANYWHERE, 1024, 65535)}


def test_endpoints_are_reached_beside_the_balancer(tmp_path: Path) -> None:
    acl = inner_rules(of(tmp_path, network={"egress": "endpoints"}), CIDR, (80,))
    assert (CIDR, 443, 443) in opened(acl.ingress)


def test_a_nat_gateway_is_asked_by_the_vpc_and_asks_for_nodes() -> None:
    acl = edge_rules(load(ROOT / "clusters" / "as400gateway.yaml"), CIDR, (80,))
    assert opened(acl.ingress) == {(ANYWHERE, 1024, 65535), (CIDR, 443, 443)}
    assert opened(acl.egress) == {(ANYWHERE, 1024, 65535), (ANYWHERE, 443, 443)}


def test_a_balancer_that_faces_the_internet_is_reached_by_everybody(tmp_path: Path) -> None:
    cluster = of(tmp_path, balancer=FACING, network={"egress": "endpoints"})
    acl = edge_rules(cluster, CIDR, listening(cluster))
    assert opened(acl.ingress) == {
        (ANYWHERE, 1024, 65535),
        (CIDR, 443, 443),
        (ANYWHERE, 80, 80),
        (ANYWHERE, 443, 443),
    }
    assert opened(acl.egress) == {(ANYWHERE, 1024, 65535)}


@pytest.mark.parametrize("example", sorted(path.stem for path in (ROOT / "clusters").glob("*.yaml")))
def test_too_large_packets_are_told_of_in_every_subnet(example: str) -> None:
    for acl in all_of(load(ROOT / "clusters" / f"{example}.yaml")):
        assert [rule.cidr for rule in (*acl.ingress, *acl.egress) if rule.too_large] == [ANYWHERE, ANYWHERE]


@given(st.sets(st.integers(1, 65535), max_size=40))
def test_entries_for_ports_have_numbers_of_their_own_and_never_too_many(ports: set[int]) -> None:
    rules = list(each_port(ports, CIDR, 12000))
    assert len({rule.number for rule in rules}) == len(rules) <= MOST
    assert all(12000 <= rule.number <= 32766 for rule in rules)
    assert all(any(rule.first <= port <= rule.last for rule in rules) for port in ports)


@given(st.sets(st.integers(1, 9999), max_size=11), st.integers(1, 9999))
def test_a_port_more_moves_no_other_entry(ports: set[int], more: int) -> None:
    before = set(each_port(ports, CIDR, 1000))
    assert before <= set(each_port({*ports, more}, CIDR, 1000))


def test_the_fullest_file_stays_within_the_quota(tmp_path: Path) -> None:
    kaazing = {"host": "gateway.example.org", "path": "/echo", "outside": list(range(5000, 5020))}
    for acl in all_of(of(tmp_path, "kaazing", kaazing=kaazing, balancer=FACING)):
        assert max(len(acl.ingress), len(acl.egress)) < MOST_ENTRIES
        assert all(len({rule.number for rule in way}) == len(way) for way in (acl.ingress, acl.egress))


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the template of the plain cluster file."""
    return parts()


@pytest.mark.parametrize("changes", [{}, {"balancer": FACING}, {"network": {"egress": "nat-per-zone"}}])
def test_every_subnet_has_an_acl_that_is_not_empty_when_it_gets_it(changes: dict[str, Any]) -> None:
    template = parts(**changes)
    associations = of_type(template, "EC2::SubnetNetworkAclAssociation")
    given_ = [each["SubnetId"]["Ref"] for each in associations.values()]
    assert sorted(given_) == sorted(of_type(template, "EC2::Subnet"))
    for name, association in associations.items():
        acl = association["NetworkAclId"]
        entries = {n for n, entry in of_type(template, "EC2::NetworkAclEntry").items() if entry["NetworkAclId"] == acl}
        assert entries
        assert entries <= depends_on(template, name)


def test_an_entry_says_what_its_rule_says(template: Template) -> None:
    acl, _ = next(each for each in of_type(template, "EC2::NetworkAcl").items() if "Nodes" in each[0])
    of_nodes = {"NetworkAclId": {"Fn::GetAtt": [acl, "Id"]}, "RuleAction": "allow"}
    _, entry = the(template, "EC2::NetworkAclEntry", **of_nodes, Egress=False, RuleNumber=110)
    assert (entry["Protocol"], entry["CidrBlock"], entry["PortRange"]) == (6, ANYWHERE, {"From": 32768, "To": 60999})
    _, icmp = the(template, "EC2::NetworkAclEntry", **of_nodes, Egress=False, RuleNumber=120)
    assert (icmp["Protocol"], icmp["Icmp"]) == (1, {"Type": 3, "Code": 4})
    assert ref(acl)


@pytest.mark.parametrize("system", ["amazon-linux-2023", "debian-12"])
def test_nodes_acl_and_group_know_the_same_ways_out(system: str) -> None:
    template = parts(instance={"type": "t4g.medium", "os": system, "java": 17})
    (group,) = [each for each in of_type(template, "EC2::SecurityGroup").values() if "GroupName" in each]
    by_group = {rule["FromPort"] for rule in group["SecurityGroupEgress"] if rule.get("CidrIp") == ANYWHERE}
    acl, _ = next(each for each in of_type(template, "EC2::NetworkAcl").items() if "Nodes" in each[0])
    of_nodes = [
        entry
        for entry in of_type(template, "EC2::NetworkAclEntry").values()
        if entry["NetworkAclId"] == {"Fn::GetAtt": [acl, "Id"]} and entry["Egress"] and entry["Protocol"] == 6
    ]
    assert {entry["PortRange"]["From"] for entry in of_nodes if entry["CidrBlock"] == ANYWHERE} == by_group


def test_nothing_of_the_kind_is_made_in_an_existing_vpc() -> None:
    assert of_type(existing(), "EC2::NetworkAcl") == {}


def test_a_rule_without_ports_is_the_one_for_too_large_packets() -> None:
    assert Rule(1, ANYWHERE).too_large
    assert not Rule(1, ANYWHERE, 443, 443).too_large
