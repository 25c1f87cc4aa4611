"""Command lines of the two package managers; the dnf ones run nowhere else than on Amazon Linux."""

from pathlib import Path
from typing import Any

import pytest

from musternode import packages
from musternode.failure import Failure

AL2023, DEBIAN = "amazon-linux-2023", "debian-12"


class Recorder:
    """Stands for the runner: remembers command lines, answers the same to each."""

    def __init__(self, stdout: str = "") -> None:
        self.lines: list[list[str]] = []
        self.stdout = stdout

    def __call__(self, argv: list[str], **_: Any) -> "Recorder":
        """Remember."""
        self.lines.append(list(argv))
        return self


def test_amazon_linux_gets_corretto_by_its_version() -> None:
    wanted = ("java-17-amazon-corretto-headless", "nftables", "python3-boto3", "e2fsprogs", "iproute")
    assert packages.needed(AL2023, 17) == wanted
    assert packages.needed(AL2023, 8)[0] == "java-1.8.0-amazon-corretto-headless"


def test_each_system_has_its_own_name_for_the_program_that_ends_connections() -> None:
    assert [packages.needed(system, 17)[-1] for system in (AL2023, DEBIAN)] == ["iproute", "iproute2"]


def test_debian_has_java_17_alone() -> None:
    assert packages.needed(DEBIAN, 17)[0] == "openjdk-17-jre-headless"
    with pytest.raises(Failure, match="java: 21 is not to be had on debian-12; it has 17"):
        packages.needed(DEBIAN, 21)


def test_a_java_that_amazon_linux_lacks_is_refused() -> None:
    with pytest.raises(Failure, match="java: 9 is not to be had"):
        packages.needed(AL2023, 9)


def java(folder: Path, *names: str) -> None:
    """Make folders of Java called so."""
    for name in names:
        (folder / name / "bin").mkdir(parents=True)
        (folder / name / "bin/java").touch()


def test_the_systems_own_java_is_found_by_its_version(tmp_path: Path) -> None:
    java(tmp_path, "java-1.8.0-amazon-corretto.x86_64", "java-17-amazon-corretto.aarch64", "java-21-openjdk-amd64")
    found = {version: packages.java_home(version, tmp_path) for version in (1, 8, 11, 17, 21)}
    names = {version: home.name for version, home in found.items() if home}
    assert names == {
        8: "java-1.8.0-amazon-corretto.x86_64",
        17: "java-17-amazon-corretto.aarch64",
        21: "java-21-openjdk-amd64",
    }


def test_a_java_8_without_its_compiler_is_found_in_its_folder(tmp_path: Path) -> None:
    java(tmp_path, "java-1.8.0-amazon-corretto.x86_64/jre")
    assert packages.java_home(8, tmp_path) == tmp_path / "java-1.8.0-amazon-corretto.x86_64/jre"


def test_a_java_that_an_image_brings_is_found_behind_the_systems_own(tmp_path: Path) -> None:
    java(tmp_path, "muster-java-17", "elsewhere")
    (tmp_path / "muster-java-8").symlink_to("elsewhere")
    assert packages.java_home(8, tmp_path) == tmp_path / "muster-java-8"
    assert packages.java_home(17, tmp_path) == tmp_path / "muster-java-17"
    java(tmp_path, "java-17-openjdk-amd64")
    assert packages.java_home(17, tmp_path) == tmp_path / "java-17-openjdk-amd64"


def test_a_folder_without_a_program_is_no_java(tmp_path: Path) -> None:
    (tmp_path / "java-17-openjdk-amd64/lib").mkdir(parents=True)
    assert packages.java_home(17, tmp_path) is None
    assert packages.java_home(17, tmp_path / "nothing") is None


def test_no_java_is_installed_where_the_image_brings_it() -> None:
    for system, version in ((AL2023, 17), (DEBIAN, 17), (DEBIAN, 8), (AL2023, 9)):
        brought = packages.needed(system, version, brought=True)
        assert not [name for name in brought if "java" in name or "jre" in name]
    for system in (AL2023, DEBIAN):
        assert packages.needed(system, 17)[1:] == packages.needed(system, 17, brought=True)


def test_rpm_is_asked_for_what_is_missing() -> None:
    runner = Recorder("nftables\npackage python3-boto3 is not installed\n")
    assert packages.missing(AL2023, ("nftables", "python3-boto3"), runner) == ("python3-boto3",)
    assert runner.lines == [["rpm", "--query", "--queryformat", "%{NAME}\n", "nftables", "python3-boto3"]]


def test_dpkg_is_asked_for_what_is_missing() -> None:
    runner = Recorder("nftables ii \npython3-boto3 rc \n")
    assert packages.missing(DEBIAN, ("nftables", "python3-boto3", "e2fsprogs"), runner) == (
        "python3-boto3",
        "e2fsprogs",
    )
    show = "--showformat=${Package} ${db:Status-Abbrev}\n"
    assert runner.lines == [["dpkg-query", "--show", show, "nftables", "python3-boto3", "e2fsprogs"]]


def test_dnf_installs_without_asking() -> None:
    runner = Recorder()
    packages.install(AL2023, ("nftables",), runner)
    assert runner.lines == [["dnf", "install", "--assumeyes", "--setopt=install_weak_deps=False", "nftables"]]


def test_apt_waits_for_other_users_of_its_lock() -> None:
    runner = Recorder()
    packages.install(DEBIAN, ("nftables",), runner)
    wait = "--option=DPkg::Lock::Timeout=120"
    assert runner.lines == [
        ["apt-get", wait, "update"],
        ["apt-get", wait, "install", "--yes", "--no-install-recommends", "nftables"],
    ]


LOCK = "`apt-get update` ended with 100: E: Unable to lock directory /var/lib/apt/lists/"


def test_another_run_of_apt_is_waited_for_as_for_its_other_locks() -> None:
    """Debian reads the lists by itself soon after a boot; for the lock of the lists apt never waits (2.6.1)."""
    said, slept = iter([LOCK, LOCK, ""]), list[float]()

    def busy(argv: list[str], **_: object) -> None:
        if "update" in argv and (fault := next(said)):
            raise Failure(fault)

    packages.install("debian-12", ["haproxy"], busy, slept.append)
    assert slept == [packages.EVERY] * 2


@pytest.mark.parametrize(("fault", "waits"), [(LOCK, packages.LOCKED), ("E: Unable to locate package x", 0)])
def test_one_that_never_ends_and_any_other_fault_is_told(fault: str, waits: float) -> None:
    slept: list[float] = []

    def fails(*_: object, **__: object) -> None:
        raise Failure(fault)

    with pytest.raises(Failure, match="Unable to lo"):
        packages.install("debian-12", ["haproxy"], fails, slept.append)
    assert sum(slept) == waits


@pytest.mark.parametrize("system", [AL2023, DEBIAN])
def test_nothing_missing_runs_nothing(system: str) -> None:
    runner = Recorder()
    packages.install(system, (), runner)
    assert runner.lines == []


@pytest.mark.parametrize(
    ("release", "name"),
    [('ID="amzn"\nVERSION_ID="2023"\n', AL2023), ('ID=debian\nVERSION_ID="12"\n', DEBIAN)],
)
def test_the_system_is_known_by_its_release_file(tmp_path: Path, release: str, name: str) -> None:
    (tmp_path / "os-release").write_text(release)
    assert packages.system(tmp_path / "os-release") == name


def test_another_system_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_ID="11"\n')
    with pytest.raises(Failure, match="debian-11"):
        packages.system(tmp_path / "os-release")
