"""After a rehearsal that was killed nothing stays, and what is not a rehearsal's is left alone."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import exclusive, leftovers, netns, places
from rehearsal.hosts import cgroups
from rehearsal.hosts.cgroups import ControlGroups
from rehearsal.hosts.volumes import Disk, loop_devices
from rehearsal.poll import poll
from tests.hosts_support import service, site

pytestmark = pytest.mark.host


@pytest.fixture
def alone() -> Iterator[None]:
    """Keep any rehearsal away: it would be taken for leftovers."""
    with exclusive.exclusive():
        yield


def test_a_killed_service_leaves_things_and_all_of_them_are_removed() -> None:
    with service() as rehearsal:
        place = site(rehearsal)
        instance = place.launch("10.77.0.30", "x")
        place.attach(instance)
        poll(lambda: place.leader(instance), within=30)
        poll(lambda: list(loop_devices(places.WORK)), within=10)
        leader = place.leader(instance)
        os.kill(rehearsal.state.pid, signal.SIGKILL)
        poll(lambda: exclusive.holder() is None, within=10)
        with exclusive.exclusive():
            found = " ".join(leftovers.find_leftovers())
            for kind in ("process", "network namespace", "mount", "control group", "folder"):
                assert f"{kind} " in found
            leftovers.remove_leftovers()
            assert leftovers.find_leftovers() == []
        poll(lambda: not Path(f"/proc/{leader}").exists(), within=10)  # dead at once, reaped by this machine's init


def test_a_service_that_is_asked_to_end_leaves_nothing() -> None:
    with service() as rehearsal:
        place = site(rehearsal)
        instance = place.launch("10.77.0.31", "y")
        place.attach(instance)
        poll(lambda: place.leader(instance), within=30)
        os.kill(rehearsal.state.pid, signal.SIGTERM)
        poll(lambda: exclusive.holder() is None, within=60)
        assert leftovers.find_leftovers() == []


@pytest.mark.usefixtures("alone")
def test_a_loop_device_of_a_volume_is_found_and_removed() -> None:
    disk = Disk(places.WORK / "volumes/vol-1.img", 1)
    try:
        assert f"loop device {disk.path}" in leftovers.find_leftovers()
    finally:
        disk.release()
    leftovers.remove_leftovers()
    assert leftovers.find_leftovers() == []


@pytest.mark.usefixtures("alone")
def test_a_frozen_process_in_a_control_group_is_ended() -> None:
    groups = ControlGroups("test")
    groups.make()
    sleeping = subprocess.Popen(groups.command(["sleep", "600"]))
    try:
        poll(lambda: f"process {sleeping.pid}" in leftovers.find_leftovers(), within=5)
        for folder in groups.folders:
            for name, frozen in (("freezer.state", "FROZEN"), ("cgroup.freeze", "1")):
                if (folder / name).exists():
                    (folder / name).write_text(frozen)
        leftovers.remove_leftovers()
        assert sleeping.wait(5) == -signal.SIGKILL
        assert leftovers.find_leftovers() == []
    finally:
        sleeping.kill()
        sleeping.wait()


@pytest.mark.usefixtures("alone")
def test_a_service_whose_name_begins_as_musters_do_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's own, or one of a host of another rehearsal: systemd calls its control group by the unit."""
    with monkeypatch.context() as patch:
        patch.setattr(cgroups, "CGROUP_PREFIX", "")
        groups = ControlGroups("muster-gate.service")
    groups.make()
    serving = subprocess.Popen(groups.command(["sleep", "600"]))
    try:
        poll(lambda: serving.pid in cgroups.members(groups.folders), within=5)
        assert leftovers.find_leftovers() == []
        leftovers.remove_leftovers()
        assert serving.poll() is None
    finally:
        serving.kill()
        serving.wait()
        groups.remove()


@pytest.mark.usefixtures("alone")
def test_other_namespaces_and_their_processes_are_left_alone() -> None:
    netns.add("not-a-rehearsal")
    netns.add("mu-h-left")
    other = subprocess.Popen(["ip", "netns", "exec", "not-a-rehearsal", "sleep", "600"])
    try:
        leftovers.remove_leftovers()
        assert netns.names("mu-") == []
        assert netns.names("not-a-rehearsal") == ["not-a-rehearsal"]
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
        netns.remove("not-a-rehearsal")
