"""Settings of a pair on loopback, and stand-ins for systemd, for the application and for the wait handle."""

import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from musternode.aws import Credentials
from musternode.h2.session import Session
from musternode.h2.tools import Tools
from musternode.report import Body, Reported
from musternode.settings import (
    Artifact,
    Asset,
    Node,
    Ports,
    ProductSettings,
    Secrets,
    Settings,
)
from rehearsal.doubles import h2

H2 = "1.4.199"
ADMIN = Credentials("sa", "a'd\"m;i n\\${x:y}--;")
USER = Credentials("as400gateway", "p'w\"d; \\o${rd}/*;")
ADDRESSES = {"a": "127.0.1.1", "b": "127.0.1.2"}


def h2_jar(version: str = H2) -> Path:
    """Return the jar of the H2 that the guide names, or of another `version`, as it is pinned."""
    return h2.jar(version)


def settings(
    port: int = 9092,
    generation: str = "0123456789abcdef",
    timeout: int = 900,
    addresses: Mapping[str, str] = ADDRESSES,
    absent: str = "",
) -> Settings:
    """Return settings of a pair, on loopback unless it has other addresses; the member `absent` is not present."""
    members = tuple(
        Node(name, place, "z", addresses[name], f"vol-{name}", name != absent) for place, name in enumerate("ab")
    )
    return Settings(
        format=1,
        cluster="as400",
        product="as400gateway",
        region="eu-west-1",
        generation=generation,
        members=members,
        asset=Asset("assets", "a.zip", "0" * 64),
        artifact=Artifact("artifacts", "a.jar", "1" * 64, "as400-common-api-1.0.0.jar"),
        wait_url="http://127.0.0.1:9/",
        formation_timeout=timeout,
        takeover_interval=600,
        java=17,
        table="muster-as400-witness",
        secrets=Secrets("arn:admin", "arn:application", "arn:peer"),
        ports=Ports(8080, port, 9093, 9180),
        settings=ProductSettings("/opt/as400gateway", "connections", "/actuator/health", "leader", None, None),
    )


@dataclass
class Processes:
    """Starts the H2 server as a child of the test where systemd would start its unit."""

    address: str
    port: int
    folder: Path
    child: "subprocess.Popen[bytes] | None" = None
    run: str = ""

    def start(self, unit: str) -> None:
        """Start the server."""
        assert unit == "muster-h2.service"
        java = ["java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", f"-Dh2.bindAddress={self.address}"]
        tool = ["-cp", str(h2_jar()), "org.h2.tools.Server", "-tcp", "-tcpPort", str(self.port)]
        rest = ["-baseDir", str(self.folder), "-ifNotExists", "-properties", "null"]
        self.child = subprocess.Popen([*java, *tool, *rest], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.run = uuid.uuid4().hex

    def stop(self, unit: str) -> None:
        """Stop the server as systemd does, by SIGTERM."""
        assert unit == "muster-h2.service"
        if self.child is not None:
            self.child.terminate()
            self.child.wait()

    def kill(self, unit: str) -> None:
        """Kill the server."""
        assert unit == "muster-h2.service"
        if self.child is not None:
            self.child.kill()
            self.child.wait()

    def restart(self, unit: str) -> None:
        """Stop and start."""
        self.stop(unit)
        self.start(unit)

    def running(self, _: str) -> bool:
        """Return whether the server lives."""
        return self.child is not None and self.child.poll() is None

    def run_id(self, _: str) -> str:
        """Return another id for each start."""
        return self.run

    def last_words(self, _: str) -> str:
        """Return nothing of interest."""
        return "nothing"


@dataclass
class SchemaOnly:
    """An application that makes one table in its first run and is healthy whenever it runs."""

    tools: Tools
    up: bool = False
    starts: int = 0

    def start(self) -> None:
        """Start."""
        self.up, self.starts = True, self.starts + 1

    def stop(self) -> None:
        """Stop."""
        self.up = False

    def running(self) -> bool:
        """Return whether it runs."""
        return self.up

    def healthy(self) -> bool:
        """Return whether it runs."""
        return self.up

    def complaint(self) -> str:
        """Return nothing of interest."""
        return "it is down"

    def make_schema(self, url: str) -> None:
        """Make the table with rows that are hard to copy, and an identity column."""
        with Session(self.tools, url, ADMIN) as session:
            session.execute(
                "CREATE TABLE CONFIGURATION(ID IDENTITY, KEY VARCHAR(200), VALUE CLOB)",
                "CREATE TABLE PLAIN(A INT, B VARCHAR)",
                "INSERT INTO CONFIGURATION(KEY, VALUE) VALUES('k;', REPEAT('line' || CHAR(10) || ';', 4000))",
                "INSERT INTO PLAIN VALUES(1, 'x'), (1, 'x'), (2, NULL)",
                "DELETE FROM PLAIN WHERE A = 2",
            )


class Silent(Reported):
    """Keeps reports instead of sending them."""

    def __init__(self) -> None:
        self.sent: list[Body] = []

    def has(self, _generation: str) -> bool:
        """Return whether one was kept."""
        return bool(self.sent)

    def send_aside(self, _url: str, _generation: str, body: Body) -> None:
        """Keep the report."""
        self.sent.append(body)
