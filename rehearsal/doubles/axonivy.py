"""The double of the Axon.ivy engine: an engine's ZIP around a real Tomcat 9, with the JGroups by which nodes talk."""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rehearsal.doubles import archive, store
from rehearsal.doubles.maven import package

NAME = "axonivy"

JSESSIONID, IVYSESSIONID = "JSESSIONID", "IVYSESSIONID"

OLD_JGROUPS, JGROUPS = "4.2.30.Final", "5.2.27.Final"
"""Which JGroups stands for the engine's own: up to 9.2 one that no document names, from 9.3 on a version 5."""

TOMCAT = "org.apache.tomcat:tomcat:9.0.98:zip"
"""What a plugin fetches by itself; the pom names the version too."""

EXECUTABLE = "bin/AxonIvyEngine"
OF_TOMCAT = ("bin/bootstrap.jar", "bin/tomcat-juli.jar", "conf/catalina.properties", "lib/*.jar", "LICENSE", "NOTICE")
"""What of a Tomcat an engine has a use for; its own pages and the languages of its messages are left out."""
LEFT_OUT = ("-i18n-", "jasper", "ecj-", "websocket", "-dbcp", "-jdbc", "-tribes", "-ha.", "-storeconfig", "-ant.")

FOLDERS = ("applications/", "data/", "logs/", "temp/", "work/")

Progress = Callable[[str], None]


def cookie(version: str) -> str:
    """Return the name of the session cookie of an engine of that version (docs/axonivy.md)."""
    return IVYSESSIONID if _numbers(version) >= (12, 0, 9) else JSESSIONID


def health(version: str) -> str:
    """Return the page of such an engine that tells whether it runs (docs/axonivy.md)."""
    numbers = _numbers(version)
    return "/system/health" if numbers >= (12, 0, 7) else "/" if numbers >= (9, 1) else "/ivy/"


def build_axonivy(version: str, file_name: str, progress: Progress = lambda _: None) -> Path:
    """Return the ZIP `file_name` of the double that stands for an engine of `version`, alone in its folder.

    Built and packed unless that was done before. Raises `BuildError`.
    """
    libraries = _libraries(OLD_JGROUPS if _numbers(version) < (9, 3) else JGROUPS, progress)
    content = hashlib.sha256(
        f"{version}\0{file_name}\0".encode() + Path(__file__).read_bytes() + Path(archive.__file__).read_bytes()
    )
    file = store.shelf(f"{libraries.name}-{content.hexdigest()[:16]}") / file_name
    if not file.exists():
        store.fill(file.parent, lambda scratch: _packed(scratch, file_name, version, libraries))
    return file


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _libraries(jgroups: str, progress: Progress) -> Path:
    """Return the folder with Tomcat's ZIP and the jars of the double with that version of JGroups."""
    folder = store.shelf(f"{NAME}-{store.content_hash(store.SOURCES / NAME)}-{jgroups}")
    if not folder.exists():
        progress(f"building the double of {NAME} with JGroups {jgroups} (the first time, Maven fetches what it needs)")
        store.fill(folder, lambda scratch: _compiled(scratch, jgroups, folder.with_name(f"{folder.name}.log")))
    return folder


def _compiled(scratch: Path, jgroups: str, log: Path) -> Path:
    project = store.copied_sources(NAME, scratch)
    jar = package(project, log, [f"-Djgroups={jgroups}"], [TOMCAT])
    libraries = project / "target" / "lib"
    jar.rename(libraries / jar.name)
    return libraries


def _packed(scratch: Path, file_name: str, version: str, libraries: Path) -> Path:
    # as the product's, it has no folder of its own
    return archive.packed(scratch, file_name, _content(version, libraries), "", (EXECUTABLE,))


def _content(version: str, libraries: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of each file below the engine's home; a path that ends with a slash is a folder."""
    home = store.SOURCES / NAME / "src" / "main" / "home"
    yield from archive.below(home)
    for jar in libraries.glob("*.jar"):
        if not jar.name.startswith("jgroups"):
            yield f"bin/engine/{jar.name}", jar.read_bytes()
        if not jar.name.startswith("snakeyaml"):
            yield f"webapps/ROOT/WEB-INF/lib/{jar.name}", jar.read_bytes()
    yield from _tomcat(next(libraries.glob("tomcat-*.zip")))
    facts = {"version": version, "cookie": cookie(version), "health": health(version)}
    lines = "".join(f"{name}={value}\n" for name, value in facts.items())
    yield "configuration/double.properties", f"# For which version this double stands.\n{lines}".encode()
    yield from ((folder, b"") for folder in FOLDERS)


def _tomcat(shipped: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(shipped) as opened:
        for name in opened.namelist():
            path = Path(name.partition("/")[2])
            if any(path.match(part) for part in OF_TOMCAT) and not any(part in path.name for part in LEFT_OUT):
                yield path.as_posix(), opened.read(name)
