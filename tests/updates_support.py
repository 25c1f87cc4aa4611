"""What stands for Debian's mirror on a rehearsed host: two package sources on its own disk, of which one is called so.

Real packages, built there, by the real apt; nothing of it is signed.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from musternode.updates import words
from musternode.updates.units import SERVICE
from rehearsal.hosts.enter import EnterError
from rehearsal.poll import poll
from tests.carbon_support import say
from tests.scenario_support import Bench, cluster_file, service

NODES = ("a", "b")
ROUND = 420.0
"""Seconds for a round of two nodes: each leads its users away for 15, restarts, and copies the database."""
HOLE, FEATURE = "muster-hole", "muster-feature"
"""A package with a security update, and one with a newer version that is none."""

SOURCES = """
import hashlib, json, pathlib, subprocess, sys
given = json.load(sys.stdin)
apt, place = pathlib.Path("/etc/apt"), pathlib.Path("/srv/updates")
for old in [apt / "sources.list", *(apt / "sources.list.d").glob("*")]:
    old.unlink(missing_ok=True)
lines = []
for label, packages in given["sources"].items():
    folder = place / label
    folder.mkdir(parents=True, exist_ok=True)
    index = ""
    for name, version, script in packages:
        tree = folder / "tree"
        (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
        control = f"Package: {name}\\nVersion: {version}\\nArchitecture: all\\nDescription: x\\n"
        control += "Maintainer: x <x@example.org>\\n"
        (tree / "DEBIAN/control").write_text(control)
        (tree / "DEBIAN/postinst").write_text(f"#!/bin/sh\\n{script}\\n")
        (tree / "DEBIAN/postinst").chmod(0o755)
        file = folder / f"{name}_{version}_all.deb"
        subprocess.run(["dpkg-deb", "--build", tree, file], check=True, stdout=subprocess.DEVNULL)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        index += f"{control}Filename: ./{file.name}\\nSize: {file.stat().st_size}\\nSHA256: {digest}\\n\\n"
    (folder / "Packages").write_text(index)
    digest = hashlib.sha256(index.encode()).hexdigest()
    (folder / "Release").write_text(f"Origin: Debian\\nLabel: {label}\\nSHA256:\\n {digest} {len(index)} Packages\\n")
    lines.append(f"deb [trusted=yes] file:{folder} ./\\n")
(apt / "sources.list").write_text("".join(lines))
for file in given["installed"]:
    subprocess.run(["dpkg", "--install", place / file], check=True, stdout=subprocess.DEVNULL)
"""
"""Writes the sources that are given on standard input, builds their packages, and installs some."""


def offer(bench: Bench, node: str, version: str, *, script: str = "exit 0", installed: bool = False) -> None:
    """Let `node` have both packages in `version`, whose script at the installation is `script`."""
    sources = {
        "Debian-Security": [(HOLE, version, script)],
        "Debian": [(FEATURE, version, "exit 0")],
    }
    first = [f"Debian-Security/{HOLE}_{version}_all.deb", f"Debian/{FEATURE}_{version}_all.deb"]
    given = {"sources": sources, "installed": first if installed else []}
    bench.scene.run_in(bench.member(node), ["python3", "-c", SOURCES], text=json.dumps(given), within=60)


def installed(bench: Bench, node: str) -> dict[str, str]:
    """Return the versions of both packages on `node`."""
    show = "--showformat=${Package} ${Version}\\n"
    said = bench.scene.run_in(bench.member(node), ["dpkg-query", "--show", show, HOLE, FEATURE], within=20)
    return dict(line.split() for line in said.splitlines())


def word(bench: Bench, node: str) -> str:
    """Return how far `node` says that it is, empty while it is off or says nothing."""
    try:
        said = bench.scene.run_in(bench.member(node), ["cat", "/etc/muster/updates.json"], within=10)
        return str(json.loads(said)["phase"])
    except (EnterError, LookupError, ValueError, TimeoutError, OSError):
        return ""


def begin(bench: Bench, *nodes: str) -> None:
    """Let the hour come on these nodes: what their timers start is started."""
    for node in nodes:
        bench.scene.run_in(bench.member(node), ["systemctl", "start", SERVICE], within=30)


def works(bench: Bench, node: str) -> bool:
    """Return whether the process of the round runs on `node`."""
    try:
        said = bench.scene.run_in(bench.member(node), ["systemctl", "show", "-P", "ActiveState", SERVICE], within=10)
    except (EnterError, LookupError, TimeoutError, OSError):
        return False
    return said.strip() == "active"


def until_over(bench: Bench, *nodes: str, within: float) -> list[Mapping[str, str]]:
    """Return all that the nodes said until their round was over, in its order."""
    said: list[Mapping[str, str]] = []
    over = {words.DONE, *words.OVER}

    def ended() -> bool:
        now = {node: word(bench, node) for node in nodes}
        if not said or said[-1] != now:
            said.append(now)
        return all(each in over for each in now.values()) and not any(works(bench, node) for node in nodes)

    poll(ended, within=within, every=0.5)
    return said


def journal(bench: Bench, node: str) -> str:
    """Return what the process of the round said on `node`, before its restart too."""
    argv = ["journalctl", f"--unit={SERVICE}", "--output=cat", "--no-pager"]
    return bench.scene.run_in(bench.member(node), argv, within=20)


@contextmanager
def deployed(example: Path, folder: Path, changes: Mapping[str, Any]) -> Iterator[Bench]:
    """Deploy a cluster that installs security updates, with an old version of two packages on each node."""
    file = cluster_file(example, folder, "updated", {"updates": {"day": "sunday", "hour": 3}, **changes})
    with service(example) as rehearsal:
        made = Bench(rehearsal, file, folder)
        run = made.deploy()
        assert run.code == 0, run.failure
        made.wait_until_healthy()
        for node in NODES:
            offer(made, node, "1.0", installed=True)
        yield made


def updated(bench: Bench, crowd: AbstractContextManager[Counter[str]], *begun: str) -> None:
    """Have a round of updates under a crowd of users; see that it is one node after the other, and nobody noticed.

    It is `begun` on these nodes.
    """
    for node in NODES:
        offer(bench, node, "1.1")
    before = {node: bench.process_1(node) for node in NODES}
    began = time.monotonic()
    with crowd as answers:
        begin(bench, *begun)
        said = until_over(bench, *NODES, within=ROUND)
        bench.wait_until_healthy()
    say(f"both nodes in {time.monotonic() - began:.0f} s under {answers.total()} requests: {dict(answers)}")
    assert said[-1] == dict.fromkeys(NODES, words.DONE), [journal(bench, node) for node in NODES]
    for node in NODES:
        assert installed(bench, node) == {HOLE: "1.1", FEATURE: "1.0"}
    assert all(bench.process_1(node) not in (0, before[node]) for node in NODES)
    turns_of_b = [each["a"] for each in said if each["b"] in words.TURN]
    assert turns_of_b
    assert set(turns_of_b) == {words.DONE}
    assert set(answers) == {"200"}
    assert answers.total() > 500
