"""A front is brought, left alone, begun anew, and let end: what that does to files and services of a node."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from musternode import stages as node_stages
from musternode.failure import Failure
from musternode.paths import Paths
from musternode.settings import Node
from musternode.tls import certificate, control, front, handshake, keeper, readiness, stages
from musternode.tls.front import ENDING, UNIT, Front, Place
from musternode.tls.keeper import Keeper
from tests.front_services import FrontServices

PEMS = [f"-----BEGIN CERTIFICATE-----\n{word}\n-----END CERTIFICATE-----\n" for word in ("AAAA", "BBBB", "CCCC")]
FRONT = Front("a", "10.0.1.10", 8443, 8080)


class Machine:
    """A host below a folder; `shows` is the certificate that its front shows, None if it is dead."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths, self.services = Paths(folder), FrontServices(UNIT)
        self.ran: list[list[str]] = []
        self.made, self.old, self.enabled = 0, False, 0
        self.shows: bytes | None = None
        self.renewed: list[str] = []
        self.comes = True
        monkeypatch.setattr(stages, "run", self.run)
        monkeypatch.setattr(stages, "bring_packages", lambda _: None)
        monkeypatch.setattr(stages, "Systemd", lambda: self.services)
        monkeypatch.setattr(node_stages, "Systemd", lambda: self.services)
        monkeypatch.setattr(stages, "poll", lambda condition, **_: condition())
        monkeypatch.setattr(certificate, "make", self.make)
        monkeypatch.setattr(certificate, "aged", lambda _: self.old)
        monkeypatch.setattr(handshake, "shown", self.shown)
        monkeypatch.setattr(control, "renew", self.renew)

    def run(self, argv: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        """Remember."""
        self.ran.append(list(argv))
        return subprocess.CompletedProcess(argv, self.enabled if "is-enabled" in argv else 0, "", "")

    def make(self, _: str) -> str:
        """Return another certificate each time."""
        self.made += 1
        self.old = False
        return PEMS[self.made - 1]

    def shown(self, *_: object) -> bytes | None:
        """Return what a front shows that runs: what it was started with."""
        if self.shows is None and self.comes and self.services.up:
            self.shows = certificate.der(Place(self.paths).pem.read_text())
        return self.shows

    def renew(self, _: Path, pem: str) -> None:
        """Show another one."""
        self.renewed.append(pem)
        self.shows = certificate.der(pem)

    def carry_out(self, wanted: Front | None, lead_away: Callable[[], object] = lambda: None) -> list[str]:
        """Return what systemd was asked for."""
        self.services.said.clear()
        stages.carry_out(self.paths, self.services, wanted, lead_away)
        return list(self.services.said)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return a bare host."""
    return Machine(tmp_path, monkeypatch)


def test_a_bare_node_gets_certificate_configuration_and_unit_and_its_front_is_started(node: Machine) -> None:
    assert node.carry_out(FRONT) == [f"enable {UNIT}", f"start {UNIT}"]
    place = Place(node.paths)
    assert place.pem.read_text() == PEMS[0]
    assert (node.paths.units / UNIT).is_file()


def test_certificate_and_key_are_roots_alone_and_the_certificate_is_everybodys(node: Machine) -> None:
    node.carry_out(FRONT)
    place = Place(node.paths)
    modes = [file.stat().st_mode & 0o777 for file in (place.pem, place.pem.parent, place.config, place.certificate)]
    assert modes == [0o600, 0o700, 0o600, 0o644]
    assert place.certificate.read_text() == certificate.alone(PEMS[0])


def test_a_front_that_runs_as_it_should_is_left_alone(node: Machine) -> None:
    led: list[str] = []
    node.carry_out(FRONT)
    assert node.carry_out(FRONT, lambda: led.append("away")) == [f"enable {UNIT}", f"start {UNIT}"]
    assert (led, node.made) == ([], 1)


def test_users_are_led_away_before_a_front_begins_anew_with_something_else(node: Machine) -> None:
    node.carry_out(FRONT)
    other = replace(FRONT, plain=9090)
    said = node.carry_out(other, lambda: node.services.said.append("led away"))
    assert said == [f"enable {UNIT}", "led away", f"restart {UNIT}"]


def test_what_was_written_before_a_loss_of_power_is_started_after_it(node: Machine) -> None:
    node.carry_out(FRONT)
    Place(node.paths).applied.unlink()
    assert f"restart {UNIT}" in node.carry_out(FRONT)


def test_a_front_that_does_not_come_fails_the_change_by_a_sentence(node: Machine) -> None:
    node.comes = False
    with pytest.raises(Failure) as caught:
        node.carry_out(FRONT)
    assert str(caught.value) == (
        "node a: its TLS front completes no handshake at 10.0.1.10 port 8443; it said: muster-tls.service cannot bind"
    )
    assert not Place(node.paths).applied.exists()


def test_a_front_that_is_wanted_again_is_no_longer_about_to_end(node: Machine) -> None:
    node.carry_out(FRONT)
    assert ["systemctl", "stop", f"{ENDING}.timer"] in node.ran


def test_a_node_that_never_had_a_front_asks_systemd_for_nothing(node: Machine) -> None:
    assert (node.carry_out(None), node.ran) == ([], [])


def test_a_front_that_is_wanted_no_more_stays_until_the_balancer_has_surely_left_it(node: Machine) -> None:
    node.carry_out(FRONT)
    node.ran.clear()
    assert node.carry_out(None) == []
    assert node.services.up
    assert node.ran[1:] == [
        ["systemd-run", "--quiet", "--collect", f"--unit={ENDING}", "--on-active=7200", "systemctl", "stop", UNIT],
        ["systemctl", "disable", "--quiet", UNIT],
    ]


def test_one_that_is_about_to_end_gets_no_second_timer(node: Machine) -> None:
    node.carry_out(FRONT)
    node.ran.clear()
    node.enabled = 1  # what systemctl ends with for a unit that is disabled
    node.carry_out(None)
    assert node.ran == [["systemctl", "is-enabled", "--quiet", UNIT]]


def test_debians_own_proxy_is_masked_before_its_package_comes_and_an_images_is_left_alone() -> None:
    mask = [["systemctl", "mask", "--quiet", "haproxy.service"]]
    assert stages.commands_to_mask("debian-12", lacking=True) == mask
    assert stages.commands_to_mask("debian-12", lacking=False) == []
    assert stages.commands_to_mask("amazon-linux-2023", lacking=True) == []


# the certificate, for as long as a member lives


def looks(node: Machine, clock: Callable[[], float] = lambda: 0.0) -> Keeper:
    """Return what looks after the certificate."""
    return Keeper(node.paths, FRONT, clock, node.shown, node.renew)


def test_a_certificate_whose_time_is_half_over_is_made_anew_and_shown_without_a_restart(node: Machine) -> None:
    node.carry_out(FRONT)
    node.old = True
    node.services.said.clear()
    looks(node).look()
    assert (node.renewed, node.services.said) == ([PEMS[1]], [])
    assert Place(node.paths).certificate.read_text() == certificate.alone(PEMS[1])


def test_a_certificate_that_is_young_stays(node: Machine) -> None:
    node.carry_out(FRONT)
    looks(node).look()
    assert (node.renewed, node.made) == ([], 1)


def test_what_a_front_was_not_told_before_a_loss_of_power_it_is_told_at_the_next_look(node: Machine) -> None:
    node.carry_out(FRONT)
    Place(node.paths).pem.write_text(PEMS[2])
    looks(node).look()
    assert node.renewed == [PEMS[2]]


def test_a_dead_front_is_left_to_systemd(node: Machine) -> None:
    node.carry_out(FRONT)
    node.shows, node.comes, node.old = None, False, True
    looks(node).look()
    assert node.renewed == []


def test_it_looks_once_an_hour_and_after_a_fault_a_minute_later(node: Machine) -> None:
    now = [0.0]
    node.carry_out(FRONT)
    kept = looks(node, lambda: now[0])
    kept.look()
    node.old = True
    now[0] = keeper.EVERY - 1
    kept.look()
    assert node.made == 1
    Place(node.paths).pem.write_text("no certificate")
    node.old, now[0] = False, keeper.EVERY
    kept.look()
    node.old, now[0] = True, keeper.EVERY + 60
    kept.look()
    assert node.made == 2


def test_a_node_without_a_front_looks_at_nothing(node: Machine) -> None:
    Keeper(node.paths, None, lambda: 0.0, node.shown, node.renew).look()
    assert node.made == 0


# readiness


def test_a_readiness_command_with_a_port_more_asks_the_front_too(
    node: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "hindrance", lambda *asked: f"asked {asked}")
    own, look = readiness.told(["10.0.1.10", "9180", "8443"], "x-readiness ADDRESS PORT", node.paths)
    assert own == ["10.0.1.10", "9180"]
    assert look() == [f"asked {('10.0.1.10', 8443, Place(node.paths).certificate)}"]
    own, look = readiness.told(["10.0.1.10", "9180"], "x-readiness ADDRESS PORT", node.paths)
    assert (own, look()) == (["10.0.1.10", "9180"], [])


@pytest.mark.parametrize("count", [1, 4])
def test_other_arguments_are_refused_by_how_they_must_be(count: int, node: Machine) -> None:
    with pytest.raises(Failure, match=r"^usage: musternode x-readiness ADDRESS PORT \[TLS_PORT\]$"):
        readiness.told(["1"] * count, "x-readiness ADDRESS PORT", node.paths)


def test_a_unit_names_the_port_of_a_front_only_where_there_is_one() -> None:
    assert (readiness.argument(0), readiness.argument(8443)) == ("", " 8443")


def test_a_front_is_of_its_nodes_address() -> None:
    node = Node("a", 1, "eu-west-1a", "10.0.1.10", "vol-1")
    assert front.of(node, 8443, 8080) == FRONT
