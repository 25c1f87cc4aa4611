"""The front between the nodes is brought, left alone, and begun anew: what that does to a node."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from musternode import stages as node_stages
from musternode.between import authority, stages
from musternode.between.passage import UNIT, Passage, Place
from musternode.failure import Failure
from musternode.paths import Paths
from musternode.tls import certificate, handshake
from tests.front_services import FrontServices
from tests.test_node_between import PASSAGE

PEMS = [f"-----BEGIN CERTIFICATE-----\n{word}\n-----END CERTIFICATE-----\n" for word in ("AAAA", "BBBB")]


class Machine:
    """A host below a folder, whose front shows the certificate with which it was started, unless it is `dead`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths, self.services = Paths(folder), FrontServices(UNIT)
        self.made, self.old, self.dead, self.asked = 0, False, False, 0
        monkeypatch.setattr(stages, "bring_packages", lambda _: None)
        monkeypatch.setattr(stages, "Systemd", lambda: self.services)
        monkeypatch.setattr(node_stages, "Systemd", lambda: self.services)
        monkeypatch.setattr(stages, "poll", lambda condition, **_: condition())
        monkeypatch.setattr(authority, "authority", lambda _: "an authority")
        monkeypatch.setattr(authority, "certificate", self.make)
        monkeypatch.setattr(certificate, "aged", lambda *_: self.old)
        monkeypatch.setattr(handshake, "shown", self.shown)

    def make(self, *_: Any) -> str:
        """Return another certificate each time."""
        self.made, self.old = self.made + 1, False
        return PEMS[self.made - 1]

    def shown(self, *_: object) -> bytes | None:
        """Return what the front shows."""
        return None if self.dead else certificate.der(Place(self.paths).pem.read_text())

    def key(self) -> bytes:
        """Return the pair's key."""
        self.asked += 1
        return b"key"

    def carry_out(self, wanted: Passage | None = PASSAGE) -> list[str]:
        """Return what systemd was asked for."""
        self.services.said.clear()
        stages.carry_out(self.paths, self.services, wanted, self.key)
        return list(self.services.said)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return a bare host."""
    return Machine(tmp_path, monkeypatch)


def test_a_pair_that_asks_for_none_gets_none(node: Machine) -> None:
    assert node.carry_out(None) == []
    assert not Place(node.paths).config.exists()


def test_a_front_is_made_once_and_then_left_alone(node: Machine) -> None:
    assert node.carry_out() == [f"enable {UNIT}", f"start {UNIT}"]
    assert node.carry_out() == [f"enable {UNIT}", f"start {UNIT}"]  # starting what runs does nothing
    assert (node.made, node.asked) == (1, 1)


@pytest.mark.parametrize("file", ["pem", "authority", "config", "rules", "applied"])
def test_its_files_are_roots_alone(node: Machine, file: str) -> None:
    node.carry_out()
    assert getattr(Place(node.paths), file).stat().st_mode & 0o777 == 0o600


def test_another_configuration_begins_it_anew(node: Machine) -> None:
    node.carry_out()
    assert node.carry_out(replace(PASSAGE, peer_address="10.0.1.12")) == [f"enable {UNIT}", f"restart {UNIT}"]


def test_a_change_that_was_interrupted_is_made_the_next_time(node: Machine) -> None:
    node.carry_out()
    node.dead = True
    with pytest.raises(Failure):
        node.carry_out(replace(PASSAGE, peer_address="10.0.1.12"))
    node.dead = False
    assert f"restart {UNIT}" in node.carry_out(replace(PASSAGE, peer_address="10.0.1.12"))


def test_a_certificate_is_made_anew_in_the_second_half_of_its_life(node: Machine) -> None:
    node.carry_out()
    node.old = True
    assert f"restart {UNIT}" in node.carry_out()
    assert node.made == 2


def test_a_certificate_that_was_made_before_a_loss_of_power_is_shown_after_it(node: Machine) -> None:
    """The file is there, and nobody knows any more that the front has not begun with it."""
    node.carry_out()
    Place(node.paths).pem.write_text(PEMS[1])
    assert f"restart {UNIT}" in node.carry_out()


def test_one_that_does_not_show_its_certificate_is_a_failure_with_its_words(node: Machine) -> None:
    node.dead = True
    with pytest.raises(Failure, match=r"^node a: its front to node b does not show its certificate at 10\.0\.1\.10 "):
        node.carry_out()
