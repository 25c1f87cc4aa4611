"""The hypervisor outlives every failure, and says what fails again and again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.hosts.hypervisor import Hypervisor
from rehearsal.inventory import Inventory
from rehearsal.network import ServerCertificate
from rehearsal.poll import poll

WITHIN = 5.0


class Account:
    """An account with nothing in it, which may be broken."""

    host_app = None
    region = "eu-west-1"
    broken = ""

    def client(self, _service: str) -> Any:
        return self

    def __getattr__(self, operation: str) -> Any:
        if operation.startswith("__"):
            raise AttributeError(operation)
        if self.broken:
            raise ConnectionError(self.broken)
        keys = ("Reservations", "Vpcs", "Subnets", "SecurityGroups", "RouteTables", "Volumes", "LoadBalancers")
        more = ("VpcEndpoints", "FileSystems", "NetworkAcls", "NatGateways")
        return lambda **_asked: {key: [] for key in (*keys, *more)}


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Inventory]:
    found: list[Inventory] = []
    monkeypatch.setattr("rehearsal.hosts.hypervisor.write_inventory", found.append)
    monkeypatch.setattr("rehearsal.hosts.hypervisor._TICK", 0.01)
    return found


@pytest.fixture
def hypervisor(
    account: Account, written: list[Inventory], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hypervisor]:
    monkeypatch.setattr("rehearsal.hosts.hypervisor.WORK", tmp_path)
    certificate = ServerCertificate(tmp_path / "cert", tmp_path / "key")
    made = Hypervisor(account=account, image=tmp_path, certificate=certificate)  # type: ignore[arg-type]
    made.start()
    assert written == [Inventory()]
    yield made
    made.stop()


def test_a_failure_that_repeats_is_told_and_forgotten_once_it_is_over(hypervisor: Hypervisor, account: Account) -> None:
    assert hypervisor.faults() == []
    account.broken = "nobody listens"
    assert poll(hypervisor.faults, within=WITHIN) == ["account: ConnectionError: nobody listens"]
    account.broken = ""
    poll(lambda: hypervisor.faults() == [], within=WITHIN)


def test_an_inventory_that_does_not_change_is_written_once(hypervisor: Hypervisor, written: list[Inventory]) -> None:
    with pytest.raises(TimeoutError):
        poll(lambda: len(written) > 1, within=0.3)
    assert hypervisor.faults() == []
