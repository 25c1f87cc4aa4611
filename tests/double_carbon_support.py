"""Doubles of WSO2 Carbon on loopback, as children of a test."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, cast

from rehearsal.poll import poll
from tests.double_support import free_port

ZIP = "wso2-carbon-4.10.126.zip"

QUICK = {"hazelcast.wait.seconds.before.join": "1"}
"""The engine's own five seconds before it asks who is there are no promise of the double."""


def java_home() -> Path:
    """Return the home of the Java on the path."""
    java = shutil.which("java")
    assert java, "no java is on the path"
    return Path(java).resolve().parents[1]


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack a distribution, with its permissions, and return the one folder in it."""
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            file = Path(opened.extract(entry, folder))
            file.chmod(entry.external_attr >> 16 & 0o777)
    (home,) = folder.iterdir()
    return home


def configure(
    home: Path,
    own: Mapping[str, str],
    *,
    scheme: str = "wka",
    members: Sequence[str] = (),
    engine: Mapping[str, str] = QUICK,
) -> None:
    """Turn the cluster on in the file that the kernel reads: `own` are parameters by their names in axis2.xml."""
    toml = home / "repository/conf/deployment.toml"
    if toml.exists():
        _configure_toml(toml, own, scheme, members, engine)
    else:
        _configure_axis2(home / "repository/conf/axis2/axis2.xml", own, scheme, members)
        lines = "".join(f"{key}={value}\n" for key, value in engine.items())
        (home / "repository/conf/hazelcast.properties").write_text(lines)


def _configure_toml(
    file: Path, own: Mapping[str, str], scheme: str, members: Sequence[str], engine: Mapping[str, str]
) -> None:
    head = {"localMemberHost": "local_member_host", "localMemberPort": "local_member_port", "domain": "domain"}
    keys = {"membership_scheme": scheme} | {head[name]: value for name, value in own.items() if name in head}
    rest = {name: value for name, value in own.items() if name not in head}
    text = file.read_text() + f"\n[clustering]\nmembers = {json.dumps(list(members))}\n{_pairs(keys)}"
    file.write_text(f"{text}\n[clustering.properties]\n{_pairs(rest)}\n[hazelcast]\n{_pairs(engine)}")


def _pairs(values: Mapping[str, str]) -> str:
    return "".join(f"{json.dumps(key)} = {json.dumps(value)}\n" for key, value in values.items())


def _configure_axis2(file: Path, own: Mapping[str, str], scheme: str, members: Sequence[str]) -> None:
    parameters = {"membershipScheme": scheme, **own}
    inner = "".join(f'<parameter name="{name}">{value}</parameter>\n' for name, value in parameters.items())
    known = [each.split(":") for each in members]
    inner += "".join(f"<member><hostName>{host}</hostName><port>{port}</port></member>" for host, port in known).join(
        ("<members>", "</members>")
    )
    section = re.compile(r'(<clustering class="org[^"]+"\s+enable=)"false">.*?(</clustering>)', re.DOTALL)
    text, found = section.subn(rf'\1"true">{inner}\2', file.read_text())
    assert found == 1
    file.write_text(text)


def settings(home: Path) -> dict[str, Any]:
    """Return what the engine would be started with."""
    command = (str(home / "bin/wso2server.sh"), "settings")
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def environment(*options: str) -> dict[str, str]:
    """Return the environment of the launcher."""
    return {**os.environ, "JAVA_HOME": str(java_home()), "JAVA_OPTS": " ".join(options)}


@dataclass
class Member:
    """One double in its unpacked home."""

    home: Path
    options: tuple[str, ...] = ()
    http: int = field(default_factory=free_port)
    https: int = field(default_factory=free_port)
    port: int = field(default_factory=free_port)
    child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it by its launcher, on ports of its own."""
        self.launch(f"-DhttpPort={self.http}", f"-DhttpsPort={self.https}", *self.options)

    def launch(self, *options: str) -> None:
        """Start it by its launcher with these options for Java alone."""
        with (self.home / "output").open("wb") as output:
            self.child = subprocess.Popen(
                (str(self.home / "bin/wso2server.sh"),),
                env=environment(*options),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        """The product's log."""
        file = self.home / "repository/logs/wso2carbon.log"
        return file.read_text() if file.exists() else ""

    @property
    def output(self) -> str:
        """What it has said to the service manager."""
        return (self.home / "output").read_text()

    @property
    def id(self) -> str:
        """The id of this run's member."""
        found = re.findall(r"Local member: \[([^\]]+)\]", self.log)
        assert found, self.output
        return str(found[-1])

    def wait_for(self, text: str, within: float = 40) -> None:
        """Wait until the log has `text`; a member that ends before fails at once."""

        def said() -> bool:
            assert text in self.log or (self.child and self.child.poll() is None), self.output
            return text in self.log

        poll(said, within=within, every=0.05)

    def wait_until_started(self) -> None:
        """Wait until it serves."""
        self.wait_for("WSO2 Carbon started in")

    def get(self, path: str, jar: CookieJar | None = None, *, tls: bool = False) -> HTTPResponse:
        """Return the answer to a request; the name of the server is the same for all members, as behind a balancer."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(jar if jar is not None else CookieJar()),
        )
        place = f"https://127.0.0.1:{self.https}" if tls else f"http://127.0.0.1:{self.http}"
        return cast("HTTPResponse", opener.open(f"{place}{path}", timeout=15))

    def json(self, path: str, jar: CookieJar | None = None, *, tls: bool = False) -> dict[str, Any]:
        """Return the JSON of an answer."""
        with self.get(path, jar, tls=tls) as answer:
            told: dict[str, Any] = json.loads(answer.read())
        return told

    def end(self, within: float = 15) -> int:
        """Ask it to end, as the service manager does, and return its exit code."""
        assert self.child
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(within)

    def kill(self) -> None:
        """Remove it and whatever it started, if it still runs."""
        if self.child:
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


@dataclass
class Benches:
    """Makes members, and removes them in the end."""

    folder: Path
    made: list[Member] = field(default_factory=list)

    def member(self, archive: Path, *options: str) -> Member:
        """Return a member that has not started, in a home of its own."""
        member = Member(unpacked(archive, self.folder / str(len(self.made))), options)
        self.made.append(member)
        return member

    def pair(self, archive: Path) -> tuple[Member, Member]:
        """Return two members that know each other by their addresses, the first one started before the second."""
        pair = (self.member(archive), self.member(archive))
        # not 127.0.0.1: Hazelcast 3.5 takes no port with that
        known = [f"127.0.0.1{number}:{each.port}" for number, each in enumerate(pair, 1)]
        for each, place in zip(pair, known, strict=True):
            host, port = place.split(":")
            own = {"domain": "shop", "localMemberHost": host, "localMemberPort": port}
            configure(each.home, own, members=known)
        for each in pair:
            each.start()
            each.wait_until_started()
        return pair

    def kill(self) -> None:
        """Remove what still runs."""
        for each in self.made:
            each.kill()


def code_of(request: Callable[[], object]) -> int:
    """Return the code of an answer that is an error."""
    try:
        request()
    except urllib.error.HTTPError as error:
        return error.code
    raise AssertionError("the request succeeded")
