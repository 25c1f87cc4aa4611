"""One Maven build, quiet unless it fails."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

PACKAGES = {"mvn": "maven", "javac": "openjdk-17-jdk-headless"}
"""Commands that a build needs, and the Debian packages that have them."""

COMMAND = ("mvn", "--quiet", "--batch-mode", "--no-transfer-progress", "-Dstyle.color=never", "package")

SHOWN = 15
"""Lines of the log's end that a failure shows."""


class BuildError(Exception):
    """A double cannot be built; the text says why and what to do."""


def missing() -> list[str]:
    """Return the Debian packages that a build needs and this machine lacks."""
    return [package for command, package in PACKAGES.items() if shutil.which(command) is None]


def package(project: Path, log: Path, options: Sequence[str] = ()) -> Path:
    """Build the Maven project in the folder `project` (which gets a `target/`) and return its only jar.

    `options` stand on Maven's command line; its words go to `log`. Raises `BuildError` with the end of them if the
    build fails, or with the packages to install if Maven or a Java compiler is missing.
    """
    if lacking := missing():
        raise BuildError(f"a double is built by Maven, which is missing here: apt-get install {' '.join(lacking)}")
    with log.open("wb") as output:
        code = subprocess.run(
            (*COMMAND, *options),
            cwd=project,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if code != 0:
        raise BuildError(f"Maven failed (exit code {code}); its log is {log} and ends with:\n{_end_of(log)}")
    jars = sorted((project / "target").glob("*.jar"))
    if len(jars) != 1:
        raise BuildError(f"Maven made {[jar.name for jar in jars]} where one jar is expected; its log is {log}")
    return jars[0]


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(lines[-SHOWN:])
