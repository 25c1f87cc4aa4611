"""The double of WSO2 Carbon: a product's ZIP around the engine of a kernel, built per engine and packed per kernel."""

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from rehearsal.doubles import archive, store
from rehearsal.doubles.maven import BuildError, package

NAME = "wso2-carbon"

ENGINES = ("3.5.4", "3.12.2", "4.2.6", "5.3.6")
"""The versions of Hazelcast that the double can be built with: one for each generation of kernels."""

AXIS2, DEPLOYMENT = "axis2.xml", "deployment.toml"

OLD_AGENT = "org.wso2.carbon.core.clustering.hazelcast.HazelcastClusteringAgent"
NEW_AGENT = "org.wso2.carbon.hazelcast.HazelcastClusteringAgent"

PASSWORD = "wso2carbon"  # noqa: S105 - the product's own, in every copy of it
"""Opens the keystores of the product."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Kernel:
    """A kernel for which a double stands.

    `engine` is its own Hazelcast; `spelling` (camel or kebab) that of the parameters it reads; `agent` the class that
    it starts clusters with; `config` the file that it reads.
    """

    kernel: str
    engine: str
    spelling: str
    agent: str
    config: str


KERNELS: Mapping[str, Kernel] = {
    "3.5.4": Kernel("4.4.40", "3.5.4", "camel", OLD_AGENT, AXIS2),
    "3.12.2": Kernel("4.6.3", "3.12.2", "camel", OLD_AGENT, DEPLOYMENT),
    "4.2.6": Kernel("4.9.28", "4.2.6", "kebab", NEW_AGENT, DEPLOYMENT),
    "5.3.6": Kernel("4.12.37", "5.3.6", "camel", NEW_AGENT, DEPLOYMENT),
}
"""The newest kernel of each generation, by the engine."""


def nearest(engine: str) -> str:
    """Return the one of `ENGINES` that stands for `engine`: itself, or that of the same generation.

    Hazelcast 3.0 to 3.5 have EC2 discovery built in and search three ports; from 3.6 on it is a plugin; 4 and 5 have an
    API of their own each. Raises `BuildError` for another generation.
    """
    try:
        major, minor = (int(part) for part in engine.split(".")[:2])
        return {3: "3.5.4" if minor <= 5 else "3.12.2", 4: "4.2.6", 5: "5.3.6"}[major]
    except (ValueError, KeyError):
        raise BuildError(
            f"no double of {NAME} has the engine Hazelcast {engine}; there are: {', '.join(ENGINES)}"
        ) from None


def build_carbon(
    engine: str, file_name: str, progress: Progress = lambda _: None, kernel: Kernel | None = None
) -> Path:
    """Return the ZIP `file_name` of the double with the engine nearest to `engine`, alone in its folder.

    It stands for `kernel`, or for the newest one with that engine. Built and packed unless that was done before.
    Raises `BuildError`.
    """
    taken = nearest(engine)
    kernel = kernel or KERNELS[taken]
    libraries = _libraries(taken, progress)
    packing = hashlib.sha256(
        "\0".join((file_name, *astuple(kernel))).encode()
        + Path(__file__).read_bytes()
        + Path(archive.__file__).read_bytes()
    )
    file = store.shelf(f"{libraries.name}-{packing.hexdigest()[:16]}") / file_name
    if not file.exists():
        store.fill(file.parent, lambda scratch: _packed(scratch, file_name, kernel, libraries))
    return file


def _libraries(engine: str, progress: Progress) -> Path:
    """Return the folder of the jars of the double with `engine`, which is one of `ENGINES`."""
    folder = store.shelf(f"{NAME}-{store.content_hash(store.SOURCES / NAME)}-{engine}")
    if not folder.exists():
        progress(f"building the double of {NAME} with Hazelcast {engine} (the first time, Maven fetches what it needs)")
        store.fill(folder, lambda scratch: _compiled(scratch, engine, folder.with_name(f"{folder.name}.log")))
    return folder


def _compiled(scratch: Path, engine: str, log: Path) -> Path:
    project = store.copied_sources(NAME, scratch)
    jar = package(project, log, [f"-Dengine={engine}"])
    libraries = project / "target" / "lib"
    jar.rename(libraries / jar.name)
    return libraries


def _packed(scratch: Path, file_name: str, kernel: Kernel, libraries: Path) -> Path:
    return archive.packed(scratch, file_name, content(kernel, libraries), f"{Path(file_name).stem}/", (".sh",))


def content(kernel: Kernel, libraries: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of each file below the Carbon home; a path that ends with a slash is a folder."""
    home = store.SOURCES / NAME / "src" / "main" / "home"
    for file in _shipped(home, kernel):
        yield file.relative_to(home).as_posix(), file.read_bytes()
    for jar in libraries.iterdir():
        yield f"lib/{jar.name}", jar.read_bytes()
    facts = "".join(f"{name}={value}\n" for name, value in asdict(kernel).items())
    yield "repository/conf/double.properties", f"# For which kernel this double stands.\n{facts}".encode()
    yield "repository/resources/security/client-truststore.jks", empty_keystore(PASSWORD)
    yield "repository/logs/", b""


def _shipped(home: Path, kernel: Kernel) -> Iterable[Path]:
    """Return the files that a product on this kernel has; older ones have none of those of deployment.toml's time."""
    left_out = {DEPLOYMENT, "log4j2.properties", "hazelcast.properties.j2"} if kernel.config == AXIS2 else set()
    return (file for file in home.rglob("*") if file.is_file() and file.name not in left_out)


def empty_keystore(password: str) -> bytes:
    """Return a keystore (JKS) with nothing in it, to which keytool adds."""
    head = struct.pack(">III", 0xFEEDFEED, 2, 0)  # magic, version, entries
    salted = password.encode("utf-16-be") + b"Mighty Aphrodite" + head  # sun.security.provider.JavaKeyStore
    return head + hashlib.sha1(salted, usedforsecurity=False).digest()
