"""What listens, as ss says it; what may, by the cluster file; and the judge of both."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from muster.products import PRODUCTS
from muster.spec import load
from musternode.tls import front
from rehearsal.cdk_cli import ROOT
from rehearsal.checks import listening
from rehearsal.checks.listeners import ALL, LOOPBACK, OWN, Listener, leaving, table
from rehearsal.checks.listening import judge, listeners
from rehearsal.checks.scene import Scene

READY = Listener("a", "tcp", 9180, 9180, OWN, "python3", known=True, why="readiness", needed=True)
H2 = Listener("a", "tcp", 9092, 9092, LOOPBACK, "java", known=True, why="H2")
KNOWN = [READY, H2]
SAID = """\
tcp   LISTEN 0      50           127.0.0.1:9092 0.0.0.0:* users:(("java",pid=354,fd=5))
tcp   LISTEN 0      100                  *:8080       *:* users:(("java",pid=578,fd=9))
tcp   LISTEN 0      128    169.254.169.254:80   0.0.0.0:*
tcp   LISTEN 0      64          10.64.0.10:9180 0.0.0.0:* users:(("python3",pid=302,fd=3))
udp   UNCONN 0      0        127.0.0.53%lo:53   0.0.0.0:* users:(("systemd-resolve",pid=9,fd=3))
tcp   LISTEN 0      128               [::]:22      [::]:* users:(("sshd",pid=77,fd=4))
"""


def seen(known: Listener) -> Listener:
    """Return what is known as it would be seen."""
    return replace(known, known=False, why="", needed=False)


def test_what_ss_says_is_read_by_protocol_port_address_and_program() -> None:
    found = [(each.protocol, each.first, each.where, each.program) for each in listeners("a", SAID)]
    assert found == [
        ("tcp", 9092, LOOPBACK, "java"),
        ("tcp", 8080, ALL, "java"),
        ("tcp", 9180, OWN, "python3"),
        ("udp", 53, LOOPBACK, "systemd-resolve"),
        ("tcp", 22, ALL, "sshd"),
    ]


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("127.0.0.1", LOOPBACK),
        ("[::1]", LOOPBACK),
        ("[::ffff:127.0.0.1]", LOOPBACK),
        ("*", ALL),
        ("0.0.0.0", ALL),
        ("[::]", ALL),
        ("10.64.0.10", OWN),
        ("[::ffff:10.64.0.10]", OWN),
        ("[fe80::1]%eth0", OWN),
    ],
)
def test_an_address_is_open_as_far_as_it_reaches(address: str, where: str) -> None:
    assert listening.place(address) == where


def test_what_the_table_names_is_valid() -> None:
    found = judge([*KNOWN, seen(READY), seen(H2)])
    assert found.verdict == "valid"
    assert found.detail == "2 sockets listen on 1 nodes, 1 of them on loopback alone; each is in the table"


def test_what_the_table_does_not_need_may_be_shut() -> None:
    assert judge([*KNOWN, seen(READY)]).verdict == "valid"


@pytest.mark.parametrize(
    "strange",
    [
        replace(seen(READY), first=22, last=22, program="sshd"),
        replace(seen(H2), where=OWN),
        replace(seen(H2), where=ALL),
        replace(seen(H2), program="python3"),
        replace(seen(H2), protocol="udp"),
        replace(seen(H2), first=9093, last=9093),
        replace(seen(H2), node="b"),
    ],
)
def test_a_listener_more_or_one_that_is_open_farther_is_invalid(strange: Listener) -> None:
    found = judge([*KNOWN, seen(READY), strange])
    assert found.verdict == "invalid"
    assert f"{strange.program} of node {strange.node} listens on {strange.where}" in found.detail


def test_one_that_is_open_less_far_is_valid() -> None:
    assert judge([*KNOWN, replace(seen(READY), where=LOOPBACK)]).verdict == "valid"


def test_a_node_on_which_what_must_listen_is_not_seen_proves_nothing() -> None:
    assert judge([*KNOWN, replace(READY, node="b"), seen(READY)]).verdict == "unknown"


@pytest.mark.parametrize("found", [[], [seen(READY)], [H2, seen(H2)]])
def test_a_record_without_what_must_listen_is_never_valid(found: list[Listener]) -> None:
    assert judge(found).verdict != "valid"


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_port_of_a_product_is_in_its_table_and_needed_ones_are_musters_own(product: str) -> None:
    cluster = load(ROOT / "clusters" / f"{product}.yaml")
    found = table(cluster)
    assert {port.number for port in cluster.about.ports(cluster)} <= {each.first for each in found}
    assert {each.program for each in found if each.needed} == {"python3"}
    assert all(each.known and each.why for each in found)


@pytest.mark.parametrize("product", PRODUCTS)
def test_ssh_is_in_no_table(product: str) -> None:
    found = table(load(ROOT / "clusters" / f"{product}.yaml"))
    assert [each for each in found if each.first <= 22 <= each.last] == []


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_front_that_leaves_is_at_its_own_address_alone_where_the_product_has_one(product: str) -> None:
    cluster = load(ROOT / "clusters" / f"{product}.yaml")
    fronts = [(each.first, each.last, each.where, each.program, each.needed) for each in leaving(cluster)]
    wanted = [] if product.startswith("wso2") else [(8443, 8443, OWN, "haproxy", False)]
    assert fronts == wanted


class Node:
    """A scene of one node: haproxy listens at 8443, and the timer that ends it is in the state `timer`."""

    def __init__(self, timer: str) -> None:
        self.cluster = load(ROOT / "clusters" / "as400gateway.yaml")
        self.members = [SimpleNamespace(name="a")]
        self._timer = timer

    def run_in(self, _: object, command: Sequence[str], *, within: float) -> str:  # noqa: ARG002 - as a scene's
        if command[0] == "systemctl":
            assert command[-1] == "muster-tls-end.timer"
            return f"{self._timer}\n"
        return 'tcp LISTEN 0 64 10.64.0.10:8443 0.0.0.0:* users:(("haproxy",pid=302,fd=3))\n'


@pytest.mark.parametrize(("timer", "named"), [("active", True), ("inactive", False)])
def test_a_front_that_is_wanted_no_more_may_listen_while_the_timer_runs_that_ends_it(timer: str, named: bool) -> None:
    found = judge(list(listening.record(cast(Scene, Node(timer)))))
    assert ("haproxy" in found.detail) is not named
    assert found.verdict == ("unknown" if named else "invalid")  # nothing that must listen is seen


def test_the_timer_that_ends_a_front_is_called_as_on_the_node() -> None:
    assert listening.ENDING == front.ENDING
