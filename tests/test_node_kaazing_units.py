"""The unit of a gateway, and the command that answers the balancer for it."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.host import Identity
from musternode.kaazing import launch, units
from musternode.kaazing.host import Host
from musternode.paths import Paths
from musternode.system import Systemd
from tests.node_kaazing import chosen
from tests.node_kaazing_machine import JAVA


def values(text: str, key: str) -> list[str]:
    """Return the values of a key in a unit."""
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def product(folder: Path, heartbeat: int = 60) -> str:
    """Return the unit of node a."""
    this = Host(Identity("a", "/p"), chosen(product={"heartbeat": heartbeat}), Paths(folder), Systemd())
    this.home.mkdir(parents=True, exist_ok=True)
    if not this.current.is_symlink():
        this.current.symlink_to(this.home / "1111111111111111/gateway-5.6.2")
    return units.product(this, JAVA)


def test_the_options_of_java_reach_the_script_as_one_value(tmp_path: Path) -> None:
    """As systemd reads it: quotes as in a shell, and a percent sign or a dollar sign would be something else."""
    home = tmp_path / "opt/kaazing/1111111111111111/gateway-5.6.2"
    found = dict(
        item.split("=", 1) for value in values(product(tmp_path), "Environment") for item in shlex.split(value)
    )
    assert found == launch.environment(JAVA, launch.options(home, 60))
    assert not set("".join(found.values())) & set('%$"\\')


def test_it_runs_in_its_own_folder_as_its_own_user_and_makes_what_its_archive_has_lost_itself(tmp_path: Path) -> None:
    text, home = product(tmp_path), tmp_path / "opt/kaazing/1111111111111111/gateway-5.6.2"
    assert values(text, "User") == ["kaazing"]
    assert values(text, "WorkingDirectory") == [str(home)]
    assert values(text, "ExecStart") == [f"{home}/bin/gateway.start"]
    assert values(text, "ExecStartPre")[1:] == ["/bin/mkdir -p log temp web"]


@pytest.mark.parametrize(("heartbeat", "seconds"), [(5, "25"), (60, "80"), (600, "90")])
def test_it_may_take_its_heartbeat_to_end_but_not_for_ever(tmp_path: Path, heartbeat: int, seconds: str) -> None:
    assert values(product(tmp_path, heartbeat), "TimeoutStopSec") == [seconds]


def test_it_is_started_without_limit_again_and_again_but_by_the_member_alone_after_a_boot(tmp_path: Path) -> None:
    text = product(tmp_path)
    assert "\nStartLimitIntervalSec=0\n" in text.split("[Service]")[0]
    assert (values(text, "Restart"), values(text, "SuccessExitStatus")) == (["on-failure"], ["143"])
    assert "[Install]" not in text


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126)))
def test_an_argument_of_a_command_is_read_as_it_was(text: str) -> None:
    """By systemd: first specifiers (%), then quotes and escapes, then variables ($)."""
    written = units.quoted(text)
    assert not written.replace("%%", "").count("%")
    (read,) = shlex.split(written.replace("%%", "%"))
    assert not read.replace("$$", "").count("$")
    assert read.replace("$$", "$") == text
