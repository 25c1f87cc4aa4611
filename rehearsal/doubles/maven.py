"""Maven builds, quiet unless they fail, of nothing but what `maven.sha256` pins.

Maven itself knows no hashes of what it fetches. So it fetches into a repository of Muster's own, whose every file is
compared with the pins before a build runs on it without the network. What fetches is one plugin of Maven: it alone runs
before it is compared, with the rest, and nothing is built if it or anything else is another one.
"""

import fcntl
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rehearsal import places
from rehearsal.doubles import pins
from rehearsal.doubles.errors import BuildError

__all__ = ["BuildError", "fetch", "fetched", "missing", "package"]

PACKAGES = {"mvn": "maven", "javac": "openjdk-17-jdk-headless"}
"""Commands that a build needs, and the Debian packages that have them."""

COMMAND = ("mvn", "--quiet", "--batch-mode", "--no-transfer-progress", "--strict-checksums", "-Dstyle.color=never")

FETCHER = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"

NEVER_RUN = ("maven-clean-plugin", "maven-deploy-plugin", "maven-install-plugin", "maven-site-plugin")
"""Plugins of every Maven project that no build of a double uses."""

SHOWN = 15
"""Lines of the log's end that a failure shows."""


def missing() -> list[str]:
    """Return the Debian packages that a build needs and this machine lacks."""
    return [package for command, package in PACKAGES.items() if shutil.which(command) is None]


def package(project: Path, log: Path, options: Sequence[str] = (), more: Iterable[str] = ()) -> Path:
    """Build the Maven project in the folder `project` (which gets a `target/`) and return its only jar.

    `options` stand on Maven's command line; `more` are artifacts (group:artifact:version:type) that a plugin asks for
    by itself; Maven's words go to `log`. Raises `BuildError` with the end of them if the build fails, with what was
    fetched if that is not what is pinned, or with the packages to install if Maven or a Java compiler is missing.
    """
    with log.open("wb"), _repository() as repository:
        fetch(project, log, repository, options, more)
        _refuse_others(repository, pins.hashes(repository))
    _run(project, log, repository, ["--offline", *options, "package"])
    jars = sorted((project / "target").glob("*.jar"))
    if len(jars) != 1:
        raise BuildError(f"Maven made {[jar.name for jar in jars]} where one jar is expected; its log is {log}")
    return jars[0]


def fetched(artifact: str, log: Path) -> Path:
    """Return the file of one artifact (group:artifact:version), fetched unless it is there, compared in any case.

    Raises `BuildError`.
    """
    group, name, version = artifact.split(":")
    with _repository() as repository:
        file = repository / group.replace(".", "/") / name / version / f"{name}-{version}.jar"
        if file.exists():
            found = {file.relative_to(repository).as_posix(): pins.sha256(file)}
        else:
            fetch_one(log, repository, artifact)
            found = pins.hashes(repository)
        _refuse_others(repository, found)
    return file


def fetch(project: Path, log: Path, repository: Path, options: Sequence[str], more: Iterable[str]) -> None:
    """Let Maven fetch into `repository` what a build of `project` asks for. Raises `BuildError`."""
    left_out = f"-DexcludeArtifactIds={','.join(NEVER_RUN)}"
    _run(project, log, repository, [*options, left_out, f"{FETCHER}:go-offline"])
    for artifact in more:
        fetch_one(log, repository, artifact)


def fetch_one(log: Path, repository: Path, artifact: str) -> None:
    """Let Maven fetch one artifact into `repository`, without what that depends on. Raises `BuildError`."""
    _run(Path("/"), log, repository, [f"-Dartifact={artifact}", "-Dtransitive=false", f"{FETCHER}:get"])


def _run(folder: Path, log: Path, repository: Path, arguments: Sequence[str]) -> None:
    if lacking := missing():
        raise BuildError(f"a double is built by Maven, which is missing here: apt-get install {' '.join(lacking)}")
    with log.open("ab") as output:
        code = subprocess.run(
            (*COMMAND, f"-Dmaven.repo.local={repository}", *arguments),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if code != 0:
        raise BuildError(f"Maven failed (exit code {code}); its log is {log} and ends with:\n{_end_of(log)}")


def _refuse_others(repository: Path, found: Mapping[str, str]) -> None:
    if others := pins.others(found, pins.pinned()):
        raise BuildError(
            f"Maven fetched what {pins.PINS.name} does not pin, so nothing is built of it: {', '.join(others[:3])}"
            f"{f' and {len(others) - 3} more' if len(others) > 3 else ''}; remove {repository} and try again"
        )


@contextmanager
def _repository() -> Iterator[Path]:
    """Yield Muster's own repository of what Maven fetched; one process at a time fetches and compares."""
    folder = places.cache() / "maven"
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(lines[-SHOWN:])
