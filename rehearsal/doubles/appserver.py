"""The double of WSO2 AS: that of WSO2 Carbon and the sources that make it an application server, in one program."""

import hashlib
import io
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rehearsal.doubles import archive, carbon, store
from rehearsal.doubles.carbon import AXIS2, OLD_AGENT, Kernel
from rehearsal.doubles.maven import BuildError, package

NAME = "wso2-as"

ENGINE = "3.5.4"
"""The Hazelcast that stands for those of the two kernels, 3.0.1 and 3.5.0: of their generation."""

_OLDER = Kernel("4.2.0", "3.0.1", "camel", OLD_AGENT, AXIS2)
_NEWER = Kernel("4.4.1", "3.5.0", "camel", OLD_AGENT, AXIS2)

KERNELS: Mapping[str, Kernel] = {"5.2.0": _OLDER, "5.2.1": _OLDER, "5.3.0": _NEWER}
"""The versions for which the double stands."""

LAUNCHER = "bin/wso2server.sh"
WORKER_OPTION = b"    -DworkerNode=false \\\n"
"""A line of the launcher that the product has from kernel 4.4.1 on."""

FOLDERS = ("axis2services/", "carbonapps/", "jaggeryapps/", "webapps/")
"""Where artifacts lie that are deployed."""

DRIVERS = "repository/components/lib/stand-ins-that-connect-to-nothing.jar"
"""Where a node of a cluster with a shared database finds the class of a driver."""

STAND_INS = (
    "com.microsoft.sqlserver.jdbc.SQLServerDriver",
    "com.mysql.cj.jdbc.Driver",
    "com.mysql.jdbc.Driver",
    "oracle.jdbc.OracleDriver",
    "oracle.jdbc.driver.OracleDriver",
    "org.mariadb.jdbc.Driver",
    "org.postgresql.Driver",
)
"""The classes whose names are there, and nothing but their names."""

MARK = "Stand-ins for drivers of databases, in rehearsals alone: names without code, which connect to nothing"

Progress = Callable[[str], None]


def build_appserver(version: str, file_name: str, progress: Progress = lambda _: None) -> Path:
    """Return the ZIP `file_name` of the double that stands for WSO2 AS `version`, alone in its folder.

    Built and packed unless that was done before. Raises `BuildError`.
    """
    if version not in KERNELS:
        raise BuildError(f"there is no double of {NAME} {version}; there are: {', '.join(KERNELS)}")
    libraries = _libraries(progress)
    modules = (__file__, carbon.__file__, archive.__file__)
    packing = hashlib.sha256(
        f"{version}\0{file_name}\0".encode() + b"\0".join(Path(module).read_bytes() for module in modules)
    )
    file = store.shelf(f"{libraries.name}-{packing.hexdigest()[:16]}") / file_name
    if not file.exists():
        store.fill(file.parent, lambda scratch: _packed(scratch, file_name, version, libraries))
    return file


def _libraries(progress: Progress) -> Path:
    """Return the folder of the double's jars."""
    sources = "-".join(store.content_hash(store.SOURCES / name) for name in (carbon.NAME, NAME))
    folder = store.shelf(f"{NAME}-{sources}-{ENGINE}")
    if not folder.exists():
        progress(f"building the double of {NAME} with Hazelcast {ENGINE} (the first time, Maven fetches what it needs)")
        store.fill(folder, lambda scratch: _compiled(scratch, folder.with_name(f"{folder.name}.log")))
    return folder


def _compiled(scratch: Path, log: Path) -> Path:
    for name in (carbon.NAME, NAME):
        for file in store.sources(store.SOURCES / name):
            copy = scratch / file.relative_to(store.SOURCES)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    project = scratch / carbon.NAME  # whose pom takes the sources beside it
    jar = package(project, log, [f"-Dengine={ENGINE}", f"-Dproduct={NAME}"])
    libraries = project / "target" / "lib"
    jar.rename(libraries / jar.name)
    return libraries


def _packed(scratch: Path, file_name: str, version: str, libraries: Path) -> Path:
    return archive.packed(scratch, file_name, _content(version, libraries), f"{Path(file_name).stem}/", (".sh",))


def _content(version: str, libraries: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of each file below the Carbon home: the kernel's, and those that the product adds."""
    kernel = KERNELS[version]
    own = dict(archive.below(store.SOURCES / NAME / "src" / "main" / "home"))
    if kernel is _OLDER:
        own[LAUNCHER] = own[LAUNCHER].replace(WORKER_OPTION, b"")
    yield from {**dict(carbon.content(kernel, libraries)), **own}.items()
    yield from ((f"repository/deployment/server/{folder}", b"") for folder in FOLDERS)
    yield DRIVERS, _drivers()


def _drivers() -> bytes:
    """Return a jar that has each class by name, with nothing in it, and a file that says what these are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as jar:
        jar.writestr(zipfile.ZipInfo("README", archive.TIME), f"{MARK}.\n")
        for name in STAND_INS:
            jar.writestr(zipfile.ZipInfo(f"{name.replace('.', '/')}.class", archive.TIME), b"")
    return packed.getvalue()
