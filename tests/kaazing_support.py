"""A cluster of Kaazing gateways under observation: who sees whom, who has which users, what began anew and when."""

import contextlib
import http.client
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Any

from muster.names import READY
from rehearsal import netns
from rehearsal.cdk_cli import ROOT
from rehearsal.checks.scene import Member
from rehearsal.faults import processes
from rehearsal.faults.fault import FaultError
from rehearsal.faults.stage import Stage
from rehearsal.netns import NamespaceError
from rehearsal.poll import NotYet, poll
from rehearsal.visitor import Client
from tests import scenario_support
from tests.carbon_support import say
from tests.echo_crowd import EchoCrowd, Place
from tests.echo_judging import judge
from tests.scenario_support import Bench

EXAMPLE = ROOT / "clusters" / "kaazing.yaml"
UNIT = "kaazing.service"
CONFIG = "conf/gateway-config.xml"
LOG = "log/error.log"
"""Beside errors, what a gateway says of its cluster."""

HEARTBEAT = 5.0
"""Seconds without a word after which a gateway is gone, in the files of these tests."""
SMALL = {"kaazing.heartbeat": int(HEARTBEAT), "formation.timeout": 240}
"""The fields of those files."""

GONE_WITHIN = 10.0
"""Seconds from a fault until every other gateway and its node have put the one out that it was done to."""
BACK_WITHIN = 150.0
"""Seconds until all are one cluster again after one began anew, its host with it or not."""
MENDED_WITHIN = 240.0
"""The same after a cut: gateways look for each other every 10 s, and one that has merged leads its users away for 30 s
and begins anew, another one after it."""
CONNECTED_WITHIN = 20.0
"""Seconds that a user may be without the echo: it waits 3 s for an answer, for some more at a dead gateway to which the
balancer leads new connections until its second check has failed, and tries again."""

STAMP = re.compile(r"^(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(?P<ms>\d{3}) (?P<text>.*)$")
"""How a line of the log begins; hosts keep UTC."""
DOWN = re.compile(r"Cluster member (?:tcp://|/)(?P<address>[\d.]+):\d+ (?:has gone down|is down)$")
MERGED = re.compile(r"\[?[\d.]+\]?:\d+ is MERGED$")
THERE = re.compile(r"(?:member: tcp://(?P<listed>[\d.]+):\d+|Cluster member tcp://(?P<came>[\d.]+):\d+ is now online)$")
PEER = re.compile(r"(?P<peer>\d+\.\d+\.\d+\.\d+)\]?:\d+ *$")
"""The last column of what ss lists."""
BEGINS, LIST = "Configuration file: ", "Current cluster members:"


def cluster_file(folder: Path, name: str, changes: Mapping[str, Any]) -> Path:
    """Write the example under another cluster name, with dotted fields set (None: taken away)."""
    return scenario_support.cluster_file(EXAMPLE, folder, name, {**SMALL, **changes})


# what a log says (pure)


def told_since(log: str, since: float) -> Iterator[tuple[float, str]]:
    """Yield the lines of a gateway's log from `since` on (seconds since 1970): when each was written, and its text."""
    for line in log.splitlines():
        if found := STAMP.match(line):
            moment = datetime.strptime(found["when"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            at = moment.timestamp() + int(found["ms"]) / 1000
            if at >= since:
                yield at, found["text"]


def downs(log: str, since: float) -> list[tuple[float, str]]:
    """Return when members have gone down by a gateway's word, and their addresses."""
    return [(at, found["address"]) for at, text in told_since(log, since) if (found := DOWN.search(text))]


def merges(log: str, since: float) -> list[float]:
    """Return when a gateway has joined others again by its own word."""
    return [at for at, text in told_since(log, since) if MERGED.search(text)]


def known(log: str) -> set[str]:
    """Return the addresses of the members by the last words of a gateway's log: its last list, and who came or went."""
    now: set[str] = set()
    for _, text in told_since(log, 0.0):
        if BEGINS in text or text.endswith(LIST):
            now = set()
        elif found := THERE.search(text):
            now.add(found["listed"] or found["came"])
        elif found := DOWN.search(text):
            now.discard(found["address"])
    return now


# what is begun anew, and whether in turn (pure)


@dataclass(frozen=True)
class Look:
    """What was seen at the moment `at`: the process of each gateway, by node (0: none), and who was not ready."""

    at: float
    runs: Mapping[str, int]
    unready: frozenset[str]


@dataclass(frozen=True)
class Start:
    """A gateway of which another run was first seen at the moment `at`.

    When the former one was last seen, its node had not been ready for `drained` seconds, nor were the nodes `unready`.
    """

    node: str
    at: float
    drained: float = 0.0
    unready: frozenset[str] = frozenset()


def starts(looks: Sequence[Look]) -> list[Start]:
    """Return whose gateway began anew, in order."""
    found = [start for node in (looks[0].runs if looks else ()) for start in _starts(node, looks)]
    return sorted(found, key=lambda start: start.at)


def _starts(node: str, looks: Sequence[Look]) -> Iterator[Start]:
    last, drained, out = 0, 0.0, inf
    unready: frozenset[str] = frozenset()
    for each in looks:
        run = each.runs.get(node, 0)
        if run and last and run != last:
            yield Start(node, each.at, drained, unready)
        out = min(out, each.at) if node in each.unready else inf
        if run:
            last, drained, unready = run, max(0.0, each.at - out), each.unready - {node}


def together(looks: Sequence[Look]) -> list[set[str]]:
    """Return the nodes of which several were not ready at two looks in a row, for each such two.

    One look alone may have found a machine that had other things to do; the balancer believes two as well.
    """
    both = [one.unready & other.unready for one, other in pairwise(looks)]
    return [set(nodes) for nodes in both if len(nodes) > 1]


# the cluster


def log(bench: Bench, node: str) -> str:
    """Return the log of the gateway on a node."""
    home = bench.scene.settings_document["settings"]["home"]
    return bench.scene.run_in(bench.member(node), ["cat", f"{home}/current/{LOG}"], within=20)


def seen(bench: Bench, node: str) -> set[str]:
    """Return the nodes that `node` says its gateway sees; nothing while it does not answer.

    It is asked from its own place, which no cut divides.
    """
    told = _asked(bench.member(node), bench.scene.port("peer"), "/state").get("seen", ())
    names = {host.address: host.node for host in bench.rehearsal.inventory().hosts}
    return {names.get(address, address) for address in told}


def ready(member: Member, port: int) -> bool:
    """Return whether a node wants users, by its answer at its readiness port."""
    return bool(_asked(member, port, READY).get("ready"))


def _asked(member: Member, port: int, path: str) -> Mapping[str, Any]:
    """Return the JSON of an answer of a node to itself, whatever its code; nothing where none comes."""
    try:
        with Client(member.namespace, (member.address, port), timeout=4.0) as client:
            told: Mapping[str, Any] = client.request("GET", path).json()
    except (OSError, ValueError, http.client.HTTPException, NamespaceError):
        return {}
    return told


def one_cluster(bench: Bench) -> bool:
    """Return whether each gateway sees all and wants users, or raise `NotYet` with what is seen."""
    nodes = set(bench.cluster.present_nodes)
    found = {node: seen(bench, node) for node in sorted(nodes)}
    faults = [f"{node} sees {', '.join(sorted(each)) or 'nobody'}" for node, each in found.items() if each != nodes]
    port = bench.scene.port("readiness")
    faults += [f"{each.name} is not ready" for each in bench.scene.members if not ready(each, port)]
    if faults:
        raise NotYet("; ".join(faults))
    return True


def whole(bench: Bench) -> bool:
    """Return whether each gateway's log says that all are there, or raise `NotYet` with those it names.

    What the gateways share beside, of services that are balanced, has no part here: there are none behind a balancer.
    """
    wanted = {member.address: member.name for member in bench.scene.members}
    for member in bench.scene.members:
        found = known(log(bench, member.name)) | {member.address}
        if found != set(wanted):
            names = ", ".join(wanted.get(address, address) for address in sorted(found))
            raise NotYet(f"the gateway of {member.name} says that there are {names}")
    return True


def put_out(bench: Bench, gone: str, living: set[str], since: float) -> bool:
    """Return whether the `living` nodes see each other alone and their gateways say that `gone` has gone down."""
    address = bench.member(gone).address
    found = {node: seen(bench, node) for node in sorted(living)}
    if any(each != living for each in found.values()):
        raise NotYet("; ".join(f"{node} sees {', '.join(sorted(each)) or 'nobody'}" for node, each in found.items()))
    silent = [node for node in sorted(living) if address not in {each for _, each in downs(log(bench, node), since)}]
    if silent:
        raise NotYet(f"the gateways of {', '.join(silent)} do not say that {gone} has gone down")
    return True


def gone_in_time(bench: Bench, gone: str, living: set[str], since: float) -> None:
    """See within `GONE_WITHIN` of `since` (seconds since 1970) that the others have put `gone` out, and tell when."""
    poll(lambda: put_out(bench, gone, living, since), within=max(0.5, since + GONE_WITHIN - time.time()), every=0.1)
    address = bench.member(gone).address
    moments = {
        node: min(at for at, each in downs(log(bench, node), since) if each == address) - since for node in living
    }
    say(", ".join(f"{node} put {gone} out after {moment:.1f} s" for node, moment in sorted(moments.items())))
    assert max(moments.values()) <= GONE_WITHIN


def is_whole_again(bench: Bench, within: float) -> None:
    """Wait until all are one cluster by their nodes' word and by their gateways' lists, and say when."""
    began = time.monotonic()
    poll(lambda: one_cluster(bench), within=within, every=0.5)
    poll(lambda: whole(bench), within=30, every=0.5)
    say(f"one cluster again {time.monotonic() - began:.1f} s later")


# users


@dataclass
class Talk:
    """Users that talk: how many each gateway had when the talk began, and the gateways that `fall` under them.

    One that begins anew falls too. Each falls once, in whatever order.
    """

    crowd: EchoCrowd
    users: Mapping[str, int]
    fall: set[str]

    @property
    def may_end(self) -> int:
        """How many connections may end."""
        return may_end(self.users, self.fall)


def may_end(users: Mapping[str, int], fall: Iterable[str]) -> int:
    """Return how many connections end at most when these gateways fall one after the other: all others stand.

    The users of the first one may all have gone to the second when that falls, and so on.
    """
    found = sorted((users[node] for node in fall), reverse=True)
    return sum(number * (len(found) - place) for place, number in enumerate(found))


@contextmanager
def talking(bench: Bench, number: int = 200, fall: Iterable[str] = ()) -> Iterator[Talk]:
    """Have users of the echo, by way of the balancer, for the time of a block; all must have been told the truth.

    What they saw is judged after a block that did not fail: connections end with the gateways that `fall` alone.
    """
    nodes = bench.cluster.present_nodes
    with EchoCrowd(place(bench), number) as crowd:
        poll(lambda: all_on(bench, crowd, *nodes), within=30)
        talk = Talk(crowd, users_on(bench, *nodes), set(fall))
        assert sum(talk.users.values()) == number, talk.users
        yield talk
    finding = judge(crowd.tally(), CONNECTED_WITHIN, talk.may_end)
    say(finding.detail)
    assert finding.verdict == "valid", finding.detail


def place(bench: Bench) -> Place:
    """Return where users find the echo: at the balancer, by the gateways' public name."""
    scene = bench.scene
    told = scene.settings_document["settings"]
    make = partial(netns.call_in, scene.visitor_namespace, socket.socket)
    return Place((scene.balancer.address, scene.listener_port), told["host"], told["path"], make)


def users_on(bench: Bench, *nodes: str) -> dict[str, int]:
    """Return how many connections of users the gateway of each node has."""
    return {node: _connections(bench, bench.member(node)) for node in nodes}


def _connections(bench: Bench, member: Member) -> int:
    """Count those that stand; a node opens some to its own gateway, which are not counted."""
    chosen = ["state", "established", "sport", "=", f":{bench.scene.port('http')}"]
    command = ["ip", "netns", "exec", member.namespace, "ss", "-H", "-t", "-n", *chosen]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return len(others(done.stdout, member.address))


def others(listing: str, own: str) -> list[str]:
    """Return the peers of the connections that ss(8) lists but for those at the address `own`."""
    peers = [found["peer"] for line in listing.splitlines() if (found := PEER.search(line))]
    return [peer for peer in peers if peer != own]


def all_on(bench: Bench, crowd: EchoCrowd, *nodes: str) -> bool:
    """Return whether all users are connected, and to these nodes alone; else raise `NotYet` with where they are."""
    crowd.all_connected()
    found = users_on(bench, *nodes)
    if sum(found.values()) != crowd.connected:
        raise NotYet(f"{crowd.connected} users are connected; by node: {found}")
    return True


# watching


class Watch:
    """Looks again and again at processes and readiness, in a thread of its own, for the time of a block.

    It looks at the nodes that there are when it is made.
    """

    def __init__(self, bench: Bench, every: float = 0.3) -> None:
        port = bench.scene.port("readiness")
        self._look = partial(look, Stage(bench.rehearsal), {each.name: each for each in bench.scene.members}, port)
        self._every, self._over = every, threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._fault: Exception | None = None
        self.looks: list[Look] = []

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        if self._fault and error is None:
            raise self._fault

    def since(self, moment: float) -> list[Look]:
        """Return the looks from a moment on (`time.monotonic`)."""
        return [each for each in self.looks if each.at >= moment]

    def _run(self) -> None:
        try:
            while not self._over.wait(self._every):
                self.looks.append(self._look())
        except Exception as fault:  # raised in the test's own thread
            self._fault = fault


def look(stage: Stage, members: Mapping[str, Member], port: int) -> Look:
    """Return what is seen of these nodes now, of which some may be gone; `port` is that of readiness."""
    at = time.monotonic()
    runs = {node: _run(stage, node) for node in members}
    return Look(at, runs, frozenset(node for node, member in members.items() if not ready(member, port)))


def _run(stage: Stage, node: str) -> int:
    with contextlib.suppress(FaultError):  # its host is off, or is no more
        return _java(processes.processes(stage, node, UNIT))
    return 0


def _java(found: Iterable[int]) -> int:
    """Return the Java among a unit's processes, 0 for none: its script has others before."""
    return max((pid for pid in found if _command(pid) == "java"), default=0)


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def run_of(bench: Bench, node: str) -> int:
    """Return the gateway's process on a node, 0 for none."""
    return _run(Stage(bench.rehearsal), node)
