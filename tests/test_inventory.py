"""What the service writes is what others read."""

from pathlib import Path

import pytest

from rehearsal.inventory import (
    BalancerEntry,
    HostEntry,
    Inventory,
    ServiceState,
    VisitorEntry,
    read_inventory,
    read_state,
    write_inventory,
    write_state,
)

HOST = HostEntry("i-1", "a", "as400-a", "10.64.0.10", "mu-h-1", 4711, "running")
WHOLE = Inventory(
    (HOST,), (BalancerEntry("alb.example", "10.64.8.126", "mu-b-1"),), (VisitorEntry("v", "n", "a", "d"),)
)


def test_an_inventory_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "hosts.json"
    write_inventory(WHOLE, file)
    assert read_inventory(file) == WHOLE


def test_a_state_is_read_as_it_was_written_and_is_roots_alone(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    state = ServiceState(1, "ready", "http://localhost:1", "eu-west-1", "123456789012", "AKIA", {"A": "b"}, "")
    write_state(state, file)
    assert read_state(file) == state
    assert file.stat().st_mode & 0o777 == 0o600


def test_where_nothing_runs_there_is_no_state_and_an_empty_inventory(tmp_path: Path) -> None:
    assert read_state(tmp_path / "none") is None
    assert read_inventory(tmp_path / "none") == Inventory()


def test_an_unknown_node_is_named_with_those_there_are() -> None:
    with pytest.raises(LookupError, match=r"no host of node z; there are \['a'\]"):
        WHOLE.host("z")
