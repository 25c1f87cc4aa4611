"""Which updates a distribution has for security, and how they are brought: by the real apt, and by stand-ins."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.failure import Failure
from musternode.updates.system import LOCKED, Updates, listed_apt, listed_dnf

AL2023, DEBIAN = "amazon-linux-2023", "debian-12"
NAME = st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,20}", fullmatch=True)
needs_apt = pytest.mark.skipif(
    not (shutil.which("apt-get") and shutil.which("dpkg-deb")), reason="this machine has no apt"
)

STAND_IN = """\
#!/bin/sh
echo "$(basename "$0") $*" >> "{log}"
case "$(basename "$0") $*" in
{cases}
esac
"""
Tools = Callable[..., list[str]]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Return what puts stand-ins into PATH: commands by pattern of their line; what they are asked is returned."""
    folder, log = tmp_path / "bin", tmp_path / "asked"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def given(**cases: str) -> list[str]:
        lines = "\n".join(f"  {pattern}) {command} ;;" for pattern, command in cases.items())
        for name in ("dnf", "rpm", "apt-get", "dpkg-query"):
            (folder / name).write_text(STAND_IN.format(log=log, cases=lines))
            (folder / name).chmod(0o755)
        return log.read_text().splitlines() if log.is_file() else []

    return given


def amazon(folder: Path, release: str = "latest") -> Updates:
    return Updates(AL2023, release, folder / "preferences")


def debian(folder: Path) -> Updates:
    return Updates(DEBIAN, "latest", folder / "preferences")


LISTED = (
    "printf 'openssl-libs.x86_64  1:3.2.2-2.amzn2023  amazonlinux\\nkernel.x86_64  6.1.1  amazonlinux\\n'; exit 100"
)


def test_amazon_linux_is_asked_for_those_of_the_release_that_the_file_names(tools: Tools, tmp_path: Path) -> None:
    tools(**{"*check-update*": LISTED})
    assert amazon(tmp_path, "2023.9.20251117").available() == ("kernel", "openssl-libs")
    amazon(tmp_path).fetch()
    assert tools() == [
        "dnf --assumeyes --releasever=2023.9.20251117 --quiet --refresh check-update --security",
        "dnf --assumeyes --releasever=latest upgrade --security --downloadonly",
    ]


def test_amazon_linux_says_by_its_status_that_there_is_none(tools: Tools, tmp_path: Path) -> None:
    tools(**{"*check-update*": "exit 0"})
    assert amazon(tmp_path).available() == ()


@pytest.mark.parametrize(("system", "status"), [(AL2023, 1), (DEBIAN, 100)])
def test_a_source_that_does_not_answer_is_no_lack_of_updates(
    tools: Tools, tmp_path: Path, system: str, status: int
) -> None:
    """apt-get fails with the status by which dnf says that there are some."""
    tools(**{"*": f"echo 'no route to the mirror' >&2; exit {status}"})
    with pytest.raises(Failure, match=f"ended with {status}: no route to the mirror"):
        Updates(system, "latest", tmp_path / "preferences").available()


def test_amazon_linux_installs_those_for_security_alone(tools: Tools, tmp_path: Path) -> None:
    count = tmp_path / "count"
    tools(**{"rpm*": f"echo x >> {count}; wc -l < {count}"})
    amazon(tmp_path).install(("openssl-libs",))
    assert tools() == [
        "rpm --query openssl-libs",
        "dnf --assumeyes --releasever=latest upgrade --security",
        "dnf --assumeyes --releasever=latest clean packages",
        "rpm --query openssl-libs",
    ]


@pytest.mark.parametrize(("system", "upgrade"), [(AL2023, "dnf*upgrade*"), (DEBIAN, "apt-get*upgrade*")])
@pytest.mark.parametrize("status", [0, 1])
def test_what_was_fetched_is_removed_after_the_installation_and_after_one_that_failed(
    tools: Tools, tmp_path: Path, system: str, upgrade: str, status: int
) -> None:
    """Also where that does not go: a disk may be full of it."""
    tools(**{upgrade: f"exit {status}", "*clean*": "exit 100", "rpm*": "date +%N", "dpkg-query*": "date +%N"})
    updates = Updates(system, "latest", tmp_path / "preferences")
    with contextlib.nullcontext() if status == 0 else pytest.raises(Failure, match="ended with 1"):
        updates.install(("openssl",))
    asked = [line.split() for line in tools() if line.startswith(("dnf", "apt-get"))]
    assert "upgrade" in asked[-2]
    assert "clean" in asked[-1]


@pytest.mark.parametrize("system", [AL2023, DEBIAN])
def test_an_installation_after_which_nothing_is_newer_has_failed(tools: Tools, tmp_path: Path, system: str) -> None:
    """Else the node would restart each week for nothing."""
    tools(**{"rpm*": "echo openssl-libs-3.0", "dpkg-query*": "echo openssl 3.0 ii"})
    with pytest.raises(Failure, match="none of the security updates was installed: openssl-libs"):
        Updates(system, "latest", tmp_path / "preferences").install(("openssl-libs",))


def test_debian_keeps_the_users_configuration_and_asks_nobody(tools: Tools, tmp_path: Path) -> None:
    count = tmp_path / "count"
    tools(**{"dpkg-query*": f"echo x >> {count}; wc -l < {count}", "apt-get*": f'echo "$DEBIAN_FRONTEND" >> {count}.f'})
    debian(tmp_path).install(("openssl",))
    asked = next(line for line in tools() if line.startswith("apt-get"))
    kept = "--option=Dpkg::Options::=--force-confdef --option=Dpkg::Options::=--force-confold"
    assert asked.endswith(f" --yes {kept} upgrade --with-new-pkgs")
    assert set(Path(f"{count}.f").read_text().splitlines()) == {"noninteractive"}


class Sources:
    """Two sources of Debian's form in a folder, and an installation of packages in old versions: all that apt sees."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "root"
        for name in ("etc/apt/sources.list.d", "etc/apt/preferences.d", "etc/apt/apt.conf.d", "var/lib/dpkg"):
            (self.root / name).mkdir(parents=True)
        for name in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
            (self.root / name).mkdir(parents=True)

    def offer(self, label: str, *packages: str, needs: str = "") -> None:
        """Let a source called `label` (empty: without a name) have these packages in version 2."""
        place = self.folder / f"source-{label}"
        place.mkdir()
        text = "".join(
            f"Package: {name}\nVersion: 2\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n"
            f"Filename: ./{name}.deb\nSize: 1\nSHA256: {'0' * 64}\n{f'Depends: {needs}' + chr(10) if needs else ''}\n"
            for name in packages
        )
        (place / "Packages").write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        named = f"Origin: Debian\nLabel: {label}\n" if label else ""
        (place / "Release").write_text(f"{named}SHA256:\n {digest} {len(text)} Packages\n")
        with (self.root / "etc/apt/sources.list").open("a") as file:
            file.write(f"deb [trusted=yes] file:{place} ./\n")

    def install(self, *names: str) -> None:
        """Let these packages be installed in version 1."""
        about = "Status: install ok installed\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>"
        text = "".join(f"Package: {name}\n{about}\nDescription: x\n\n" for name in names)
        (self.root / "var/lib/dpkg/status").write_text(text)

    def run(self, argv: list[str], **_: object) -> "subprocess.CompletedProcess[str]":
        """Run apt as asked, but of this installation."""
        own = [f"--option=Dir={self.root}", f"--option=Dir::State::status={self.root}/var/lib/dpkg/status"]
        more = ["--option=APT::Sandbox::User=", "--option=APT::Architecture=amd64"]
        done = subprocess.run([argv[0], *own, *more, *argv[1:]], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure(done.stderr)
        return done


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Return a place for sources."""
    return Sources(tmp_path)


def available(sources: Sources) -> tuple[str, ...]:
    return Updates(DEBIAN, "latest", sources.folder / "preferences", runner=sources.run).available()


@needs_apt
def test_debian_takes_what_is_for_security_and_leaves_all_else(sources: Sources) -> None:
    """Also of a source that says nothing of itself. The control is the same apt without these preferences."""
    sources.offer("Debian-Security", "hole")
    sources.offer("Debian", "feature")
    sources.offer("", "of-others")
    sources.install("hole", "feature", "of-others")
    assert available(sources) == ("hole",)
    control = sources.run(["apt-get", "--simulate", "upgrade"]).stdout
    assert listed_apt(control) == ("feature", "hole", "of-others")


@needs_apt
def test_debian_brings_what_an_update_needs_anew(sources: Sources) -> None:
    sources.offer("Debian-Security", "hole", needs="new")
    sources.offer("Debian", "new", "feature")
    sources.install("hole", "feature")
    assert available(sources) == ("hole", "new")


@needs_apt
def test_without_a_source_for_security_there_is_a_fault_and_no_lack_of_updates(sources: Sources) -> None:
    sources.offer("Debian", "feature")
    sources.install("feature")
    with pytest.raises(Failure, match="no source of packages here is called Debian-Security: add"):
        available(sources)


@needs_apt
def test_a_source_that_is_gone_is_a_fault(sources: Sources) -> None:
    sources.offer("Debian-Security", "hole")
    sources.offer("Debian", "feature")
    sources.install("hole")
    shutil.rmtree(sources.folder / "source-Debian")
    with pytest.raises(Failure):
        available(sources)


LISTS, ARCHIVES = "var/lib/apt/lists/lock", "var/cache/apt/archives/lock"


@pytest.fixture
def lock(sources: Sources) -> Iterator[Callable[[str], Callable[[], None]]]:
    """Return what has another process hold a lock of apt's, which returns how to end that."""
    with contextlib.ExitStack() as ends:

        def held(name: str) -> Callable[[], None]:
            code = "f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
            argv = [sys.executable, "-c", f"import fcntl, sys; {code}", str(sources.root / name)]
            other = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert other.stdin
            assert other.stdout
            ends.callback(other.wait)
            ends.callback(other.stdin.close)
            other.stdout.readline()

            def end() -> None:
                other.kill()
                other.wait()

            return end

        yield held


@needs_apt
@pytest.mark.parametrize("name", [LISTS, ARCHIVES])
def test_another_run_of_apt_is_waited_for(
    sources: Sources, lock: Callable[[str], Callable[[], None]], name: str
) -> None:
    """For dpkg's lock apt waits by itself (DPkg::Lock::Timeout), for its own ones never."""
    sources.offer("Debian-Security", "hole")
    sources.install("hole")
    end, slept = lock(name), []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            end()

    updates = Updates(DEBIAN, "latest", sources.folder / "preferences", runner=sources.run, sleep=sleep)
    assert updates.available() == ("hole",)
    with pytest.raises(Failure, match="Failed to fetch"):  # there is none: the lock was to be had
        updates.fetch()
    assert len(slept) == 2


@needs_apt
def test_one_that_never_ends_is_a_fault(sources: Sources, lock: Callable[[str], Callable[[], None]]) -> None:
    lock(LISTS)
    slept: list[float] = []
    updates = Updates(DEBIAN, "latest", sources.folder / "preferences", runner=sources.run, sleep=slept.append)
    with pytest.raises(Failure, match="Unable to lock directory"):
        updates.available()
    assert sum(slept) == LOCKED


def test_what_is_wrong_otherwise_is_told_at_once(tools: Tools, tmp_path: Path) -> None:
    tools(**{"*": "echo 'E: Unable to fetch some archives' >&2; exit 100"})
    slept: list[float] = []
    with pytest.raises(Failure, match="Unable to fetch"):
        Updates(DEBIAN, "latest", tmp_path / "preferences", sleep=slept.append).fetch()
    assert slept == []


@given(st.sets(NAME), st.sets(NAME))
def test_every_package_that_dnf_lists_is_read_and_none_that_one_makes_obsolete(new: set[str], old: set[str]) -> None:
    lines = [f"{name}.x86_64   1:2.0-1.amzn2023   amazonlinux" for name in new]
    gone = [f"{name}.noarch   1   amazonlinux" for name in old]
    text = "\n".join(["", *lines, "Obsoleting Packages", *gone])
    assert listed_dnf(text) == tuple(sorted(new))


def test_a_package_whose_line_dnf_breaks_is_read() -> None:
    """As dnf 4.14 does for the longest ones where the columns are one short of the 80 that a pipe has for it."""
    text = f"{'n' * 31}.noarch\n{' ' * 39}1:{'2' * 29} amazonlinux\nshort.x86_64 {'3' * 40}\n{' ' * 54}amazonlinux\n"
    assert listed_dnf(f"\n{text}Obsoleting Packages\nnew.noarch 1 amazonlinux\n    old.noarch 1 @System\n") == (
        "n" * 31,
        "short",
    )


@given(st.sets(NAME), st.text(alphabet="Conf ()[]:\nabc"))
def test_every_package_that_apt_would_install_is_read(names: set[str], noise: str) -> None:
    lines = [f"Inst {name} [1] (2 Debian-Security:12 [amd64])\nConf {name} (2 x [amd64])" for name in names]
    assert listed_apt("\n".join([*lines, noise.replace("Inst", "")])) == tuple(sorted(names))
