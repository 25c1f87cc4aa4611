"""The units of a node of WSO2 AS: those of WSO2 Carbon, and the repository's."""

from pathlib import Path
from typing import Any

import pytest

from musternode.appserver import units
from musternode.appserver.host import Host, widened
from musternode.appserver.kind import KIND
from musternode.carbon import units as carbon
from musternode.carbon.host import UNIT
from musternode.host import Identity
from musternode.paths import Paths
from musternode.servers import units as server_units
from musternode.system import Systemd
from musternode.units import READINESS
from tests.appserver_support import DOCUMENT, chosen
from tests.node_servers import address

JAVA, SCRIPT = Path("/usr/lib/jvm/java-8"), Path("/opt/wso2/1111111111111111/wso2as-5.3.0/bin/wso2server.sh")


def host(name: str, **changes: Any) -> Host:
    """Return a node."""
    return Host(Identity(name, "/p"), chosen(**changes), Paths(), Systemd())


@pytest.mark.parametrize("name", "abcd")
def test_the_products_unit_is_that_of_wso2_carbon_byte_for_byte(name: str) -> None:
    made = units.texts(host(name), JAVA, SCRIPT)
    assert made[UNIT] == carbon.texts(widened(host(name)), JAVA, SCRIPT)[UNIT]


@pytest.mark.parametrize("name", "abcd")
def test_the_committing_node_alone_makes_the_tables_of_a_shared_database(name: str) -> None:
    secrets = {**DOCUMENT["secrets"], "database": "arn"}
    this = host(name, product={"database": {"url": "jdbc:mysql://h/d"}, "committer": "b"}, secrets=secrets)
    (line,) = (line for line in units.texts(this, JAVA, SCRIPT)[UNIT].splitlines() if "JAVA_OPTS" in line)
    assert line == ('Environment="JAVA_OPTS=-Dsetup "' if name == "b" else 'Environment="JAVA_OPTS="')


@pytest.mark.parametrize(("name", "served"), [("a", True), ("b", True), ("c", False)])
def test_management_has_the_unit_that_serves_the_repository_at_its_own_address(name: str, *, served: bool) -> None:
    made = units.texts(host(name), JAVA, SCRIPT)
    assert sorted(made) == (["muster-artifacts.service", UNIT] if served else [UNIT])
    assert not served or f"--listen-host {address(name)} --listen-port 3690" in made["muster-artifacts.service"]


@pytest.mark.parametrize(("name", "group"), [("a", "mgt"), ("c", "worker")])
def test_the_balancer_is_answered_by_what_the_node_is_for(name: str, group: str) -> None:
    text = server_units.common(KIND, widened(host(name)))[READINESS]
    assert f"-m musternode appserver-readiness {address(name)} 9180 9443 {group}\n" in text
