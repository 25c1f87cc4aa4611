"""Every unit of every product's nodes, read by systemd itself: it means what was meant."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musternode.appserver import units as appserver
from musternode.axonivy import launch as ivy_launch
from musternode.axonivy import shared
from musternode.axonivy import units as axonivy
from musternode.axonivy.document import MOUNTED
from musternode.axonivy.host import Host as Ivy
from musternode.axonivy.kind import KIND as AXONIVY
from musternode.axonivy.layout import Layout as Engine
from musternode.carbon import units as carbon
from musternode.carbon.host import Host as Carbon
from musternode.carbon.kind import KIND as CARBON
from musternode.carbon.launch import java_options
from musternode.host import Identity
from musternode.kaazing import launch as kaazing_launch
from musternode.kaazing import units as kaazing
from musternode.kaazing.host import Host as Kaazing
from musternode.paths import Paths
from musternode.products import as400gateway
from musternode.servers import units as servers
from musternode.servers.host import Host
from musternode.settings import Settings
from musternode.subversion import place
from musternode.subversion import units as subversion
from musternode.system import Systemd
from musternode.units import AGENT, READINESS, units
from tests import appserver_support, node_axonivy, node_carbon, node_kaazing, node_support
from tests.rendered_support import LINE, Unit, read_by_systemd
from tests.test_node_appserver_units import host as server

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd, which reads the units")

NODE, JAVA = Identity("a", "/p"), Path("/usr/lib/jvm/java-17")
PART = st.text("azAZ09._-", min_size=1, max_size=8).filter(lambda part: part not in {".", ".."})
HOMES = st.lists(PART, min_size=2, max_size=4).map(lambda parts: "/" + "/".join(parts))
TOPS = st.text("azAZ09._+-", min_size=1, max_size=12).filter(lambda part: part not in {".", ".."})
"""Folders as a cluster file gives them, and as an archive may call its own."""
URL_PATHS = st.lists(st.text("azAZ09._~-", min_size=1, max_size=6), min_size=1, max_size=3).map(
    lambda p: "/" + "/".join(p)
)
HOSTS = st.from_regex(r"([a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?\.){1,3}[a-z]{2,6}", fullmatch=True)
few = settings(max_examples=25, deadline=None)


def program(unit: Unit) -> list[str]:
    """Return the command that the unit starts."""
    (command,) = unit.commands["ExecStart"]
    return command


def asked(unit: Unit) -> list[str]:
    """Return what musternode is asked for by the unit."""
    command = program(unit)
    assert command[:3] == ["/usr/bin/python3", "-m", "musternode"]
    return command[3:]


def gateway(home: str, jar: str, health: str) -> Settings:
    """Return the settings of a pair with these names."""
    text = node_support.settings()
    product = text.settings.__class__(**{**vars(text.settings), "home": home, "health": health})
    artifact = text.artifact.__class__(**{**vars(text.artifact), "name": jar})
    return text.__class__(**{**vars(text), "settings": product, "artifact": artifact})


@few
@given(HOMES, TOPS, URL_PATHS)
def test_units_of_as400gateway(home: str, name: str, health: str) -> None:
    chosen = gateway(home, f"{name}.jar", health)
    read = read_by_systemd(units(chosen, chosen.member("a"), as400gateway.layout(chosen), Paths()))
    application = read[as400gateway.UNIT]
    assert program(application) == [f"{home}/executable-jars/{name}.jar"]
    assert application.environment == {"SPRING_CONFIG_ADDITIONALLOCATION": f"file:{home}/config/"}
    assert application.values["User"] == as400gateway.USER
    assert asked(read[READINESS])[-2] == health
    assert asked(read[AGENT]) == ["agent", "eu-west-1", "as400", "a"]


def home_of(this: Host[Any], top: str) -> Path:
    """Let the node's product be in the folder `top` of its archive; return that."""
    found = this.distribution / top
    found.mkdir(parents=True)
    this.current.symlink_to(found)
    return found


@few
@given(HOMES, TOPS, HOSTS, st.integers(1, 65535), st.sampled_from(["role", "bridge"]))
def test_units_of_wso2_carbon(home: str, top: str, host: str, port: int, credentials: str) -> None:
    product = {"home": home, "proxy": {"host": host, "port": port}, "credentials": credentials}
    product |= {"discovery_role": node_carbon.ROLE} if credentials == "bridge" else {}
    this = Carbon(NODE, node_carbon.chosen(product=product), Paths(), Systemd())
    script = this.distribution / top / "bin/wso2server.sh"
    read = read_by_systemd({**servers.common(CARBON, this), **carbon.texts(this, JAVA, script)})
    unit = read[CARBON.unit]
    assert program(unit) == ["/bin/sh", f"{home}/{script.relative_to(this.home)}"]
    assert unit.environment == {"JAVA_HOME": str(JAVA), "JAVA_OPTS": java_options(this.settings)}
    assert unit.values["WorkingDirectory"] == str(script.parent.parent)
    if credentials == "bridge":
        assert asked(read[carbon.BRIDGE_UNIT]) == ["bridge", node_carbon.ROLE, "eu-west-1", "a"]


@few
@given(st.sampled_from("abc"), TOPS)
def test_units_of_wso2_as(node: str, top: str) -> None:
    database = {"database": {"url": "jdbc:mysql://h/d"}}
    secrets = {**appserver_support.DOCUMENT["secrets"], "database": "arn"}
    this, script = server(node, product=database, secrets=secrets), Path(f"/opt/wso2/1/{top}/bin/wso2server.sh")
    read = read_by_systemd(appserver.texts(this, JAVA, script))
    unit = read[CARBON.unit]
    assert program(unit) == ["/bin/sh", str(script)]
    setup = [appserver.SETUP] if node == this.settings.settings.committer else []
    assert unit.environment["JAVA_OPTS"].split()[:1] == setup


@few
@given(top=TOPS, heartbeat=st.integers(5, 600))
def test_the_unit_of_kaazing(top: str, heartbeat: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("node")
    this = Kaazing(NODE, node_kaazing.chosen(product={"heartbeat": heartbeat}), Paths(root), Systemd())
    home = home_of(this, top)
    unit = read_by_systemd({"kaazing.service": kaazing.product(this, JAVA)})["kaazing.service"]
    assert program(unit) == [str(home / kaazing_launch.SCRIPT)]
    assert unit.environment == kaazing_launch.environment(JAVA, kaazing_launch.options(home, heartbeat))
    assert unit.commands["ExecStartPre"][-1] == ["/bin/mkdir", "-p", *kaazing_launch.EMPTY]


@few
@given(top=TOPS)
def test_units_of_axonivy(top: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("node")
    this = Ivy(NODE, node_axonivy.chosen(), Paths(root), Systemd())
    home = home_of(this, top)
    read = read_by_systemd({**servers.common(AXONIVY, this), "ivy.service": axonivy.product(this, JAVA)})
    unit = read["ivy.service"]
    assert program(unit) == [*ivy_launch.command(Engine(home))]
    assert unit.environment == ivy_launch.environment(JAVA)
    assert unit.values["WorkingDirectory"] == str(home)


def test_the_mount_of_efs() -> None:
    unit = read_by_systemd({shared.MOUNT: shared.unit(node_axonivy.FILE_SYSTEM)})[shared.MOUNT]
    values = (unit.values["Where"], unit.values["What"], unit.values["File System Type"], unit.values["Options"])
    assert values == (MOUNTED, f"{node_axonivy.FILE_SYSTEM}:/", "efs", "tls,iam,_netdev")


def test_the_unit_of_the_repository() -> None:
    paths = Paths()
    where = place.of(paths)
    unit = read_by_systemd({"svn.service": subversion.server(paths, where, "10.64.0.10", 3690)})["svn.service"]
    command = program(unit)
    assert command[command.index("--root") + 1] == str(where.data)
    assert command[-4:] == ["--listen-host", "10.64.0.10", "--listen-port", "3690"]


@settings(max_examples=60, deadline=None)
@given(LINE)
def test_an_argument_that_is_quoted_is_what_systemd_reads(text: str) -> None:
    """The path that a node of Kaazing is asked for: users choose it in their own archive."""
    text = text.replace("\t", " ")
    unit = f"[Service]\nExecStart=/bin/echo {kaazing.quoted(text)} end\n"
    assert program(read_by_systemd({"x.service": unit})["x.service"]) == ["/bin/echo", text, "end"]


@pytest.mark.parametrize("text", ["%n", "a b", 'a"b', "\\x41"])
def test_an_argument_that_is_not_quoted_is_something_else(text: str) -> None:
    unit = f"[Service]\nExecStart=/bin/echo {text}\n"
    with pytest.raises((AssertionError, ValueError)):
        assert program(read_by_systemd({"x.service": unit})["x.service"]) == ["/bin/echo", text]


def test_a_line_that_systemd_does_not_know_is_seen() -> None:
    with pytest.raises(AssertionError):
        read_by_systemd({"x.service": "[Service]\nExecStart=/bin/true\nProtectSytem=strict\n"})
