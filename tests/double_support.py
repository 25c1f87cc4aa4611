"""Real H2 servers and doubles on loopback, as children of a test."""

import json
import os
import re
import signal
import socket
import subprocess
import urllib.request
import zipfile
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from rehearsal.poll import poll

SECRET = 'a"b;c d'
APPLICATION_USER = "as400gateway"


@dataclass
class Bench:
    """Two real H2 servers on loopback and one double in front of them, all children of the test."""

    folder: Path
    jar: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        """Take three free ports and the H2 that travels in the jar."""
        self.ports = (free_port(), free_port(), free_port())
        with zipfile.ZipFile(self.jar) as archive:
            (h2,) = (name for name in archive.namelist() if name.startswith("BOOT-INF/lib/h2-"))
            (self.folder / "h2.jar").write_bytes(archive.read(h2))

    @property
    def servers(self) -> str:
        """Return the H2 server list, in the one order that all use."""
        return f"127.0.0.1:{self.ports[0]},127.0.0.1:{self.ports[1]}"

    def start_h2(self, index: int, generation: str = "1") -> None:
        """Start server `index` on an empty folder and wait until it listens."""
        folder = self.folder / f"h2-{index}-{generation}"
        folder.mkdir()
        port = self.ports[index]
        tool = ("org.h2.tools.Server", "-tcp", "-tcpPort", str(port), "-ifNotExists", "-baseDir", str(folder))
        self.spawn(f"h2-{index}", ("java", "-Dh2.bindAddress=127.0.0.1", "-cp", str(self.folder / "h2.jar"), *tool))
        poll(lambda: listens(port), within=15, every=0.05)

    def start_application(self, user: str) -> None:
        """Write the double's two config files, start it by its own launch script, wait until it is healthy."""
        home = self.folder / f"home-{user}"
        jar = home / "executable-jars" / self.jar.name
        for folder in (jar.parent, home / "config"):
            folder.mkdir(parents=True)
        jar.write_bytes(self.jar.read_bytes())
        jar.chmod(0o755)
        jar.with_suffix(".conf").write_text('JAVA_OPTS="-Dh2.clustering.enabled=true -XX:TieredStopAtLevel=1"\n')
        (home / "config" / "application.properties").write_text(
            f"spring.datasource.url=jdbc:h2:tcp://{self.servers}/./connections\n"
            f"spring.datasource.username={user}\nspring.datasource.password={SECRET}\nserver.port={self.ports[2]}\n"
        )
        self.spawn("application", (str(jar),), SPRING_CONFIG_ADDITIONALLOCATION=f"{home}/config/")
        poll(self.healthy, within=30, every=0.05)

    def spawn(self, name: str, command: tuple[str, ...], **environment: str) -> None:
        """Start a child in a process group of its own, its words in a log."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env={**os.environ, **environment}, stdout=log, stderr=log, start_new_session=True
            )

    def stop(self, name: str) -> None:
        """Kill a child and all of its group."""
        child = self.running.pop(name)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def tool(self, name: str, *arguments: str) -> str:
        """Run one of H2's tools as the administrator and return its output."""
        command = (
            "java",
            "-cp",
            str(self.folder / "h2.jar"),
            f"org.h2.tools.{name}",
            "-user",
            "sa",
            "-password",
            SECRET,
        )
        return subprocess.run((*command, *arguments), check=True, capture_output=True, text=True, timeout=60).stdout

    def url(self, index: int) -> str:
        """Return the non-invasive URL of one server: it is accepted always and changes nothing."""
        return f"jdbc:h2:tcp://127.0.0.1:{self.ports[index]}/./connections;CLUSTER=TRUE"

    def sql(self, index: int, statements: str, user: str = "sa") -> str:
        """Return what H2's shell prints for statements on one server, without its timings; errors are in it too."""
        said = self.tool("Shell", "-url", self.url(index), "-user", user, "-sql", statements)
        return re.sub(r"\(.*\d+ ms\)", "", said)

    def create_cluster(self) -> None:
        """Copy server 0 to server 1 and cluster both; every client of server 0 is thrown out meanwhile."""
        base = [f"jdbc:h2:tcp://127.0.0.1:{port}/./connections" for port in self.ports[:2]]
        self.tool("CreateCluster", "-urlSource", base[0], "-urlTarget", base[1], "-serverList", self.servers)

    def request(self, path: str, method: str = "GET", body: str | None = None, jar: CookieJar | None = None) -> Any:
        """Return the JSON of an answer of the double; raises `HTTPError` for codes above 399."""
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar if jar is not None else CookieJar())
        )
        url = f"http://127.0.0.1:{self.ports[2]}{path}"
        data = body.encode() if body is not None else None
        with opener.open(urllib.request.Request(url, data, method=method), timeout=15) as answer:
            assert answer.headers["X-Muster-Double"] == "as400gateway"
            return json.loads(answer.read() or b"null")

    def healthy(self) -> bool:
        """Whether the double says UP."""
        try:
            return bool(self.request("/actuator/health") == {"status": "UP"})
        except OSError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
