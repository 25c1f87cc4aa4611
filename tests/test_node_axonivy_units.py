"""The units of a node with an Axon.ivy engine."""

from pathlib import Path

import pytest

from musternode.axonivy import shared
from musternode.axonivy.host import UNIT
from musternode.units import AGENT, MEMBER, READINESS, VOLUME
from tests.node_axonivy import FILE_SYSTEM
from tests.node_axonivy_machine import JAVA, machine


def values(text: str, key: str) -> list[str]:
    """Return the values of a key in a unit."""
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def test_the_engine_runs_in_the_foreground_as_its_own_user_with_its_java(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        text, home = node.units()[UNIT], node.home
    assert values(text, "User") == ["ivy"]
    assert values(text, "WorkingDirectory") == [str(home)]
    assert values(text, "ExecStart") == [f"{home}/bin/AxonIvyEngine -start"]
    assert values(text, "Environment") == [f"IVY_JAVA_HOME={JAVA}"]
    assert (values(text, "SuccessExitStatus"), values(text, "TimeoutStopSec")) == (["143"], ["60"])


def test_the_rules_are_given_by_root_at_each_start(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        given = values(node.units()[UNIT], "ExecStartPre")
    assert given == [f"+/usr/sbin/nft -f {tmp_path}/etc/muster/{name}.nft" for name in ("metadata", "axonivy")]


def test_the_file_system_is_mounted_by_tls_and_role_for_the_engine(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        units = node.units()
    mount = units[shared.MOUNT]
    assert values(mount, "What") == [f"{FILE_SYSTEM}:/"]
    assert values(mount, "Type") == ["efs"]
    assert set(values(mount, "Options")[0].split(",")) == {"tls", "iam", "_netdev"}
    assert values(mount, "After") == values(mount, "Wants") == ["network-online.target"]
    assert values(units[UNIT], "RequiresMountsFor") == values(mount, "Where") == ["/mnt/axonivy"]


def test_systemd_takes_the_unit_for_that_folder(tmp_path: Path) -> None:
    """It is called as systemd.mount(5) wants it: the path with dashes for slashes."""
    with machine(tmp_path) as node:
        (where,) = values(node.units()[shared.MOUNT], "Where")
    assert f"{where.strip('/').replace('/', '-')}.mount" == shared.MOUNT


def test_what_the_image_mounts_is_waited_for_and_left_to_it(tmp_path: Path) -> None:
    (tmp_path / "srv/ivy").mkdir(parents=True)
    with machine(tmp_path, {"file_system": None, "shared": "/srv/ivy"}) as node:
        units = node.units()
    assert shared.MOUNT not in units
    assert values(units[UNIT], "RequiresMountsFor") == ["/srv/ivy"]


def test_the_engine_is_started_by_the_member_and_not_at_a_boot(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        enabled = {name for name, text in node.units().items() if "[Install]" in text}
    assert enabled == {VOLUME, MEMBER, READINESS, AGENT}


def test_the_balancer_is_answered_by_the_page_of_that_engine(tmp_path: Path) -> None:
    with machine(tmp_path / "new") as node:
        assert "axonivy-readiness 10.0.1.10 9180 8080 /system/health\n" in node.units()[READINESS]
    with machine(tmp_path / "old", {"version": "8.0.29"}) as node:
        assert "axonivy-readiness 10.0.1.10 9180 8080 /ivy/\n" in node.units()[READINESS]


@pytest.mark.parametrize("secret", ["secret-one", "ivy-user", "one licence"])
def test_no_unit_holds_a_secret(tmp_path: Path, secret: str) -> None:
    with machine(tmp_path) as node:
        assert secret not in "".join(node.units().values())
