"""What the gate process of a node is tied to: its seed, its backups and restores, the users in force. Nothing runs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from musternode import host
from musternode.h2.data import Data
from musternode.h2.database import Database
from musternode.h2.events import Job, JobEnded
from musternode.h2.gate_service import Service, Unit
from musternode.h2.order import Order
from musternode.h2.witness import Item
from rehearsal.poll import poll
from tests.node_machine import Machine, machine
from tests.test_node_rotation import NEXT

ORDER = Order("h2/night.sql.gz", "0" * 64, 7)
Calls = list[tuple[str, Any]]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Machine]:
    """Yield node a."""
    with machine(tmp_path) as made:
        yield made


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Return what the data's part is asked for."""
    made: Calls = []
    monkeypatch.setattr(Unit, "run", lambda _: ("", 0))
    monkeypatch.setattr(Data, "seed", lambda _, database: made.append(("seed", database)))
    monkeypatch.setattr(Data, "look", lambda _, database: made.append(("look", database)))
    monkeypatch.setattr(Data, "restore", lambda _, database, order: made.append(("restore", (database, order))))
    return made


def ended(service: Service, job: Job) -> JobEnded:
    """Let the gate process do `job` and return how it ended."""
    service.parts.jobs.begin(job)
    events: list[Any] = []

    def found() -> bool:
        queued = service.parts.keeper._events
        events.extend(queued.get_nowait() for _ in range(queued.qsize()))
        return any(isinstance(event, JobEnded) for event in events)

    poll(found, within=10)
    return next(event for event in events if isinstance(event, JobEnded))


def test_the_first_data_comes_by_the_settings_seed(node: Machine, calls: Calls) -> None:
    service = Service(node.host())
    assert ended(service, Job.SEED) == JobEnded(Job.SEED)
    assert calls == [("seed", service._database)]


def test_a_restore_is_of_the_order_that_the_witness_holds(node: Machine, calls: Calls) -> None:
    service = Service(node.host())
    keeper = service.parts.keeper
    keeper.state = replace(keeper.state, seen=Item(7, frozenset("a"), "a", restore=ORDER))
    assert ended(service, Job.RESTORE) == JobEnded(Job.RESTORE)
    assert calls == [("restore", (service._database, ORDER))]


def test_a_restore_without_an_order_fails_and_touches_nothing(node: Machine, calls: Calls) -> None:
    assert ended(Service(node.host()), Job.RESTORE).fault == "the order to restore is gone"
    assert calls == []


def test_backups_and_users_are_looked_after_beside_the_flush(
    node: Machine, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "probe", lambda _: True)
    monkeypatch.setattr(Database, "checkpoint", lambda _: None)
    service = Service(node.host())
    flush = service.parts._flush
    flush.start()
    try:
        poll(lambda: calls, within=10)
    finally:
        flush.stop()
    assert calls[0] == ("look", service._database)


def test_the_application_user_that_the_member_has_switched_to_is_the_databases_too(node: Machine) -> None:
    service = Service(node.host())
    users = host.load_credentials(node.paths)
    assert service._database._user == users["application"] != NEXT
    host.save_credentials(node.paths, {**users, "application": NEXT})
    service._look()
    assert service._database._user == NEXT
