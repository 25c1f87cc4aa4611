"""The image of the hosts: where its packages come from, how it is cached, and whom its hosts trust."""

import stat
import subprocess
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from rehearsal.hosts import image, mounts, prepare, recipe
from rehearsal.hosts.apt_sources import debian_sources
from rehearsal.hosts.authority import Authority, endpoint_names, load_or_make
from rehearsal.hosts.command import CommandError, run_logged

KEY = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"

STANZAS = """\
# A comment.
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://third.example/debian
Suites: bookworm-pgdg
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""


def apt(folder: Path, **files: str) -> Path:
    (folder / "sources.list.d").mkdir()
    for name, text in files.items():
        (folder / "sources.list.d" / name.replace("_", ".")).write_text(text)
    return folder


def test_sources_of_the_suite_are_taken_from_stanzas_and_no_others(tmp_path: Path) -> None:
    assert debian_sources("bookworm", apt(tmp_path, debian_sources=STANZAS)) == [
        f"deb [{KEY}] http://mirror.example/debian bookworm main",
        f"deb [{KEY}] http://mirror.example/debian bookworm-updates main",
    ]


def test_sources_of_the_suite_are_taken_from_lines_with_their_options(tmp_path: Path) -> None:
    line = "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm-security main"
    text = f"{line}  # security\ndeb-src http://mirror.example/debian bookworm main\n#deb http://x bookworm main\n"
    assert debian_sources("bookworm", apt(tmp_path, a_list=text)) == [line]


def test_a_machine_without_the_suite_has_no_sources_for_it(tmp_path: Path) -> None:
    assert debian_sources("bookworm", apt(tmp_path, a_list="deb http://mirror.example/ubuntu noble main\n")) == []


def test_the_packages_key_changes_with_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe.packages_key()
    monkeypatch.setattr(recipe, "PACKAGES", (*recipe.PACKAGES, "one-more"))
    assert recipe.packages_key() != before


def test_the_image_key_changes_with_the_authority_but_not_the_packages_key() -> None:
    assert recipe.image_key(b"one") != recipe.image_key(b"other")
    assert recipe.image_key(b"one") == recipe.image_key(b"one")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return load_or_make(tmp_path / "authority")


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put a build of one small file in the place of mmdebstrap, in a cache of its own; return its starts."""
    started: list[str] = []

    def debootstrap(workshop: Path, _log: Path, *_: object) -> None:
        started.append(workshop.name)
        time.sleep(0.1)  # long enough for a second caller to come meanwhile
        (workshop / "hello").write_text("hello")
        with tarfile.open(workshop / "packages.tar", "w") as tar:
            tar.add(workshop / "hello", "hello")

    monkeypatch.setenv("MUSTER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(image, "_debootstrap", debootstrap)
    monkeypatch.setattr(image, "prepare", lambda root, authority: (root / "ca.pem").write_bytes(authority))
    return started


def test_an_image_is_built_once_and_then_found(builds: list[str], authority: Authority) -> None:
    root = image.ensure(authority, lambda _: None)
    assert (root / "hello").read_text() == "hello"
    assert (root / "ca.pem").read_bytes() == authority.pem
    assert image.ensure(authority, lambda _: None) == root
    assert len(builds) == 1


def test_two_callers_at_once_build_once(builds: list[str], authority: Authority) -> None:
    with ThreadPoolExecutor() as callers:
        roots = list(callers.map(lambda _: image.ensure(authority, lambda _: None), range(2)))
    assert roots[0] == roots[1]
    assert len(builds) == 1


def test_another_authority_needs_no_new_packages(builds: list[str], authority: Authority, tmp_path: Path) -> None:
    other = load_or_make(tmp_path / "other")
    assert image.ensure(authority, lambda _: None) != image.ensure(other, lambda _: None)
    assert len(builds) == 1


@pytest.mark.usefixtures("builds")
def test_a_failed_preparation_leaves_no_image(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise CommandError("no")

    monkeypatch.setattr(image, "prepare", fail)
    with pytest.raises(CommandError):
        image.ensure(authority, lambda _: None)
    assert [path.name for path in (tmp_path / "cache/image").iterdir() if path.is_dir()] == []


@pytest.mark.usefixtures("builds")
def test_what_a_killed_build_left_goes_with_the_next(authority: Authority, tmp_path: Path) -> None:
    left = tmp_path / "cache/image/build-killed/root"
    left.mkdir(parents=True)
    image.ensure(authority, lambda _: None)
    assert not left.exists()


@pytest.mark.host
@pytest.mark.usefixtures("builds")
def test_nothing_is_deleted_through_a_mount_that_a_build_left(authority: Authority, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("precious")
    point = tmp_path / "cache" / "image" / "build-killed" / "root" / "dev"
    point.mkdir(parents=True)
    subprocess.run(["mount", "--bind", str(elsewhere), str(point)], check=True)
    image.ensure(authority, lambda _: None)
    assert not point.exists()
    assert (elsewhere / "file").read_text() == "precious"


def java_home(root: Path, name: str) -> Path:
    """Make the home of a Java machine in the tree `root`."""
    home = root / "usr/lib/jvm" / name
    (home / "bin").mkdir(parents=True)
    (home / "bin/java").write_text("#!/bin/sh\n")
    return home


@pytest.mark.parametrize("version", prepare.STOOD_IN_FOR)
def test_a_java_that_debian_lacks_is_found_under_its_name_and_is_the_one_that_it_has(
    tmp_path: Path, version: int
) -> None:
    home = java_home(tmp_path, "java-17-openjdk-amd64")
    (tmp_path / "usr/lib/jvm/java-1.17.0-openjdk-amd64").symlink_to("java-17-openjdk-amd64")  # as Debian has it
    prepare._bring_java(tmp_path)
    brought = tmp_path / f"usr/lib/jvm/muster-java-{version}"
    assert brought.resolve() == home
    assert brought.readlink() == Path("java-17-openjdk-amd64"), "an absolute link would lead out of the tree"
    assert (brought / "bin/java").is_file()


def test_a_tree_without_the_java_that_stands_in_is_refused(tmp_path: Path) -> None:
    java_home(tmp_path, "java-21-openjdk-amd64")
    with pytest.raises(prepare.PreparationError, match="0 folders are a Java 17"):
        prepare._bring_java(tmp_path)


def test_a_host_mounts_file_systems_of_efs_by_what_the_image_brings(tmp_path: Path) -> None:
    (tmp_path / "usr/sbin").mkdir(parents=True)
    prepare._bring_efs(tmp_path)
    helper = tmp_path / "usr/sbin/mount.efs"
    assert helper.read_bytes() == prepare.MOUNT_EFS.read_bytes()
    done = subprocess.run([helper, "fs", "/mnt"], capture_output=True, text=True, check=False, env={})
    assert (done.returncode, done.stderr.split(":")[0]) == (32, "Invalid file system name")


def test_mount_points_are_found_the_deepest_first_and_only_below() -> None:
    points = ["/w/a", "/w/a/b/c", "/wide", "/w/with\\040blank/x", "/other"]
    text = "".join(f"31 23 0:28 / {point} rw - tmpfs tmpfs rw\n" for point in points)
    assert mounts.below(Path("/w"), text) == ["/w/a/b/c", "/w/with blank/x", "/w/a"]


def test_a_failed_command_is_told_by_its_last_line_and_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(CommandError, match=f"try failed: the cause .*{log}"):
        run_logged(["sh", "-c", "echo the cause; exit 3"], title="try", log=log, progress=lambda _: None)


def test_a_cancelled_command_is_ended_with_its_children(tmp_path: Path) -> None:
    log, cancelled = tmp_path / "log", threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    began = time.monotonic()
    with pytest.raises(CommandError, match="cancelled"):
        run_logged(["sh", "-c", "sleep 60"], title="t", log=log, progress=lambda _: None, cancelled=cancelled)
    assert time.monotonic() - began < 10


def test_a_long_command_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.hosts.command.HEARTBEAT", 0.1)
    said: list[str] = []
    run_logged(["sh", "-c", "echo stage one; sleep 0.7"], title="t", log=tmp_path / "log", progress=said.append)
    assert said[0] == "t"
    assert any("so far: stage one" in line for line in said)


def test_the_authority_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "authority"
    first = load_or_make(folder)
    assert load_or_make(folder).pem == first.pem
    assert stat.S_IMODE((folder / "ca.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_server_certificate_is_signed_for_every_endpoint_name(authority: Authority, tmp_path: Path) -> None:
    names = endpoint_names("eu-west-1")
    authority.issue(names, tmp_path / "cert.pem", tmp_path / "key.pem")
    leaf = x509.load_pem_x509_certificate((tmp_path / "cert.pem").read_bytes())
    leaf.verify_directly_issued_by(authority.certificate)
    found = leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert isinstance(found, x509.SubjectAlternativeName)
    assert found.get_values_for_type(x509.DNSName) == names
    assert {"*.amazonaws.com", "*.eu-west-1.amazonaws.com", "*.s3.eu-west-1.amazonaws.com"} <= set(names)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
