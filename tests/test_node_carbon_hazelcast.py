"""repository/conf/hazelcast.properties: how soon the engine notices that a member is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode import properties
from musternode.carbon import hazelcast_properties

HEARTBEATS = st.integers(5, 600)
USERS = b"# ours\r\nhazelcast.logging.type = log4j\r\n! more\r\nhazelcast.max.no.heartbeat.seconds : 600\r\n"


def read(heartbeat: int, content: bytes = b"") -> dict[str, str]:
    """Return what the engine reads."""
    return properties.load(hazelcast_properties.patched(content, heartbeat))


def test_a_file_is_written_where_there_is_none() -> None:
    assert hazelcast_properties.patched(b"", 60).decode().splitlines() == [
        "hazelcast.max.no.heartbeat.seconds=60",
        "hazelcast.heartbeat.interval.seconds=5",
        "hazelcast.max.no.master.confirmation.seconds=150",
        "hazelcast.merge.first.run.delay.seconds=30",
        "hazelcast.merge.next.run.delay.seconds=3600",
    ]


@pytest.mark.parametrize(
    ("heartbeat", "interval", "confirmation"), [(5, "1", "90"), (29, "1", "90"), (30, "5", "90"), (59, "5", "148")]
)
def test_a_shorter_heartbeat_is_sent_more_often_and_confirmed_sooner(
    heartbeat: int, interval: str, confirmation: str
) -> None:
    found = read(heartbeat)
    assert found["hazelcast.heartbeat.interval.seconds"] == interval
    assert found["hazelcast.max.no.master.confirmation.seconds"] == confirmation


@given(HEARTBEATS)
def test_some_heartbeats_may_be_lost_and_the_master_is_more_patient(heartbeat: int) -> None:
    found = {name: int(value) for name, value in read(heartbeat).items()}
    assert 5 * found["hazelcast.heartbeat.interval.seconds"] <= found["hazelcast.max.no.heartbeat.seconds"] == heartbeat
    assert found["hazelcast.max.no.master.confirmation.seconds"] >= max(2 * heartbeat, 3 * 30)


@given(HEARTBEATS)
def test_the_engine_looks_for_others_that_began_with_it_and_leaves_the_rest_to_the_members(heartbeat: int) -> None:
    found = read(heartbeat)
    assert int(found["hazelcast.merge.first.run.delay.seconds"]) <= 30
    assert int(found["hazelcast.merge.next.run.delay.seconds"]) >= 3600


@given(HEARTBEATS)
def test_lines_of_the_user_stay_and_a_value_is_replaced_where_it_stands(heartbeat: int) -> None:
    after = hazelcast_properties.patched(USERS, heartbeat)
    head = USERS.replace(b"600", str(heartbeat).encode())
    assert after.startswith(head)
    assert after.count(b"max.no.heartbeat") == 1


@given(HEARTBEATS)
def test_twice_is_once(heartbeat: int) -> None:
    once = hazelcast_properties.patched(USERS, heartbeat)
    assert hazelcast_properties.patched(once, heartbeat) == once
