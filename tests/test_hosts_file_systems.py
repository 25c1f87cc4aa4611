"""File systems of the account become folders and mount targets; who reaches one and has leave sees its folder."""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.account import Mount
from rehearsal.hosts import file_systems, mount_efs
from rehearsal.hosts.binding import bind
from rehearsal.hosts.file_systems import FileSystems
from rehearsal.hosts.mount_server import served
from rehearsal.hosts.mount_target import MountTarget
from rehearsal.hosts.view import View

TARGET = MountTarget(
    "fsmt-0123456789abcdef", "fs-0123abcd", "vpc-1", "eu-west-1a", "subnet-a", "10.0.0.252", ("sg-files",)
)
NFS = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": [{"GroupId": "sg-nodes"}]}
GROUP = {"GroupId": "sg-files", "IpPermissions": [NFS], "IpPermissionsEgress": []}


def view(*targets: MountTarget, systems: Sequence[str] = ("fs-0123abcd",)) -> View:
    return View(
        instances={},
        vpcs={"vpc-1": "10.0.0.0/16"},
        subnets={"subnet-a": "10.0.0.0/24"},
        groups={"sg-files": GROUP},
        ways_out=frozenset(),
        attachments=(),
        volumes=frozenset(),
        balancers=(),
        file_systems=frozenset(systems),
        mount_targets=targets,
    )


class Network:
    """Remembers its guests."""

    def __init__(self) -> None:
        self.guests: dict[str, tuple[str, str]] = {}

    def attach(self, namespace: str, address: str, subnet_cidr: str) -> str:
        self.guests[namespace] = (address, subnet_cidr)
        return ""

    def detach(self, namespace: str) -> None:
        del self.guests[namespace]


class Server:
    """Stands for what answers at a mount target."""

    def __init__(self, *_: Any) -> None:
        self.close = lambda: None


@dataclass
class Account:
    """Grants every wish until it has a refusal."""

    refusal: str = ""
    wishes: list[Mount] = field(default_factory=list)

    def mount_refusal(self, wish: Mount) -> str:
        self.wishes.append(wish)
        return self.refusal


def host(address: str, leader: int, vpc: str = "vpc-1") -> Any:
    instance = SimpleNamespace(id=f"i-{address}", vpc=vpc, address=address, profile_name="node")
    return SimpleNamespace(instance=instance, leader=leader)


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, int, str]]:
    made: list[tuple[Path, int, str]] = []
    monkeypatch.setattr(file_systems, "bind", lambda *given: made.append(given))
    monkeypatch.setattr(file_systems, "MountServer", Server)
    return made


@pytest.fixture
def systems(account: Account, bound: object, tmp_path: Path) -> FileSystems:
    del bound
    hosts = [host("10.0.0.10", 77), host("10.0.0.10", 78, "vpc-2"), host("10.0.0.11", 0)]
    return FileSystems(account, "eu-west-1", tmp_path, lambda: hosts)


def test_a_mount_target_is_a_guest_with_its_groups_and_a_name(systems: FileSystems) -> None:
    network: Any = Network()
    systems.follow(view(TARGET), {"vpc-1": network})
    assert network.guests == {"mu-f-89abcdef": ("10.0.0.252", "10.0.0.0/24")}
    ((vpc, policy),) = systems.policies(view(TARGET))
    assert (vpc, policy.address, [group.id for group in policy.groups]) == ("vpc-1", "10.0.0.252", ["sg-files"])
    assert systems.names(view(TARGET), "vpc-1") == {
        "eu-west-1a.fs-0123abcd.efs.eu-west-1.amazonaws.com": ["10.0.0.252"]
    }
    assert systems.names(view(TARGET), "vpc-2") == {}
    systems.follow(view(), {"vpc-1": network})
    assert (network.guests, systems.policies(view(TARGET))) == ({}, [])


def test_a_mount_target_waits_for_its_network_and_ends_with_it(systems: FileSystems) -> None:
    systems.follow(view(TARGET), {})
    assert systems.policies(view(TARGET)) == []
    network: Any = Network()
    systems.follow(view(TARGET), {"vpc-1": network})
    assert len(systems.policies(view(TARGET))) == 1
    systems.follow(view(TARGET), {})
    assert systems.policies(view(TARGET)) == []


def test_what_is_in_a_file_system_stays_until_it_is_deleted(systems: FileSystems, tmp_path: Path) -> None:
    systems.follow(view(TARGET), {"vpc-1": Network()})  # type: ignore[dict-item]
    (tmp_path / "fs-0123abcd" / "file").write_text("data")
    systems.follow(view(), {})
    assert (tmp_path / "fs-0123abcd" / "file").read_text() == "data"
    systems.follow(view(systems=["fs-99999999"]), {})
    assert [folder.name for folder in tmp_path.iterdir()] == ["fs-99999999"]


def test_a_host_sees_the_folder_of_its_mount_target(
    systems: FileSystems, account: Account, bound: list[Any], tmp_path: Path
) -> None:
    assert systems.answer(TARGET, "10.0.0.10", "/mnt/axonivy", ["rw", "tls", "iam", "_netdev"]) == ""
    assert bound == [(tmp_path / "fs-0123abcd", 77, "/mnt/axonivy")]
    assert account.wishes == [Mount("fs-0123abcd", "i-10.0.0.10", "node", tls=True, iam=True)]


def test_a_host_without_leave_sees_nothing(systems: FileSystems, account: Account, bound: list[Any]) -> None:
    account.refusal = "not authorized"
    refusal = systems.answer(TARGET, "10.0.0.10", "/mnt", ["rw"])
    assert refusal == "access denied by server while mounting fs-0123abcd:/ (not authorized)"
    assert bound == []
    assert (account.wishes[0].tls, account.wishes[0].iam) == (False, False)


def test_only_a_host_that_is_on_mounts(systems: FileSystems, bound: list[Any]) -> None:
    assert systems.answer(TARGET, "10.0.0.11", "/mnt", []) == "no host is at 10.0.0.11"
    assert systems.answer(replace(TARGET, vpc="vpc-3"), "10.0.0.10", "/mnt", []) == "no host is at 10.0.0.10"
    assert bound == []


# what a host says, and what answers it


@dataclass
class Door:
    """A mount target on the loopback: where it is, and what it was asked."""

    address: tuple[str, int]
    asked: list[tuple[str, str, Sequence[str]]]
    refusal: str | Exception = ""

    def mount(self, client: str, directory: str, options: Sequence[str]) -> str:
        self.asked.append((client, directory, options))
        if isinstance(self.refusal, Exception):
            raise self.refusal
        return self.refusal


@pytest.fixture
def door() -> Iterator[Door]:
    listening = socket.create_server(("127.0.0.1", 0))
    made = Door(listening.getsockname(), [])
    serving = served(listening, made.mount)
    yield made
    serving.close()


ORDER = {"directory": "/mnt/axonivy", "options": ["rw", "tls"]}


def test_an_order_is_carried_out_for_who_sent_it(door: Door) -> None:
    assert mount_efs.ask(door.address, ORDER) == ""
    assert door.asked == [("127.0.0.1", "/mnt/axonivy", ["rw", "tls"])]


@pytest.mark.parametrize(("refusal", "said"), [("no", "no"), (OSError(2, "none", "/mnt"), "FileNotFoundError: ")])
def test_a_refusal_comes_back_in_words(door: Door, refusal: str | Exception, said: str) -> None:
    door.refusal = refusal
    assert mount_efs.ask(door.address, ORDER).startswith(said)


def test_a_connection_without_an_order_does_no_harm(door: Door) -> None:
    socket.create_connection(door.address).close()
    with socket.create_connection(door.address) as nonsense:
        nonsense.sendall(b"nonsense\n")
    assert mount_efs.ask(door.address, ORDER) == ""


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch, door: Door) -> list[str]:
    """Let the host be in eu-west-1a, and every name lead to the door."""
    looked_up: list[str] = []
    known = {"placement/availability-zone": "eu-west-1a", "placement/region": "eu-west-1"}

    def address(name: str) -> str:
        looked_up.append(name)
        return door.address[0]

    monkeypatch.setattr(mount_efs, "metadata", known.__getitem__)
    monkeypatch.setattr(mount_efs, "NFS", door.address[1])
    monkeypatch.setattr("socket.gethostbyname", address)
    return looked_up


def mounted(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = mount_efs.main([*arguments])
    return code, capsys.readouterr().err


WORDS = ("fs-0123abcd:/", "/mnt/axonivy", "-o", "rw,tls,iam,_netdev")


def test_what_mount_calls_asks_the_mount_target_of_its_own_zone(
    door: Door, zone: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert mounted(capsys, *WORDS) == (0, "")
    assert zone == ["eu-west-1a.fs-0123abcd.efs.eu-west-1.amazonaws.com"]
    assert door.asked == [("127.0.0.1", "/mnt/axonivy", ["rw", "tls", "iam", "_netdev"])]


@pytest.mark.usefixtures("zone")
def test_a_refusal_is_said_as_mount_says_it(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    door.refusal = "access denied by server while mounting fs-0123abcd:/"
    assert mounted(capsys, *WORDS) == (32, f"mount.nfs4: {door.refusal}\n")


@pytest.mark.usefixtures("zone")
def test_silence_is_said_to_be_a_time_out(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        crowd = [socket.create_connection(full.getsockname())]  # who comes now is neither let in nor refused
        monkeypatch.setattr(mount_efs, "NFS", full.getsockname()[1])
        monkeypatch.setattr(mount_efs, "PATIENCE", 0.1)
        assert mounted(capsys, *WORDS) == (32, "mount.nfs4: Connection timed out\n")
        crowd[0].close()


@pytest.mark.usefixtures("zone")
def test_a_zone_without_a_mount_target_has_no_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_name: str) -> str:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.gethostbyname", unknown)
    code, said = mounted(capsys, *WORDS)
    assert (code, said.split(" - ")[0]) == (
        32,
        'Failed to resolve "eu-west-1a.fs-0123abcd.efs.eu-west-1.amazonaws.com"',
    )


def test_the_roles_leave_needs_tls(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = mounted(capsys, "fs-0123abcd:/", "/mnt", "-o", "rw,iam")
    assert (code, said) == (32, 'The "tls" option is required when mounting via "iam"\n')


@pytest.mark.parametrize("source", ["fs-0123abcd:/folder", "fs-x", "10.0.0.1:/", "fsap-0123abcd"])
def test_what_is_no_whole_file_system_is_refused(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = mounted(capsys, source, "/mnt")
    assert code == 32
    assert f"Invalid file system name: {source} " in said


@pytest.mark.host
def test_a_folder_appears_in_another_mount_namespace_and_not_in_this_one(tmp_path: Path) -> None:
    folder, place = tmp_path / "fs", tmp_path / "mnt"
    folder.mkdir()
    place.mkdir()
    (folder / "file").write_text("data")
    with subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sleep", "20"]) as other:
        try:
            own = Path("/proc/self/ns/mnt").readlink()
            while Path(f"/proc/{other.pid}/ns/mnt").readlink() == own:
                time.sleep(0.01)
            bind(folder, other.pid, str(place))
            assert Path(f"/proc/{other.pid}/root{place}/file").read_text() == "data"
            assert list(place.iterdir()) == []
            with pytest.raises(FileNotFoundError):
                bind(folder, other.pid, f"{place}/none")
        finally:
            other.kill()
