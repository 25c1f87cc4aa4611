"""The hour of updates on a node: its timer comes, changes and goes with the settings."""

import datetime
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode import settings
from musternode import stages as node_stages
from musternode.failure import Failure
from musternode.paths import Paths
from musternode.settings import DAYS, Updates
from musternode.updates import stages, words
from musternode.updates.units import DEBIANS, SERVICE, TIMER, units
from musternode.updates.words import Word
from tests import node_axonivy, node_carbon, node_kaazing
from tests.appserver_support import chosen as appserver
from tests.rendered_support import read_by_systemd
from tests.test_node_settings import DOCUMENT

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
SUNDAY = Updates("sunday", 3, "latest")


class Machine:
    """A host below a folder; `said` is what systemd was asked for."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths, self.active, self.said = Paths(folder), False, [""]
        self.said.clear()
        monkeypatch.setattr(stages, "run", self.run)
        monkeypatch.setattr(stages, "Systemd", lambda: self)
        monkeypatch.setattr(node_stages, "Systemd", lambda: self)

    def run(self, argv: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        if "is-active" in argv:
            return subprocess.CompletedProcess(argv, 0 if self.active else 3, "", "")
        self.said.append(" ".join(argv[1:]))
        return subprocess.CompletedProcess(argv, 0, "", "")

    def enable(self, unit: str) -> None:
        self.said.append(f"enable {unit}")

    def restart(self, unit: str) -> None:
        self.said.append(f"restart {unit}")
        self.active = True

    def reload(self) -> None:
        self.said.append("reload")

    def carry_out(self, updates: Updates | None) -> list[str]:
        """Return what systemd was asked for."""
        self.said.clear()
        stages.carry_out(self.paths, updates)
        return list(self.said)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return a host without updates."""
    return Machine(tmp_path, monkeypatch)


def test_a_node_whose_file_says_nothing_of_updates_has_nothing_of_them(machine: Machine) -> None:
    assert machine.carry_out(None) == []
    assert not machine.paths.units.exists()


def test_a_timer_comes_and_is_left_alone_as_long_as_it_is_the_same(machine: Machine) -> None:
    assert machine.carry_out(SUNDAY) == ["reload", f"enable {TIMER}", f"restart {TIMER}"]
    assert machine.carry_out(SUNDAY) == []
    assert machine.carry_out(Updates("monday", 3, "latest")) == ["reload", f"enable {TIMER}", f"restart {TIMER}"]


def test_a_timer_that_somebody_stopped_is_started_again(machine: Machine) -> None:
    machine.carry_out(SUNDAY)
    machine.active = False
    assert machine.carry_out(SUNDAY) == [f"enable {TIMER}", f"restart {TIMER}"]


def test_everything_goes_with_the_field(machine: Machine) -> None:
    machine.carry_out(SUNDAY)
    words.say(machine.paths, Word("2026-W48", words.FAILED, "why"))
    assert machine.carry_out(None) == [f"disable --quiet --now {TIMER}", "reload"]
    assert [name for name in (TIMER, SERVICE, DEBIANS) if (machine.paths.units / name).exists()] == []
    assert words.load(machine.paths) is None


@pytest.mark.parametrize(("day", "short"), [(day, day[:3].title()) for day in DAYS])
def test_the_timer_goes_off_at_the_hour_of_the_day_in_utc_and_makes_up_for_none(day: str, short: str) -> None:
    text = units(Updates(day, 7, "latest"), Paths())[TIMER]
    assert f"OnCalendar={short} *-*-* 07:00:00 UTC\nPersistent=no\n" in text


@needs_systemd
@hypothesis.settings(max_examples=20, deadline=None)
@given(day=st.sampled_from(DAYS), hour=st.integers(0, 23))
def test_systemd_reads_hour_and_process_as_they_were_meant(day: str, hour: int) -> None:
    texts = units(Updates(day, hour, "latest"), Paths())
    calendar = next(line for line in texts[TIMER].splitlines() if line.startswith("OnCalendar=")).partition("=")[2]
    argv = ["systemd-analyze", "calendar", "--base-time=2026-11-22 23:59:59 UTC", calendar]
    plain = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    said = subprocess.run(argv, capture_output=True, text=True, check=True, env=plain).stdout
    wanted = datetime.date(2026, 11, 23) + datetime.timedelta(days=DAYS.index(day))
    assert f"Next elapse: {wanted:%a %Y-%m-%d} {hour:02d}:00:00 UTC" in said
    read = read_by_systemd({SERVICE: texts[SERVICE]})[SERVICE]
    assert read.commands["ExecStart"] == [["/usr/bin/python3", "-m", "musternode", "updates"]]


def test_debians_own_updates_rest_while_the_timer_is_there() -> None:
    assert units(SUNDAY, Paths())[DEBIANS] == (
        "[Unit]\nConditionPathExists=!/etc/systemd/system/muster-updates.timer\n"
    )


def test_a_kernel_can_be_installed_and_no_module_be_loaded() -> None:
    text = units(SUNDAY, Paths())[SERVICE]
    assert "ProtectKernelModules" not in text
    assert "CAP_SYS_MODULE" not in text


@pytest.mark.parametrize(
    ("at", "number"),
    [
        ("2026-11-29T02:59:59+00:00", "2026-W47"),
        ("2026-11-29T03:00:00+00:00", "2026-W48"),
        ("2026-11-30T09:00:00+00:00", "2026-W48"),
        ("2026-12-06T02:59:59+00:00", "2026-W48"),
        ("2027-01-04T09:00:00+00:00", "2026-W53"),
    ],
)
def test_a_round_lasts_from_its_hour_until_that_of_the_next_week(at: str, number: str) -> None:
    """Who begins again what failed on Sunday does so on Monday."""
    assert words.number(datetime.datetime.fromisoformat(at), SUNDAY) == number


@given(
    st.integers(0, 10 * 366 * 86400),
    st.sampled_from(DAYS),
    st.integers(0, 23),
)
def test_each_hour_of_the_file_begins_one_round(seconds: int, day: str, hour: int) -> None:
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=seconds)
    updates, week = Updates(day, hour, "latest"), datetime.timedelta(days=7)
    begins = at.replace(minute=0, second=0, microsecond=0, hour=hour)
    begins += datetime.timedelta(days=(DAYS.index(day) - at.weekday()) % 7)
    begins -= week if begins > at else datetime.timedelta()
    numbers = [words.number(each, updates) for each in (begins, at, begins + week - datetime.timedelta(seconds=1))]
    assert len(set(numbers)) == 1
    assert words.number(begins - datetime.timedelta(seconds=1), updates) < numbers[0]


TOLD = {"day": "sunday", "hour": 3, "release": "latest"}


def test_a_document_of_before_there_were_updates_wants_none() -> None:
    assert settings.read(json.dumps(DOCUMENT)).updates is None
    assert settings.read(json.dumps({**DOCUMENT, "updates": {}})).updates is None
    assert settings.read(json.dumps({**DOCUMENT, "updates": TOLD})).updates == SUNDAY


def test_every_product_is_told_of_updates() -> None:
    readers = (node_carbon.chosen("abc"), node_kaazing.chosen(), node_axonivy.chosen(), appserver())
    assert [each.updates for each in readers] == [None] * 4


@pytest.mark.parametrize(
    ("wrong", "words_of_it"),
    [
        ({"day": "sun"}, "updates.day is 'sun'"),
        ({"hour": 24}, "updates.hour is 24; it is within 0 and 23"),
        ({"hour": True}, "updates.hour is True"),
        ({"release": "2023 --repo"}, "updates.release is '2023 --repo'; it is latest or such as"),
        ({"minute": 1}, "unknown key updates.minute"),
    ],
)
def test_what_no_timer_and_no_package_manager_takes_is_refused(wrong: dict[str, Any], words_of_it: str) -> None:
    with pytest.raises(Failure, match=words_of_it):
        settings.read(json.dumps({**DOCUMENT, "updates": {**TOLD, **wrong}}))
