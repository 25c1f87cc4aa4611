"""The Kaazing Gateway as the ZIP that a user brings: the real one, of its parts in Maven Central, which has no ZIP."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from rehearsal.doubles import archive, store
from rehearsal.doubles.maven import package

NAME = "kaazing"

VERSION = "5.6.2"
"""The last release of the gateway; the pom names it too."""

FILE = f"kaazing-gateway-{VERSION}.zip"
"""The name of the ZIP where the cluster file wants no other."""

FOLDERS = ("log/", "temp/", "web/")
"""Empty folders of the gateway's home; without temp/ it does not start."""

Progress = Callable[[str], None]


def build_kaazing(file_name: str = FILE, progress: Progress = lambda _: None) -> Path:
    """Return the ZIP `file_name` of the gateway, alone in its folder; its one folder is the gateway's home.

    Fetched and packed unless that was done before. Raises `BuildError`.
    """
    libraries = _libraries(progress)
    content = hashlib.sha256(
        file_name.encode() + b"\0" + Path(__file__).read_bytes() + Path(archive.__file__).read_bytes()
    )
    file = store.shelf(f"{libraries.name}-{content.hexdigest()[:16]}") / file_name
    if not file.exists():
        store.fill(file.parent, lambda scratch: _packed(scratch, file_name, libraries))
    return file


def _libraries(progress: Progress) -> Path:
    """Return the folder of the gateway's jars."""
    folder = store.shelf(f"{NAME}-{store.content_hash(store.SOURCES / NAME)}")
    if not folder.exists():
        progress(f"assembling the Kaazing Gateway {VERSION} with Maven (the first time, Maven fetches its parts)")
        store.fill(folder, lambda scratch: _fetched(scratch, folder.with_name(f"{folder.name}.log")))
    return folder


def _fetched(scratch: Path, log: Path) -> Path:
    project = store.copied_sources(NAME, scratch)
    package(project, log)
    return project / "target" / "lib"


def _packed(scratch: Path, file_name: str, libraries: Path) -> Path:
    return archive.packed(scratch, file_name, _content(libraries), f"{Path(file_name).stem}/", (".start",))


def _content(libraries: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of each file below the gateway's home; a path that ends with a slash is a folder."""
    home = store.SOURCES / NAME / "src" / "main" / "home"
    yield from archive.below(home)
    for jar in libraries.iterdir():
        yield f"lib/{jar.name}", jar.read_bytes()
    for folder in FOLDERS:
        yield folder, b""
