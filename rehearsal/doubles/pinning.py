"""Write anew what Maven may fetch, of what it fetches into an empty folder: `python -m rehearsal.doubles.pinning`.

Review what changed before it is committed.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rehearsal.doubles import appserver, axonivy, carbon, h2, kaazing, maven, pins, store
from rehearsal.doubles.errors import BuildError


def write() -> None:
    """Write the pins of all that the doubles and the tests ask Maven for. Raises `BuildError`."""
    with tempfile.TemporaryDirectory(prefix="muster-pins-") as scratch:
        repository, log = Path(scratch) / "repository", Path(scratch) / "log"
        for project, options, more in _builds():
            sys.stderr.write(f"fetching for {project.name} {' '.join(options)}\n")
            maven.fetch(project, log, repository, options, more)
        for version in h2.VERSIONS:
            maven.fetch_one(log, repository, h2.artifact(version))
        pins.PINS.write_text(pins.written(pins.hashes(repository)), encoding="utf-8")


def _builds() -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield each build of a double: its project, and what stands on the command line and is fetched besides."""
    yield store.SOURCES / "as400gateway", [], []
    yield store.SOURCES / kaazing.NAME, [], []
    yield from ((store.SOURCES / carbon.NAME, [f"-Dengine={each}"], []) for each in carbon.ENGINES)
    yield store.SOURCES / carbon.NAME, [f"-Dengine={appserver.ENGINE}", f"-Dproduct={appserver.NAME}"], []
    for each in axonivy.OLD_JGROUPS, axonivy.JGROUPS:
        yield store.SOURCES / axonivy.NAME, [f"-Djgroups={each}"], [axonivy.TOMCAT]


if __name__ == "__main__":
    try:
        write()
    except BuildError as error:
        sys.exit(f"muster: {error}")
