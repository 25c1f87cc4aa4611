"""The engine's level in the product's log configuration."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode import properties
from musternode.carbon import engine_log

KEY = "logger.com-hazelcast.level"
OLD_KEY = "log4j.logger.com.hazelcast"


@pytest.mark.parametrize("level", ["ERROR", "error", " FATAL ", "OFF"])
def test_a_level_that_hides_warnings_is_made_to_show_them(level: str) -> None:
    content = f"# why\nlogger.com-hazelcast.name = com.hazelcast\n{KEY} ={level}\nother = 1\n".encode()
    changed = engine_log.patched(content, KEY)
    assert properties.load(changed)[KEY] == "WARN"
    assert engine_log.patched(changed, KEY) == changed
    assert [line for line in changed.splitlines() if not line.startswith(KEY.encode())] == [
        line for line in content.splitlines() if not line.startswith(KEY.encode())
    ]


@pytest.mark.parametrize("level", ["WARN", "INFO", "DEBUG", "ALL"])
def test_a_level_that_shows_warnings_stays(level: str) -> None:
    content = f"{KEY} = {level}\n".encode()
    assert engine_log.patched(content, KEY) == content


def test_appenders_behind_the_level_stay() -> None:
    assert engine_log.patched(f"{OLD_KEY}=ERROR, CARBON_LOGFILE\n".encode(), OLD_KEY) == (
        f"{OLD_KEY}=WARN, CARBON_LOGFILE\n".encode()
    )


@given(st.binary(max_size=200).filter(lambda content: b"hazelcast" not in content))
def test_a_file_without_the_engines_level_stays_as_it_is(content: bytes) -> None:
    assert engine_log.patched(content, KEY) == content
