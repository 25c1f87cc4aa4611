"""Doubles of the Axon.ivy engine on loopback, as children of a test, configured as a node does it."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, cast

from musternode.axonivy import eras, ivy_yaml, jgroups, launch, server_xml
from musternode.axonivy.layout import Layout
from rehearsal.doubles.axonivy import build_axonivy
from rehearsal.poll import poll
from tests.double_support import free_port

ZIP = "AxonIvyEngine9.4.zip"
VERSION = "9.4"


def unpacked(archive: Path, home: Path) -> Path:
    """Unpack a distribution, with its permissions, into the folder `home`."""
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            Path(opened.extract(entry, home)).chmod(entry.external_attr >> 16 & 0o777)
    return home


@dataclass
class Engine:
    """One double in its unpacked home, which listens on `ports`."""

    home: Path
    version: str = VERSION
    ports: tuple[int, ...] = field(default_factory=lambda: (free_port(),))
    child: subprocess.Popen[bytes] | None = None

    @property
    def place(self) -> Layout:
        """Where things lie in its home."""
        return Layout(self.home)

    @property
    def health(self) -> str:
        """The page that a node asks whether it runs."""
        return eras.of(self.version).health

    def configure(self, **more: str | int | bool) -> None:
        """Let ivy.yaml say on which port to listen, and `more`, with points for the two underlines in its names."""
        values = {name.replace("__", "."): value for name, value in more.items()}
        text = ivy_yaml.patched(self.place.ivy_yaml.read_bytes(), {"Connector.HTTP.Port": self.ports[0], **values})
        self.place.ivy_yaml.write_bytes(text)

    def serve(self, route: str) -> None:
        """Let server.xml have the route, and a connector for each port."""
        file = self.place.server_xml
        file.write_bytes(server_xml.patched(file.read_bytes(), route, self.ports))

    def license(self, nodes: int | None) -> None:
        """Put a licence for so many nodes in its place; None makes one that says nothing of them."""
        self.place.licence.write_text("# of the double\n" + (f"nodes={nodes}\n" if nodes is not None else "Mz8=\n"))

    def join(self, own: str, members: Sequence[str], port: int) -> None:
        """Let jgroups.xml name the members."""
        self.place.jgroups.write_bytes(jgroups.rendered(eras.of(self.version), own, members, port))

    def start(self) -> None:
        """Start it by its launcher."""
        with (self.home / "output").open("wb") as output:
            self.child = subprocess.Popen(
                launch.command(self.place), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, env={**os.environ, "JAVA_OPTS": "-XX:TieredStopAtLevel=1"},
            )  # fmt: skip

    @property
    def output(self) -> str:
        """What it has said."""
        return (self.home / "output").read_text()

    def wait_until_started(self, within: float = 40) -> None:
        """Wait until it serves; one that ends before fails at once."""

        def started() -> bool:
            assert self.child, "it was not started"
            assert self.child.poll() is None, self.output
            return launch.READY in self.output

        poll(started, within=within, every=0.05)

    def get(self, path: str, jar: CookieJar | None = None, port: int | None = None) -> HTTPResponse:
        """Return the answer to a request on a port, its first one unless told otherwise; raises `HTTPError`."""
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar if jar is not None else CookieJar())
        )
        place = f"http://127.0.0.1:{port or self.ports[0]}"
        return cast("HTTPResponse", opener.open(f"{place}{path}", timeout=15))

    def json(self, path: str, jar: CookieJar | None = None, port: int | None = None) -> dict[str, Any]:
        """Return the JSON of an answer."""
        with self.get(path, jar, port) as answer:
            told: dict[str, Any] = json.loads(answer.read())
        return told

    def code(self, path: str) -> int:
        """Return the code of an answer, 0 if there is none."""
        try:
            with self.get(path) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code
        except OSError:
            return 0

    def end(self, within: float = 15) -> int:
        """Ask it to end, as the service manager does, and return its exit code as a shell tells it."""
        assert self.child
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(within)
        return code if code >= 0 else 128 - code

    def kill(self) -> None:
        """Remove it and whatever it started, if it still runs."""
        if self.child:
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


@dataclass
class Engines:
    """Makes engines, and removes them in the end."""

    folder: Path
    made: list[Engine] = field(default_factory=list)

    def engine(self, version: str = VERSION, ports: int = 1) -> Engine:
        """Return one that has not started, in a home of its own, with a licence for many nodes."""
        home = unpacked(build_axonivy(version, ZIP), self.folder / str(len(self.made)))
        made = Engine(home, version, tuple(free_port() for _ in range(ports)))
        made.license(None)
        self.made.append(made)
        return made

    def pair(self, version: str, nodes: int) -> tuple[Engine, Engine]:
        """Return two that were started one after the other, with a licence for so many nodes."""
        pair, port, members = (self.engine(version), self.engine(version)), free_port(), ("127.0.0.11", "127.0.0.12")
        for number, (engine, own) in enumerate(zip(pair, members, strict=True), 1):
            engine.configure()
            engine.serve(f"node{number}")
            engine.license(nodes)
            engine.join(own, members, port)
            engine.start()
            engine.wait_until_started()
        return pair

    def kill(self) -> None:
        """Remove what still runs."""
        for each in self.made:
            each.kill()
