"""What a node's service manager is told, and where everything lies."""

import configparser
from pathlib import Path

from musternode import subversion
from musternode.paths import Paths
from musternode.subversion import place, units

HERE = place.of(Paths())


def unit() -> configparser.ConfigParser:
    """Return the server's unit, read."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(units.server(Paths(), HERE, "10.0.1.11", 3690))
    return parser


def test_it_listens_at_the_nodes_own_address_and_serves_one_folder() -> None:
    assert unit()["Service"]["ExecStart"].split() == [
        "/usr/bin/svnserve",
        "--daemon",
        "--foreground",
        "--root",
        "/var/lib/muster/subversion",
        "--config-file",
        "/etc/muster-subversion/svnserve.conf",
        "--listen-host",
        "10.0.1.11",
        "--listen-port",
        "3690",
    ]


def test_it_runs_as_a_user_of_its_own_and_writes_nowhere_else() -> None:
    service = unit()["Service"]
    found = {name: service[name] for name in ("User", "UMask", "ProtectSystem", "ReadWritePaths", "NoNewPrivileges")}
    assert found == {
        "User": "muster-svn",
        "UMask": "0077",
        "ProtectSystem": "strict",
        "ReadWritePaths": "/var/lib/muster/subversion",
        "NoNewPrivileges": "yes",
    }
    assert service["CapabilityBoundingSet"] == ""


def test_it_comes_back_by_itself_and_not_without_its_volume() -> None:
    assert (unit()["Service"]["Restart"], unit()["Unit"]["Requires"]) == ("always", "muster-volume.service")


def test_its_url_is_that_of_the_folder_it_serves() -> None:
    assert subversion.url("10.0.1.11", 3690) == "svn://10.0.1.11:3690/artifacts"
    assert HERE.repository.name == "artifacts"


def test_the_hooks_program_is_not_on_the_data_volume_from_which_nothing_is_executed() -> None:
    assert Path("/var/lib/muster") not in HERE.program.parents
    assert Path("/var/lib/muster") in HERE.repository.parents
