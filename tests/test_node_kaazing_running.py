"""The gateway as a unit of its host."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from musternode.failure import Failure
from musternode.kaazing import running
from musternode.kaazing.host import UNIT
from musternode.kaazing.running import EVERY, Running
from musternode.kaazing.upgrade import Service
from rehearsal.poll import poll
from tests.node_machine import Recorded
from tests.test_node_kaazing_upgrade import gateway, upgraded

SERVICE = Service("127.0.0.1", 1, "gw.example.org", "/echo")


@dataclass
class Slow(Recorded):
    """Systemd whose units take their time to end, and may not begin again."""

    ended: threading.Event = field(default_factory=threading.Event)
    broken: bool = False

    def restart(self, unit: str) -> None:
        """Wait until it has ended."""
        self.ended.wait(10)
        if self.broken:
            raise Failure("no unit")
        super().restart(unit)


def test_a_restart_keeps_nobody_waiting_and_the_unit_is_not_started_beside_it() -> None:
    units = Slow()
    product = Running(units, lambda: SERVICE)
    product.restart()
    product.start()
    assert (product.restarting(), units.said) == (True, [])
    units.ended.set()
    poll(lambda: not product.restarting(), within=5, every=0.01)
    assert units.said == [f"restart {UNIT}"]
    product.start()
    assert units.said[1:] == [f"start {UNIT}"]


def test_a_restart_that_fails_has_ended() -> None:
    units = Slow(broken=True)
    units.ended.set()
    product = Running(units, lambda: SERVICE)
    product.restart()
    poll(lambda: not product.restarting(), within=5, every=0.01)
    product.start()
    assert units.said == [f"start {UNIT}"]


def test_a_gateway_that_takes_users_is_not_asked_at_each_look_and_one_that_does_not_is() -> None:
    """Its service may open a connection for each."""
    asked, now = list[bytes](), [0.0]
    answers: list[Callable[[bytes], bytes]] = [upgraded]

    def does(connection: socket.socket, sent: bytes) -> None:
        asked.append(sent)
        connection.sendall(answers[0](sent))

    with gateway(does) as service:
        product = Running(Recorded(), lambda: service, lambda: now[0])
        assert [product.hindrance() for _ in range(4)] == [""] * 4
        assert len(asked) == 1
        now[0] += EVERY
        answers[0] = lambda _: b"HTTP/1.1 503 Busy\r\n\r\n"
        assert ["503" in product.hindrance() for _ in range(2)] == [True] * 2
        assert len(asked) == 3


@pytest.mark.parametrize("fault", [Failure("no path"), FileNotFoundError(2, "no path")])
def test_a_file_that_names_no_service_is_what_hinders_it_and_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    faults = [fault]

    def find() -> Service:
        if faults:
            raise faults.pop()
        return SERVICE

    monkeypatch.setattr(running, "hindrance", lambda _: "it is down")
    product = Running(Recorded(), find)
    assert "no path" in product.hindrance()
    assert product.hindrance() == "it is down"
