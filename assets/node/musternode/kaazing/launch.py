"""How the gateway's Java is started: the options and the environment for its script, and what its folders must hold.

The script (bin/gateway.start of 5.6.2) runs the `java` that is first on the PATH, whatever JAVA_HOME says; what stands
in GATEWAY_OPTS takes the place of its own options, and is divided at blanks.
"""

import re
import zipfile
from pathlib import Path
from typing import Dict, List, Sequence

from ..failure import Failure

SCRIPT = Path("bin/gateway.start")
EMPTY = ("log", "temp", "web")
"""Folders that an archive may have lost, being empty: they must be there, and be the gateway's, when it starts."""
HEAP = 512
"""MiB that the script of Kaazing gives to Java."""
ANNOTATIONS = "javax/annotation/Resource.class"
"""A class that the gateway needs, and that Java 8 was the last to bring ready for use."""
_OPTION = re.compile(r"-[A-Za-z0-9][A-Za-z0-9_.,:=+/@%-]*")


def hazelcast(heartbeat: int) -> Dict[str, int]:
    """Return the seconds, by Hazelcast's property, for `heartbeat`: those without a word after which a member is gone.

    Its own are 300, 5, 30, 350, 300 and 120: a member behind a cut link stays in the cluster for five minutes. Members
    say at intervals, too, whom they take for the one who leads; who is heard of later than allowed is put out, however
    well it is. The leader looks for other parts of a split from its start on, so that its next look finds a cut that
    has healed. A gateway that is asked to end while it cannot reach the others may take as long as `heartbeat`.
    """
    return {
        "hazelcast.max.no.heartbeat.seconds": heartbeat,
        "hazelcast.heartbeat.interval.seconds": 1 if heartbeat < 30 else 5,
        "hazelcast.master.confirmation.interval.seconds": min(30, heartbeat // 2),
        "hazelcast.max.no.master.confirmation.seconds": (5 * heartbeat + 1) // 2,
        "hazelcast.merge.first.run.delay.seconds": 30,
        "hazelcast.merge.next.run.delay.seconds": 10,
    }


def options(home: Path, heartbeat: int, heap: int = HEAP, more: Sequence[str] = ()) -> List[str]:
    """Return Java's options for the gateway at `home`, `more` behind Muster's own; raises `Failure`.

    `heartbeat` are the seconds until a silent member is gone, `heap` the MiB for Java's objects.
    """
    own = [f"-Xmx{heap}m", "-Djava.security.egd=file:/dev/urandom", f"-DGATEWAY_HOME={home}"]
    found = [*own, *(f"-D{name}={value}" for name, value in hazelcast(heartbeat).items()), *more]
    for option in found:
        if not _OPTION.fullmatch(option):
            raise Failure(f"{option!r} cannot be an option of the gateway's Java: letters, digits and .,:=+/@%_- alone")
    return found


def environment(java_home: Path, chosen: Sequence[str]) -> Dict[str, str]:
    """Return the environment in which the script starts the Java at `java_home` with the options `chosen`."""
    return {
        "JAVA_HOME": str(java_home),
        "PATH": f"{java_home}/bin:/usr/local/bin:/usr/bin:/bin",
        "GATEWAY_OPTS": " ".join(chosen),
    }


def check_home(home: Path, java: int) -> None:
    """Raise `Failure` with what the gateway at `home` lacks to start on Java `java` (8, 11, 17 and so on)."""
    if not (home / SCRIPT).is_file():
        raise Failure(f"{home.name} has no {SCRIPT}; a distribution of the Kaazing Gateway has it")
    for name in ("conf", "lib"):
        if not (home / name).is_dir():
            raise Failure(f"{home.name} has no folder {name}; a distribution of the Kaazing Gateway has it")
    if java > 8 and not any(_holds(jar, ANNOTATIONS) for jar in (home / "lib").glob("*.jar")):
        raise Failure(
            f"the gateway needs javax.annotation, which Java {java} has not: add javax.annotation-api-1.3.2.jar to "
            "lib/ of its distribution, or have it run on Java 8"
        )


def _holds(jar: Path, name: str) -> bool:
    """Return whether the archive `jar` holds the entry `name`; one that cannot be read holds nothing."""
    try:
        with zipfile.ZipFile(jar) as opened:
            return name in opened.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
