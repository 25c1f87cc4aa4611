"""Doubles of WSO2 AS on loopback with a real Subversion repository, as children of a test."""

import os
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path, PurePosixPath
from typing import cast
from urllib.parse import quote

import pytest

from rehearsal.doubles.appserver import LAUNCHER, WORKER_OPTION, build_appserver
from rehearsal.poll import poll
from tests.double_carbon_support import Benches, Member, configure
from tests.double_support import free_port, listens

ZIP = "wso2as-5.3.0.zip"
BASE = "repository/deployment/server"

MISSING = [name for name in ("svn", "svnadmin", "svnmucc", "svnserve") if shutil.which(name) is None]

NOTHING: Mapping[str, str] = {}

INSTALL = f"not installed: {', '.join(MISSING)} (apt-get install subversion)"

subversion = pytest.mark.skipif(bool(MISSING), reason=INSTALL)

HOSTS = {"HostName": "as.example.org", "MgtHostName": "mgt.as.example.org"}

ACCOUNTS = {"committer": "to-write-and-read", "reader": "to-read-alone"}


@dataclass
class Repository:
    """A repository behind svnserve: one account may commit, another one read."""

    folder: Path
    port: int = field(default_factory=free_port)
    server: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        """Make it."""
        subprocess.run(("svnadmin", "create", str(self.folder)), check=True)
        conf = self.folder / "conf"
        (conf / "svnserve.conf").write_text("[general]\nanon-access = none\npassword-db = passwd\nauthz-db = authz\n")
        (conf / "passwd").write_text("[users]\n" + "".join(f"{name} = {word}\n" for name, word in ACCOUNTS.items()))
        (conf / "authz").write_text("[/]\ncommitter = rw\nreader = r\n")
        self.serve()

    @property
    def url(self) -> str:
        """Its address."""
        return f"svn://127.0.0.1:{self.port}"

    def serve(self) -> None:
        """Let it answer."""
        place = ("--listen-host", "127.0.0.1", "--listen-port", str(self.port), "-r", str(self.folder))
        self.server = subprocess.Popen(("svnserve", "-d", "--foreground", *place), start_new_session=True)
        poll(lambda: listens(self.port), within=10, every=0.05)

    def stop(self) -> None:
        """Let it answer no more."""
        if self.server:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
            self.server = None

    def files(self, below: str = "-1234") -> dict[str, str]:
        """Return path and content of each file in it below a folder; what is no text has other letters."""
        tree = self._look("tree", "--full-paths", str(self.folder), f"/{below}").splitlines()
        paths = [path.strip("/") for path in tree if not path.endswith("/")]
        return {path.removeprefix(f"{below}/"): self._look("cat", str(self.folder), f"/{path}") for path in paths}

    def authors(self) -> set[str]:
        """Return whose commits it has."""
        newest = int(self._look("youngest", str(self.folder)))
        return {self._look("author", "-r", str(number), str(self.folder)).strip() for number in range(1, newest + 1)}

    def put(self, path: str, content: str) -> None:
        """Commit a file behind the back of all members, and the folders that it wants."""
        file = self.folder / "put"
        file.write_text(content)
        there, root = self._look("tree", "--full-paths", str(self.folder)).splitlines(), f"file://{self.folder}"
        folders = [str(folder) for folder in reversed(PurePosixPath(path).parents) if folder.name]
        made = [part for folder in folders if f"{folder}/" not in there for part in ("mkdir", f"{root}/{folder}")]
        command = ("svnmucc", "-m", "by hand", *made, "put", str(file), f"{root}/{path}")
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)

    def _look(self, *arguments: str) -> str:
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(("svnlook", *arguments), env=environment, capture_output=True, check=False)
        return done.stdout.decode(errors="replace")


@dataclass
class Node:
    """A member of a cluster of WSO2 AS; `member` is its program."""

    member: Member

    def file(self, path: str) -> Path:
        """Return where it has the artifact."""
        return self.member.home / BASE / path

    def put(self, path: str, content: str | bytes) -> None:
        """Put a file below what it deploys."""
        self.file(path).parent.mkdir(parents=True, exist_ok=True)
        self.file(path).write_bytes(content.encode() if isinstance(content, str) else content)

    def deploy(self, name: str, content: str) -> HTTPResponse:
        """Upload an artifact to its console."""
        url = f"http://127.0.0.1:{self.member.http}/carbon/deploy?name={quote(name)}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return cast(
            "HTTPResponse", opener.open(urllib.request.Request(url, content.encode(), method="POST"), timeout=15)
        )

    def says(self, path: str) -> str | None:
        """Return what it serves there, or None."""
        try:
            with self.member.get(path) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def serves(self, path: str, content: str | None, within: float = 30) -> None:
        """Wait until it serves that there; None is nothing."""
        poll(lambda: self.says(path) == content, within=within)

    def redirected(self, path: str, host: str, *, tls: bool = True) -> tuple[int, str]:
        """Return code and Location of the answer to a request for that host."""
        scheme, port = ("https", self.member.https) if tls else ("http", self.member.http)
        command = (
            "curl",
            "-sk",
            "--path-as-is",
            "--noproxy",
            "*",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code} %header{location}",
        )
        whole = (*command, "-H", f"Host: {host}", f"{scheme}://127.0.0.1:{port}{path}")
        code, _, location = subprocess.run(whole, capture_output=True, text=True, check=True).stdout.partition(" ")
        return int(code), location


@dataclass
class World:
    """A cluster of WSO2 AS around one repository."""

    folder: Path
    version: str = "5.3.0"
    append: bool = True
    benches: Benches = field(init=False)
    repository: Repository = field(init=False)
    known: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the repository; the addresses of four members stand fast."""
        self.folder.mkdir(exist_ok=True)
        self.benches = Benches(self.folder)
        self.repository = Repository(self.folder.with_name(f"{self.folder.name}-svn"))
        self.known = [f"127.0.0.{number}:{free_port()}" for number in range(11, 15)]

    def node(self, group: str, *, commits: bool | None = None, values: Mapping[str, str] = NOTHING) -> Node:
        """Return a node that has not started: a worker, or a management node, which commits unless it is said not to.

        `values` are texts to replace in carbon.xml: elements by their names.
        """
        member = self.benches.member(build_appserver(self.version, ZIP))
        host, port = self.known[len(self.benches.made) - 1].split(":")
        properties = f'<property name="subDomain" value="{group}"/>'
        own = {"domain": "shop", "localMemberHost": host, "localMemberPort": port, "properties": properties}
        configure(member.home, own, members=self.known)
        commits = group == "mgt" if commits is None else commits
        user = "committer" if commits else "reader"
        account = {"SvnUrl": self.repository.url, "SvnUser": user, "SvnPassword": ACCOUNTS[user]}
        truths = {"Enabled": True, "AutoCommit": commits, "SvnUrlAppendTenantId": self.append}
        texts = {name: str(truth).lower() for name, truth in truths.items()}
        edit_carbon_xml(member.home, **{"DeploymentUpdateInterval": "1", **account, **texts, **values})
        if group == "worker":
            be_worker(member.home)
        return Node(member)

    def started(self, group: str, *, commits: bool | None = None) -> Node:
        """Return a node that serves."""
        node = self.node(group, commits=commits)
        node.member.start()
        node.member.wait_until_started()
        return node

    def end(self) -> None:
        """Remove what runs."""
        self.benches.kill()
        self.repository.stop()


def edit_carbon_xml(home: Path, **values: str) -> None:
    """Set the first element of each name in carbon.xml; the names of hosts are written for the first time."""
    file = home / "repository/conf/carbon.xml"
    text = file.read_text()
    for name, value in values.items():
        if name in {"HostName", "MgtHostName"}:
            text = re.sub(rf"<!--{name}>.*?</{name}-->", f"<{name}>{value}</{name}>", text)
        else:
            text = re.sub(rf"<{name}>.*?</{name}>", f"<{name}>{value}</{name}>", text, count=1)
    file.write_text(text)


def be_worker(home: Path) -> None:
    """Give the launcher the option of a worker, as an administrator would."""
    launcher = home / LAUNCHER
    text = launcher.read_bytes().replace(WORKER_OPTION, b"")
    start = b"    org.wso2.carbon.bootstrap.Bootstrap"
    launcher.write_bytes(text.replace(start, WORKER_OPTION.replace(b"false", b"true") + start))


def behind(home: Path, http: int, https: int) -> None:
    """Set the ports in front of the connectors."""
    file = home / "repository/conf/tomcat/catalina-server.xml"
    text = file.read_text()
    for own, port in ((9763, http), (9443, https)):
        text = text.replace(f'port="{own}"\n', f'port="{own}" proxyPort="{port}"\n')
    file.write_text(text)
