"""The double of WSO2 AS reads what a node writes into its files."""

from pathlib import Path
from typing import Any

import pytest

from musternode.appserver import axis2_properties, carbon_xml, catalina_xml, server_configuration, start_script
from rehearsal.doubles.appserver import LAUNCHER, build_appserver
from tests.double_appserver_support import ZIP
from tests.double_carbon_support import settings, unpacked

PASSWORD = "a<b&c]]>d"


def edited(version: str, group: str, folder: Path) -> dict[str, Any]:
    """Return what a double is started with after a node has edited its files for a member of that group."""
    home = unpacked(build_appserver(version, ZIP), folder)
    server = server_configuration.Wanted(
        offset=1,
        host="as.example.org",
        management="mgt.as.example.org",
        commits=group == "mgt",
        url="svn://10.0.1.11:3690/artifacts",
        user="commit" if group == "mgt" else "checkout",
        password=PASSWORD,
        append=True,
    )
    files = {name: home / "repository/conf" / name for name in ("carbon.xml", "tomcat/catalina-server.xml")}
    axis2, launcher = home / "repository/conf/axis2/axis2.xml", home / LAUNCHER
    carbon, catalina = files.values()
    carbon.write_bytes(carbon_xml.patched(carbon.read_bytes(), server))
    catalina.write_bytes(catalina_xml.patched(catalina.read_bytes(), catalina_xml.Proxies(80, 8243)))
    axis2.write_bytes(axis2_properties.patched(axis2.read_bytes(), group))
    launcher.write_bytes(start_script.patched(launcher.read_bytes(), group == "worker"))
    assert PASSWORD not in str(settings(home))
    return settings(home)


@pytest.mark.parametrize("version", ["5.2.0", "5.3.0"])
def test_a_worker_is_one(version: str, tmp_path: Path) -> None:
    told = edited(version, "worker", tmp_path)
    assert (told["worker"], told["sub_domain"], told["console"]) == (True, "worker", None)
    wanted = {"enabled": True, "commits": False, "checks_out": True, "user": "checkout"}
    assert told["synchronizer"].items() >= wanted.items()


@pytest.mark.parametrize("version", ["5.2.0", "5.3.0"])
def test_a_management_node_is_one(version: str, tmp_path: Path) -> None:
    told = edited(version, "mgt", tmp_path)
    assert (told["worker"], told["sub_domain"]) == (False, "mgt")
    assert (told["host"], told["console"]) == ("as.example.org", "https://mgt.as.example.org:8243/carbon/")
    wanted = {"commits": True, "checks_out": True, "url": "svn://10.0.1.11:3690/artifacts/-1234", "user": "commit"}
    assert told["synchronizer"].items() >= wanted.items()
