"""The units of a node of WSO2 Carbon."""

import shlex
from pathlib import Path

import pytest

from musternode.carbon import units
from musternode.carbon.host import UNIT, Host
from musternode.carbon.kind import KIND
from musternode.carbon.launch import java_options
from musternode.host import Identity
from musternode.paths import Paths
from musternode.servers import units as server_units
from musternode.system import Systemd
from musternode.units import AGENT, MEMBER, READINESS, VOLUME
from tests.node_carbon import PROXY, ROLE, chosen
from tests.node_carbon_machine import AXIS2, JAVA, KEYS, TOML, machine

SCRIPT = Path("/opt/wso2/1111111111111111/wso2-1.0/bin/wso2server.sh")
BRIDGED = {"credentials": "bridge", "discovery_role": ROLE, "engine": "4.2.6", "kernel": "4.9.14"}


def texts(**product: object) -> dict[str, str]:
    """Return the units of node a."""
    this = Host(Identity("a", "/p"), chosen(product=product), Paths(), Systemd())
    return {**server_units.common(KIND, this), **units.texts(this, JAVA, SCRIPT)}


def values(text: str, key: str) -> list[str]:
    """Return the values of a key in a unit."""
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


@pytest.mark.parametrize("product", [{}, {"proxy": PROXY}])
def test_the_options_of_java_reach_the_product_as_one_value(product: dict[str, object]) -> None:
    """As systemd reads it: quotes as in a shell, and a percent sign or a dollar sign would be something else."""
    options = java_options(chosen(product=product))
    (found,) = (value for value in values(texts(**product)[UNIT], "Environment") if "JAVA_OPTS" in value)
    assert shlex.split(found) == [f"JAVA_OPTS={options}"]
    assert not set(options) & set('%$"\\')


def test_the_product_runs_in_its_own_folder_as_its_own_user_with_its_java() -> None:
    text = texts()[UNIT]
    assert values(text, "User") == ["wso2"]
    assert values(text, "WorkingDirectory") == [str(SCRIPT.parent.parent)]
    assert values(text, "ExecStart") == [f"/bin/sh {SCRIPT}"]
    assert f"JAVA_HOME={JAVA}" in values(text, "Environment")


def test_the_product_is_started_by_the_member_and_not_at_a_boot() -> None:
    enabled = {name for name, text in texts(**BRIDGED).items() if "[Install]" in text}
    assert enabled == set(server_units.ENABLED) == {VOLUME, MEMBER, READINESS, AGENT}


@pytest.mark.parametrize("unit", [UNIT, MEMBER, READINESS, AGENT, units.BRIDGE_UNIT])
def test_units_that_must_live_are_started_without_limit(unit: str) -> None:
    """The limit of systemd is 5 starts in 10 s; after that a unit stays down."""
    assert "\nStartLimitIntervalSec=0\n" in texts(**BRIDGED)[unit].split("[Service]")[0]


@pytest.mark.parametrize("credentials", ["role", "none"])
def test_there_is_no_bridge_and_no_word_of_one_where_the_engine_needs_none(credentials: str) -> None:
    made = texts(credentials=credentials)
    assert units.BRIDGE_UNIT not in made
    assert "bridge" not in "".join(made.values())


def test_the_product_outlives_its_bridge_and_never_runs_without_its_rules() -> None:
    """By systemd's rule each start of a unit after a fault restarts what requires it."""
    text = texts(**BRIDGED)[UNIT]
    assert (values(text, "Wants"), values(text, "After")) == ([units.BRIDGE_UNIT], [units.BRIDGE_UNIT])
    assert values(text, "Requires") == values(text, "BindsTo") == []
    _, rules = values(text, "ExecStartPre")
    assert rules.startswith("+/usr/bin/env PYTHONPATH=/opt/muster/current ")
    assert rules.endswith("-m musternode bridge rules wso2")


def test_the_bridge_has_no_right_itself_and_another_program_changes_its_unit_alone() -> None:
    text = texts(**BRIDGED)[units.BRIDGE_UNIT]
    assert values(text, "DynamicUser") == ["yes"]
    assert values(text, "CapabilityBoundingSet") == [""]
    assert values(text, "Type") == ["notify"]
    assert values(text, "ExecStart")[0].endswith(f"-m musternode bridge {ROLE} eu-west-1 a")
    assert values(text, "ExecStartPre")[0].startswith("+/usr/bin/env PYTHONPATH=/opt/muster/0000000000000000 ")
    this = Host(
        Identity("a", "/p"),
        chosen(product=BRIDGED, asset={"bucket": "b", "key": "k", "sha256": "f" * 64}),
        Paths(),
        Systemd(),
    )
    other = {**server_units.common(KIND, this), **units.texts(this, JAVA, SCRIPT)}
    assert {name for name, one in texts(**BRIDGED).items() if other[name] != one} == {units.BRIDGE_UNIT, AGENT}


def test_no_unit_holds_a_secret_and_the_file_that_does_is_the_products_alone(tmp_path: Path) -> None:
    """Everybody on a host may read its units."""
    with machine(tmp_path, KEYS) as node:
        assert "id-one" not in "".join(node.units().values())
        assert "secret-one" not in "".join(node.units().values())
        assert "secret-one" in node.read(AXIS2)
        assert "secret-one" not in node.read(TOML)
        holders = [file for file in tmp_path.rglob("*") if file.is_file() and b"secret-one" in file.read_bytes()]
        assert {file.name: file.stat().st_mode & 0o777 for file in holders} == {
            "axis2.xml": 0o640,
            "discovery-1.json": 0o600,
        }
