"""Who is kept from the metadata service, and when."""

import itertools
import os
import pwd
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode import commands, guard
from musternode.appserver.kind import KIND as APPSERVER
from musternode.axonivy import redirect
from musternode.axonivy.kind import KIND as AXONIVY
from musternode.between import passage
from musternode.carbon import bridge
from musternode.carbon.kind import KIND as CARBON
from musternode.failure import Failure
from musternode.host import Identity
from musternode.kaazing.kind import KIND as KAAZING
from musternode.paths import Paths
from musternode.servers.host import Host
from musternode.system import Systemd
from musternode.tls.front import TABLE, Place
from rehearsal import netns
from tests import appserver_support, node_axonivy, node_carbon, node_kaazing
from tests.unit_texts import FORMS

USERS = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), unique=True, min_size=1)


def host(settings: Any) -> Host[Any]:
    return Host(Identity("a", "/p"), settings, Paths(), Systemd())


@given(USERS)
def test_each_of_the_users_is_refused_at_both_addresses_and_nobody_else(users: list[str]) -> None:
    refused = re.findall(r"meta skuid \{ (.*) \} (\w+) daddr (\S+) reject", guard.rules(users))
    assert [rule[1:] for rule in refused] == [("ip", "169.254.169.254"), ("ip6", "fd00:ec2::254")]
    assert [set(rule[0].replace('"', "").split(", ")) for rule in refused] == [set(users)] * 2


def test_the_table_is_made_anew_as_a_whole() -> None:
    assert guard.rules(["a"]).startswith(f"table inet {guard.TABLE}\ndelete table inet {guard.TABLE}\n")


def test_without_users_nothing_is_refused() -> None:
    assert "reject" not in guard.rules([])


def test_the_rules_are_roots_alone_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    assert guard.write(paths, ["a"])
    assert not guard.write(paths, ["a"])
    assert (paths.etc / "metadata.nft").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (form, name)
        for form, texts in FORMS.items()
        for name, text in texts().items()
        if "\nUser=" in text  # those of Muster's own that ask AWS have users that systemd makes up
    ],
)
def test_whoever_runs_as_such_a_user_does_not_start_without_the_rules(form: str, name: str) -> None:
    lines = FORMS[form]()[name].splitlines()
    (given,) = (line for line in lines if line == "ExecStartPre=+/usr/sbin/nft -f /etc/muster/metadata.nft")
    assert lines.index(given) < next(at for at, line in enumerate(lines) if line.startswith("ExecStart="))


@pytest.mark.parametrize(
    ("credentials", "users"), [("role", []), ("bridge", ["wso2"]), ("keys", ["wso2"]), ("none", ["wso2"])]
)
def test_an_engine_that_finds_members_by_the_instances_role_alone_keeps_its_way_to_it(
    credentials: str, users: list[str]
) -> None:
    more = {"discovery_role": node_carbon.ROLE} if credentials == "bridge" else {}
    secrets = {"discovery": "arn"} if credentials == "keys" else {}
    chosen = node_carbon.chosen(product={"credentials": credentials, **more}, secrets=secrets)
    assert list(CARBON.strangers(host(chosen))) == users


def test_every_other_product_is_kept_away() -> None:
    assert list(KAAZING.strangers(host(node_kaazing.chosen()))) == ["kaazing"]
    assert list(AXONIVY.strangers(host(node_axonivy.chosen()))) == ["ivy"]
    assert list(APPSERVER.strangers(host(appserver_support.chosen()))) == ["wso2", "muster-svn"]


@given(st.integers(1, 65535))
def test_none_but_root_and_the_servers_user_reach_it_on_loopback(port: int) -> None:
    (rule,) = re.findall(r"meta skuid .*", guard.server_rules("muster-h2", port))
    wanted = f'meta skuid != {{ 0, "muster-h2" }} ip daddr 127.0.0.0/8 tcp dport {port} reject with tcp reset'
    assert rule == wanted


def test_the_application_does_not_start_without_them_but_for_the_run_that_makes_its_schema() -> None:
    texts = FORMS["as400gateway"]()
    given, taken = guard.server_line(Paths()), guard.no_server_line()
    assert {name for name, text in texts.items() if given in text} == {"as400gateway.service"}
    assert {name for name, text in texts.items() if taken in text} == {"as400gateway-schema.service"}
    application = texts["as400gateway.service"]
    assert application.index(given) < application.index("\nExecStart=")


def test_the_servers_rules_are_roots_alone_and_another_port_changes_them(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    assert guard.write_server(paths, "muster-h2", 9092)
    assert not guard.write_server(paths, "muster-h2", 9092)
    assert guard.write_server(paths, "muster-h2", 9093)
    assert (paths.etc / "server.nft").stat().st_mode & 0o777 == 0o600


class Nft:
    """As much of nft as tables by name, each made by loading its file."""

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.loaded: list[str] = []
        self.broken = False

    def __call__(self, argv: list[str], **_: float) -> SimpleNamespace:
        if self.broken:
            raise Failure("`nft` ended with 1")
        if argv[1:] == ["list", "tables"]:
            return SimpleNamespace(stdout="".join(f"table inet {name}\n" for name in sorted(self.tables)))
        self.loaded.append(Path(argv[-1]).name)
        self.tables |= set(re.findall(r"^table (?:inet|ip) (\w+) \{", Path(argv[-1]).read_text(), re.M))
        return SimpleNamespace(stdout="")


@pytest.fixture
def nft() -> Nft:
    return Nft()


@pytest.fixture
def looks(tmp_path: Path, nft: Nft) -> Callable[[], None]:
    """Return a look of a guard for which every look is due."""
    paths = Paths(tmp_path)
    guard.write(paths, ["a"])
    guard.write_server(paths, "b", 9092)
    times = itertools.count(0.0, 2 * guard.EVERY)
    return guard.Guard(paths, nft, lambda: next(times)).look


def test_rules_that_are_gone_are_given_again(nft: Nft, looks: Callable[[], None]) -> None:
    nft.tables = {guard.TABLE, guard.SERVER_TABLE}
    looks()
    assert nft.loaded == []
    nft.tables = set()
    looks()
    assert nft.tables == {guard.TABLE, guard.SERVER_TABLE}


def test_the_servers_rules_are_not_given_before_the_application_gave_them(nft: Nft, looks: Callable[[], None]) -> None:
    looks()
    assert nft.loaded == ["metadata.nft"]


def test_the_way_to_the_front_between_the_nodes_is_given_again_once_it_was_there(tmp_path: Path, nft: Nft) -> None:
    """Without it what is meant for the other node goes to a port that the security group shuts."""
    file = passage.Place(Paths(tmp_path)).rules
    file.parent.mkdir(parents=True)
    file.write_text("table ip muster_between {\n}\n")
    times = itertools.count(0.0, 2 * guard.EVERY)
    keeper = guard.Guard(Paths(tmp_path), nft, lambda: next(times))
    nft.tables = {guard.TABLE}
    keeper.look()
    assert nft.loaded == []
    nft.tables = {guard.TABLE, passage.TABLE}
    keeper.look()
    nft.tables = {guard.TABLE}
    keeper.look()
    assert nft.loaded == ["front.nft"]


def test_a_fault_of_nft_is_no_end_and_the_next_look_gives_them(nft: Nft, looks: Callable[[], None]) -> None:
    nft.broken = True
    looks()
    nft.broken = False
    looks()
    assert nft.loaded == ["metadata.nft"]


def test_rules_that_lead_to_a_bridge_and_to_a_front_are_given_again(
    tmp_path: Path, nft: Nft, looks: Callable[[], None]
) -> None:
    front = fronted(tmp_path)
    (Paths(tmp_path).etc / guard.BRIDGE_FILE).write_text(bridge.rules("wso2"))
    nft.tables = {guard.TABLE, guard.BRIDGE_TABLE, TABLE}
    looks()
    assert nft.loaded == []
    nft.tables = {guard.TABLE}
    looks()
    assert nft.loaded == ["bridge.nft", front.rules.name]


def test_those_of_a_front_that_has_ended_stay_away(tmp_path: Path, nft: Nft, looks: Callable[[], None]) -> None:
    front = fronted(tmp_path)
    nft.tables = {guard.TABLE, TABLE}
    looks()
    front.socket.unlink()  # systemd removes the unit's folder with its end
    nft.tables = {guard.TABLE}
    looks()
    assert nft.loaded == []


def fronted(folder: Path) -> Place:
    """Let a front run on the node below `folder`, and have further ports lead to it."""
    front = Place(Paths(folder))
    for file in (front.rules, front.socket):
        file.parent.mkdir(parents=True, exist_ok=True)
    front.rules.write_text(redirect.rules("10.0.0.1", (8443, 8453), TABLE))
    front.socket.touch()
    return front


def test_it_is_looked_every_few_seconds_alone(tmp_path: Path, nft: Nft) -> None:
    paths, now = Paths(tmp_path), [0.0]
    guard.write(paths, ["a"])
    keeper = guard.Guard(paths, nft, lambda: now[0])
    keeper.look()
    nft.tables = set()
    keeper.look()
    assert nft.loaded == ["metadata.nft"]
    now[0] = guard.EVERY
    keeper.look()
    assert nft.loaded == ["metadata.nft"] * 2


# connect() alone: socket.create_connection() imports a codec, and Python may lie where only root reads
AS_A_USER = """
import os, socket, sys
os.setuid(int(sys.argv[1]))
client = socket.socket()
client.settimeout(2)
client.connect(("127.0.0.1", 9092))
"""


def comes_in(namespace: str, number: int) -> bool:
    """Tell whether a process of the user with this number connects to the server on loopback there."""
    command = ["ip", "netns", "exec", namespace, sys.executable, "-c", AS_A_USER, str(number)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "ConnectionRefusedError" in done.stderr, done.stderr
    return done.returncode == 0


@pytest.mark.host
def test_the_kernel_keeps_everybody_else_from_the_server() -> None:
    namespace = f"mu-g-{os.getpid()}"
    root, own, other = 0, pwd.getpwnam("daemon").pw_uid, pwd.getpwnam("nobody").pw_uid
    netns.add(namespace)
    try:
        with netns.socket_in(namespace, socket.SOCK_STREAM, ("127.0.0.1", 9092)):
            assert comes_in(namespace, other)  # the control: without the rules
            rules = guard.rules(["daemon"]) + guard.server_rules("daemon", 9092)
            netns.call_in(namespace, lambda: commands.run(["nft", "-f", "-"], given=rules))
            assert [comes_in(namespace, number) for number in (root, own, other)] == [True, True, False]
    finally:
        netns.remove(namespace)
