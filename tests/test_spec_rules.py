"""What must hold between fields: each rule's refusal in its exact words, and the neighbour that it accepts."""

from dataclasses import replace
from pathlib import Path

import pytest

from muster.products import PRODUCTS
from muster.spec import load
from tests.spec_help import OWN_VPC, changed, judge


def test_every_field_together_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(OWN_VPC, encoding="utf-8")
    cluster = load(file)
    assert (cluster.account, cluster.protected, cluster.tags["team"]) == ("123456789012", True, "Gateway Basel")
    assert (cluster.instance.architecture_of_image, cluster.instance.architecture) == ("arm64", "arm64")
    assert cluster.balancer.clients == ("10.0.0.0/8", "192.168.7.1/32")
    assert cluster.network.vpc_cidr == "10.64.0.0/20"


def test_an_absent_node_is_still_a_node(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(changed(OWN_VPC, "present: true", "present: false"), encoding="utf-8")
    cluster = load(file)
    assert (sorted(cluster.nodes), cluster.present_nodes) == (["a", "b"], ("b",))


OWN = [
    (
        ("1a, present: true}\n  b: {zone: eu-west-1b}", "1a, present: false}\n  b: {zone: eu-west-1b, present: false}"),
        "7: nodes: got no node that is present, want one at least, whose data the others take",
    ),
    (
        ("zone: eu-west-1b", "zone: eu-west-1b, address: 10.64.1.10"),
        (
            "9: nodes.b.address: got '10.64.1.10', but Muster chooses the addresses in a VPC of the cluster's own, "
            "want none"
        ),
    ),
    (
        ("ami: ami-0123456789abcdef0, ", ""),
        "10: instance.architecture: is for an image of your own (instance.ami), want none without it",
    ),
    (
        ("tls_policy: ELBSecurityPolicy-TLS13-1-3-2021-06\n  clients: [10.0.0.0/8", "clients: [0.0.0.0/0"),
        (
            "15: balancer.clients.0: got '0.0.0.0/0', which is everyone, for an internal balancer, "
            "want the networks of its users\n"
            "15: balancer.clients.1: got '192.168.7.1/32', which overlaps '0.0.0.0/0', "
            "want networks that do not overlap"
        ),
    ),
    (
        ("192.168.7.1/32", "10.0.0.0/8"),
        "16: balancer.clients.1: got '10.0.0.0/8', which overlaps '10.0.0.0/8', want networks that do not overlap",
    ),
    (
        ("route: host, host: admin.example.org", "route: port"),
        "18: balancer.admin.port: is missing, want a port such as 8443 (the route is by port)",
    ),
    (
        ("route: host, host: admin.example.org", "route: host"),
        "18: balancer.admin.host: is missing, want a host name such as admin.example.org (the route is by host)",
    ),
    (
        ("route: host, host: admin.example.org", "route: path, port: 8443"),
        "18: balancer.admin.port: is for the route by port, but the route is by path, want none",
    ),
    (
        ("route: host, host: admin.example.org", "route: port, port: 443"),
        "18: balancer.admin.port: got 443, on which users come, want another port such as 8443",
    ),
    (
        ("admin.example.org", "gateway.example.org"),
        (
            "18: balancer.admin.host: got 'gateway.example.org', which is also balancer.domain.name, "
            "want a host name of its own"
        ),
    ),
    (
        ("{route: host, host: admin.example.org}\n", "{route: path}\n# "),
        None,
    ),
    (
        ("egress: nat-per-zone", "egress: none"),
        (
            "23: network.egress: got 'none', with which nodes in a VPC of the cluster's own never reach AWS, "
            "want nat, nat-per-zone or endpoints"
        ),
    ),
    (
        ("arn:aws:kms:eu-west-1", "arn:aws:kms:us-east-1"),
        "27: kms_key: got a key in 'us-east-1', want one in the region eu-west-1",
    ),
    (
        ("arn:aws:kms:eu-west-1", "arn:aws-cn:kms:cn-north-1"),
        "27: kms_key: got a key in the partition 'aws-cn', want one in 'aws' as eu-west-1 is",
    ),
    (
        ("iam::123456789012", "iam::210987654321"),
        "28: permission_boundary: got a policy of the account '210987654321', want one of 123456789012, the cluster's",
    ),
    (("iam::123456789012", "iam::aws"), None),
    (
        ("kms:eu-west-1:123456789012", "kms:eu-west-1:210987654321"),
        "27: kms_key: got a key of the account '210987654321', want one of 123456789012, the cluster's",
    ),
]


@pytest.mark.parametrize(("edit", "words"), OWN, ids=lambda value: str(value)[:60])
def test_refuses_in_a_vpc_of_the_clusters_own(edit: tuple[str, str], words: str | None, tmp_path: Path) -> None:
    judge(changed(OWN_VPC, *edit), words, tmp_path)


def test_a_policy_for_tls_needs_a_certificate(tmp_path: Path) -> None:
    start = OWN_VPC.index("  certificate:")
    text = OWN_VPC[:start] + OWN_VPC[OWN_VPC.index("  tls_policy:") :]
    words = "14: balancer.tls_policy: is for HTTPS, which needs balancer.certificate, want a certificate or no policy"
    judge(text, words, tmp_path)


def test_the_route_by_path_needs_a_path_of_its_own(tmp_path: Path) -> None:
    text = changed(OWN_VPC, "{route: host, host: admin.example.org}", "{route: path}")
    words = "18: balancer.admin.route: got 'path', but the admin path / takes every request, want a longer one"
    judge(changed(text, "admin: /admin,", "admin: /,"), words, tmp_path)
    judge(text, None, tmp_path)


def test_the_route_by_path_needs_a_path_that_a_listener_rule_can_hold(tmp_path: Path) -> None:
    text = changed(OWN_VPC, "{route: host, host: admin.example.org}", "{route: path}")
    words = "18: balancer.admin.route: got 'path', but the admin path is longer than 126 characters, want a shorter one"
    judge(changed(text, "admin: /admin,", f"admin: /{'a' * 126},"), words, tmp_path)
    judge(changed(text, "admin: /admin,", f"admin: /{'a' * 125},"), None, tmp_path)


@pytest.mark.parametrize("functional", ["/admin", "/admin/api"])
def test_an_admin_route_takes_no_users_requests(functional: str, tmp_path: Path) -> None:
    """The control: a path that only begins with the same letters is apart."""
    what = f"takes users' requests, as their path {functional} is or lies below the admin path /admin, want them apart"
    judge(
        changed(OWN_VPC, "admin: /admin,", f"admin: /admin, functional: {functional},"),
        f"18: balancer.admin: {what}",
        tmp_path,
    )
    judge(changed(OWN_VPC, "admin: /admin,", "admin: /admin, functional: /administrators,"), None, tmp_path)


def test_a_route_by_host_needs_an_admin_path_of_its_own_too(tmp_path: Path) -> None:
    words = "18: balancer.admin.route: got 'host', but the admin path / takes every request, want a longer one"
    judge(changed(OWN_VPC, "admin: /admin,", "admin: /,"), words, tmp_path)


def test_a_product_without_administration_has_no_admin_route(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRODUCTS, "as400gateway", replace(PRODUCTS["as400gateway"], admin=None))
    words = "18: balancer.admin: is not for as400gateway, which has no admin path, want none"
    judge(OWN_VPC, words, tmp_path)


def test_the_small_types_are_too_small(tmp_path: Path) -> None:
    words = (
        "10: instance.type: got 't4g.micro', which has 1 GiB of memory, want a type with 2 GiB or more for as400gateway"
    )
    judge(changed(OWN_VPC, "t4g.medium", "t4g.micro"), words, tmp_path)
    judge(changed(OWN_VPC, "t4g.medium", "t4g.small"), None, tmp_path)


def test_a_rule_says_nothing_about_what_stands_in_for_a_broken_block(tmp_path: Path) -> None:
    """Without its zone, node a cannot be read; that b's zone is right must not be doubted for it."""
    text = OWN_VPC.replace("eu-west-1", "us-east-1").replace("zone: us-east-1a, ", "")
    judge(text, "8: nodes.a.zone: is missing, want an availability zone such as eu-west-1a", tmp_path)
