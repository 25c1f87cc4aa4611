"""The product as a unit of its host, and the word to the service manager that a process is ready."""

import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from musternode import notify
from musternode.carbon.host import UNIT
from musternode.carbon.running import Running
from tests.node_machine import Recorded


@dataclass
class Units(Recorded):
    """Systemd that tells which unit it was asked for."""

    asked: list[str] = field(default_factory=list)

    def running(self, unit: str) -> bool:
        """Return that it runs."""
        self.asked.append(unit)
        return True

    def run_id(self, unit: str) -> str:
        """Return a run."""
        self.asked.append(unit)
        return "run 1"


def test_the_products_own_unit_is_what_is_started_and_asked_for() -> None:
    units = Units()
    product = Running(units, 9763, Path("none"))
    product.start()
    assert (product.running(), product.run_id()) == (True, "run 1")
    assert (units.said, set(units.asked)) == ([f"start {UNIT}"], {UNIT})


def test_a_product_that_does_not_listen_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not Running(Units(), port, Path("none")).healthy()


def test_it_complains_with_its_logs_last_fault_or_else_with_its_journal(tmp_path: Path) -> None:
    log = tmp_path / "wso2carbon.log"
    product = Running(Units(), 9763, log)
    lacks = "the product does not answer at /services port 9763, or its engine did not start; it said: "
    assert product.complaint() == f"{lacks}nothing"  # the journal's word
    log.write_text("[2026-11-22 07:30:00,123] ERROR {org.x.Y} - No way\nCaused by: java.io.IOException: full\n")
    assert product.complaint() == f"{lacks}No way; Caused by: java.io.IOException: full"


def test_the_service_manager_is_told_where_it_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify.say("READY=1")
        assert manager.recv(100) == b"READY=1"


@pytest.mark.parametrize("place", ["", "/nobody/listens"])
def test_without_a_service_manager_nothing_happens(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", place)
    notify.say("READY=1")
