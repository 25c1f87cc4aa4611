"""The parts of a front between the nodes of a pair: an authority of their key, a configuration, rules, a unit."""

import subprocess
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from musternode.between import authority, config, passage, units
from musternode.between.passage import Passage
from musternode.h2.kernel import ruleset
from musternode.paths import Paths
from musternode.settings import Node, Ports
from tests.test_node_kaazing_units import values

A, B = (Node(name, 1, "eu-west-1a", f"10.0.1.1{place}", "vol-1") for place, name in enumerate("ab"))
PORTS = Ports(http=8080, database=9092, peer=9093, readiness=9180, between=9094)
PASSAGE = Passage("a", "10.0.1.10", "b", "10.0.1.11", 9094, 9092, 9093)
PORT = st.integers(1024, 65535)


def test_nodes_whose_settings_have_no_port_for_it_have_no_passage() -> None:
    assert passage.of(A, B, PORTS) == PASSAGE
    assert passage.of(A, B, replace(PORTS, between=0)) is None


@given(st.binary(min_size=1, max_size=64), st.binary(min_size=1, max_size=64))
def test_the_same_secret_makes_the_same_key_and_another_one_another(one: bytes, other: bytes) -> None:
    assert authority.key(one) == authority.key(one)
    assert (authority.key(one) == authority.key(other)) == (one == other)


def verified(folder: Path, issuer: str, pem: str) -> str:
    """Return what openssl says of a certificate by an authority's, as strictly as it can."""
    (folder / "issuer.pem").write_text(issuer)
    (folder / "node.pem").write_text(pem)
    asked = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", str(folder / "issuer.pem")]
    done = subprocess.run([*asked, str(folder / "node.pem")], capture_output=True, text=True, check=False)
    return "OK" if done.returncode == 0 else done.stderr


def test_each_node_proves_what_the_other_signed_and_a_stranger_proves_nothing(tmp_path: Path) -> None:
    made = {}
    for name, secret in {"a": b"the key", "b": b"the key", "stranger": b"a key"}.items():
        file = tmp_path / f"{name}.pem"
        file.write_text(authority.authority(secret))
        made[name] = (file.read_text(), authority.certificate(secret, "b", file))
    assert made["a"][0] != made["b"][0]
    assert verified(tmp_path, made["a"][0], made["b"][1]) == "OK"
    assert verified(tmp_path, made["b"][0], made["a"][1]) == "OK"
    assert "error" in verified(tmp_path, made["a"][0], made["stranger"][1])


def test_the_key_of_the_authority_stands_in_no_command(tmp_path: Path) -> None:
    ran: list[tuple[list[str], str]] = []

    def remember(argv: list[str], *, given: str) -> "subprocess.CompletedProcess[str]":
        ran.append((argv, given))
        return subprocess.CompletedProcess(argv, 0, "made", "")

    made = authority.authority(b"s", remember), authority.certificate(b"s", "a", tmp_path / "ca.pem", remember)
    assert made == ("made", "made")
    assert [given for _, given in ran] == [authority.key(b"s")] * 2
    secret = authority.key(b"s").splitlines()[1]
    assert all(secret not in word for argv, _ in ran for word in argv)


def lines(one: Passage = PASSAGE) -> list[list[str]]:
    """Return the words of each line of the configuration."""
    return [line.split() for line in config.configuration(one).splitlines()]


def test_whatever_is_heard_or_said_on_the_wire_is_of_the_newest_tls_and_proved_by_both() -> None:
    outside = [each for each in lines() if f"10.0.1.10:{PASSAGE.port}" in each or f"10.0.1.11:{PASSAGE.port}" in each]
    assert [each[0] for each in outside] == ["bind", "server", "server"]
    assert all({"ssl", "crt", "ca-file", "verify", "required"} <= {*each} for each in outside)
    least = [each[1:] for each in lines() if each[0] in ("ssl-default-bind-options", "ssl-default-server-options")]
    assert least == [["ssl-min-ver", "TLSv1.3", "no-tls-tickets"]] * 2
    assert "verify none" not in config.configuration(PASSAGE)


def test_all_that_is_not_tls_stays_on_the_node() -> None:
    plain = [each for each in lines() if each[0] in ("bind", "server") and "ssl" not in each]
    places = {place for each in plain for place in each if ":" in place}
    assert places == {"127.0.9.2:9094", "127.0.9.3:9094", "10.0.1.10:9092", "10.0.1.10:9093"}


def test_a_front_lets_the_other_node_alone_in() -> None:
    (rule,) = [each for each in lines() if each[:2] == ["tcp-request", "session"]]
    assert rule[2:] == ["reject", "unless", "{", "ssl_c_s_dn(CN)", "-m", "str", "b", "}"]


@given(PORT, PORT, PORT)
def test_what_one_front_asks_for_by_name_the_other_leads_there(port: int, database: int, questions: int) -> None:
    here = replace(PASSAGE, port=port, database=database, questions=questions)
    there = Passage("b", "10.0.1.11", "a", "10.0.1.10", port, database, questions)
    asked = [each[-1].removeprefix("str(")[:-1] for each in lines(here) if "sni" in each]
    led = {each[-2]: each[1] for each in lines(there) if each[0] == "use_backend"}
    assert [led[name] for name in asked] == ["gate", "peer"]
    backends = {}
    for place, each in enumerate(lines(there)):
        if each[0] == "backend":
            backends[each[1]] = lines(there)[place + 1][2]
    assert backends == {"gate": f"10.0.1.11:{database}", "peer": f"10.0.1.11:{questions}"}


def test_the_gate_knows_the_other_node_by_an_address_that_no_other_client_has() -> None:
    (way,) = [each for each in lines() if each[:2] == ["server", "gate"]]
    assert way[-2:] == ["source", passage.GUEST]


def test_a_gate_that_is_shut_is_seen_at_once_and_a_dead_wire_within_seconds() -> None:
    assert ["retries", "0"] in lines()
    assert {tuple(each) for each in lines() if each[0].startswith("srvtcpka-")} == {
        ("srvtcpka-idle", "3s"),
        ("srvtcpka-intvl", "1s"),
        ("srvtcpka-cnt", "4"),
    }


def test_what_goes_to_the_other_nodes_plain_ports_is_led_to_the_front() -> None:
    text = passage.rules(PASSAGE)
    assert "ip daddr 10.0.1.11 tcp dport 9092 dnat to 127.0.9.2:9094" in text
    assert "ip daddr 10.0.1.11 tcp dport 9093 dnat to 127.0.9.3:9094" in text
    assert "10.0.1.10" not in text


def test_no_door_has_the_port_at_which_h2_is_shut_to_all_but_its_gate() -> None:
    ways = [line for line in passage.rules(PASSAGE).splitlines() if "dnat" in line]
    assert ways
    assert not any(line.endswith(":9092") for line in ways)


def test_a_cut_comes_before_a_front_is_led_to() -> None:
    """Else the rule would look for the other node in packets that are already on their way to the front."""
    (line,) = [line for line in ruleset("10.0.1.10", 9092).splitlines() if "hook output" in line]
    assert int(line.partition("priority ")[2].partition(";")[0]) < -100


def unit() -> str:
    """Return the unit."""
    return units.unit(Paths())


def test_the_key_is_given_to_the_front_alone() -> None:
    assert values(unit(), "DynamicUser") == ["yes"]
    assert values(unit(), "LoadCredential") == [
        "node.pem:/etc/muster/between/node.pem",
        "authority.pem:/etc/muster/between/authority.pem",
        "front.cfg:/etc/muster/between/front.cfg",
    ]


def test_it_does_not_begin_without_its_rules_and_they_outlive_it() -> None:
    """Without them what goes to the other node would go past the front: the security group shuts that way."""
    assert values(unit(), "ExecStartPre") == ["+/usr/sbin/nft -f /etc/muster/between/front.nft"]
    assert values(unit(), "ExecStop") + values(unit(), "ExecStopPost") == []


def test_it_begins_again_before_the_other_node_counts_as_silent() -> None:
    (pause,) = values(unit(), "RestartSec")
    assert (values(unit(), "Restart"), values(unit(), "StartLimitIntervalSec")) == (["always"], ["0"])
    assert float(pause) < 1
