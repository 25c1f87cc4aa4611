"""A host follows what the account wants of it, whatever it does by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from rehearsal.hosts.host import Host, Phase, Wanted
from rehearsal.hosts.nspawn import REBOOT, RESTART, SHUT_DOWN
from rehearsal.poll import poll

WITHIN = 5.0


@dataclass
class FakePower:
    """A power cycle that ends as it is told, or when the test says so."""

    pid: int
    obeys: bool = True
    asked: list[int] = field(default_factory=list)
    cuts: int = 0
    code: int | None = None

    def leader(self) -> int:
        return self.pid

    def ended(self) -> int | None:
        return self.code

    def ask(self, _leader: int, wish: int) -> None:
        self.asked.append(wish)
        if self.obeys:
            self.code = REBOOT if wish == RESTART else 0

    def cut(self, _leader: int) -> None:
        self.cuts += 1
        self.code = 1


class FakeChassis:
    """Counts what happens to it."""

    namespace = "mu-h-fake"
    instance: Any = type("I", (), {"id": "i-1", "address": "10.0.0.1"})()

    def __init__(self) -> None:
        self.cycles: list[FakePower] = []
        self.plugged: list[dict[str, Any]] = []
        self.apart = 0
        self.scrapped = False
        self.faults: list[Exception] = []
        self.obeys = True

    def power_on(self) -> FakePower:
        if self.faults:
            raise self.faults.pop()
        self.cycles.append(FakePower(100 + len(self.cycles), self.obeys))
        return self.cycles[-1]

    def plug(self, _leader: int, disks: Mapping[str, Any]) -> None:
        self.plugged.append(dict(disks))

    def take_apart(self) -> None:
        self.apart += 1

    def scrap(self) -> None:
        self.scrapped = True


@pytest.fixture
def chassis() -> FakeChassis:
    return FakeChassis()


@pytest.fixture
def host(chassis: FakeChassis) -> Iterator[Host]:
    made = Host(chassis)  # type: ignore[arg-type]
    yield made
    made.want(Wanted.GONE)
    assert made.join(WITHIN)


def running(host: Host) -> None:
    host.want(Wanted.ON)
    poll(lambda: host.phase is Phase.RUNNING, within=WITHIN, every=0.01)


def stopped(host: Host) -> None:
    poll(lambda: host.phase is Phase.STOPPED, within=WITHIN, every=0.01)


def test_a_host_is_off_until_it_is_wanted_on(host: Host) -> None:
    assert (host.phase, host.leader) == (Phase.STOPPED, 0)
    running(host)
    assert host.leader == 100


def test_a_host_that_is_wanted_off_is_asked_to_shut_down(host: Host, chassis: FakeChassis) -> None:
    running(host)
    host.want(Wanted.OFF)
    stopped(host)
    assert chassis.cycles[0].asked == [SHUT_DOWN]
    assert (host.leader, host.halted) == (0, False)


def test_a_host_that_does_not_shut_down_loses_its_power(
    host: Host, chassis: FakeChassis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.hosts.host._STOP_WITHIN", 0.2)
    chassis.obeys = False
    running(host)
    host.want(Wanted.OFF)
    stopped(host)
    assert chassis.cycles[0].cuts == 1


def test_a_reboot_from_inside_starts_the_host_again(host: Host, chassis: FakeChassis) -> None:
    running(host)
    chassis.cycles[0].code = REBOOT
    poll(lambda: host.leader == 101, within=WITHIN, every=0.01)
    assert chassis.apart == 1


def test_a_restart_asks_the_host_to_reboot(host: Host, chassis: FakeChassis) -> None:
    running(host)
    host.restart()
    poll(lambda: host.leader == 101, within=WITHIN, every=0.01)
    assert chassis.cycles[0].asked == [RESTART]
    assert chassis.cycles[1].asked == []


@pytest.mark.parametrize("code", [0, 1, 137])
def test_a_host_that_ends_by_itself_stays_off_until_it_was_wanted_off(
    host: Host, chassis: FakeChassis, code: int
) -> None:
    running(host)
    chassis.cycles[0].code = code
    poll(lambda: host.halted, within=WITHIN, every=0.01)
    host.want(Wanted.ON)
    with pytest.raises(TimeoutError):
        poll(lambda: len(chassis.cycles) > 1, within=0.3, every=0.05)
    host.want(Wanted.OFF)
    running(host)
    assert len(chassis.cycles) == 2


def test_a_host_that_is_wanted_gone_loses_power_and_disk_and_never_comes_back(host: Host, chassis: FakeChassis) -> None:
    running(host)
    host.want(Wanted.GONE)
    host.want(Wanted.ON)
    assert host.join(WITHIN)
    assert (chassis.cycles[0].cuts, chassis.cycles[0].asked) == (1, [])
    assert chassis.scrapped
    assert host.is_gone


def test_volumes_are_there_after_each_start_and_plugged_once(host: Host, chassis: FakeChassis) -> None:
    disk: Any = object()
    host.show({"vol-1": disk})
    running(host)
    host.show({"vol-1": disk})
    host.restart()
    poll(lambda: host.leader == 101, within=WITHIN, every=0.01)
    assert chassis.plugged == [{"vol-1": disk}, {"vol-1": disk}]


def test_a_volume_that_comes_later_is_plugged_then(host: Host, chassis: FakeChassis) -> None:
    running(host)
    disk: Any = object()
    host.show({"vol-1": disk})
    poll(lambda: chassis.plugged == [{}, {"vol-1": disk}], within=WITHIN, every=0.01)


def test_a_failed_start_is_told_and_tried_again(
    host: Host, chassis: FakeChassis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.hosts.host._RETRY", 0.3)
    chassis.faults = [OSError("no space")]
    host.want(Wanted.ON)
    poll(lambda: host.fault == "OSError: no space", within=WITHIN, every=0.01)
    running(host)
    poll(lambda: host.fault == "", within=WITHIN, every=0.01)
