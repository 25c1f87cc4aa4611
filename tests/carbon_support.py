"""A WSO2 Carbon cluster under observation: who sees whom, whose sessions go on, what was asked, what was dialled."""

import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from rehearsal.cdk_cli import ROOT
from rehearsal.checks import membership, replicated
from rehearsal.checks.permissions import decisions
from rehearsal.checks.replicated import Step
from rehearsal.drive import Rehearsal
from rehearsal.faults import wires
from rehearsal.faults.fault import Heal
from rehearsal.faults.stage import Stage
from rehearsal.inventory import HostEntry
from rehearsal.poll import NotYet, poll
from rehearsal.visitor import CookieJar
from tests.scenario_support import Bench, edited

EXAMPLE = ROOT / "clusters" / "wso2-carbon.yaml"
UNIT = "wso2-carbon.service"
DISCOVERY = "ec2:DescribeInstances"

HEARTBEAT = 10.0
"""Seconds without a word after which a member is gone, in the files of fault tests."""
SMALL = {"wso2.heartbeat": int(HEARTBEAT), "wso2.short_heartbeat": True, "formation.timeout": 240}
"""The fields of those files."""
GONE_WITHIN = HEARTBEAT + 15.0
HEALED_WITHIN = 60.0
"""Seconds from a fault's end until all members are one cluster again, where none of their hosts had to be started."""
BACK_WITHIN = 150.0
"""The same where a host starts."""

INITIALIZED = "Hazelcast initialized in"
"""What the product says once its engine is in the cluster."""

STAMP = re.compile(r"^(?:TID: \S+ (?:\[\S*\] )?)?\[(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(?P<ms>\d{3})\]")
"""How a line of wso2carbon.log begins; hosts keep UTC."""


def cluster_file(folder: Path, name: str, changes: Mapping[str, Any]) -> Path:
    """Write the example under another cluster name, with dotted fields set (None: taken away); JSON is YAML."""
    fields = YAML(typ="safe", pure=True).load(EXAMPLE.read_text(encoding="utf-8"))
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(edited(fields, {"name": name, **changes}), indent=1), encoding="utf-8")
    return file


def sees(bench: Bench, node: str) -> set[str]:
    """Return the nodes that the engine of `node` sees; nothing while it does not answer, strangers by their address."""
    scene = bench.scene
    names = {host.address: host.node for host in bench.rehearsal.inventory().hosts}
    seen = membership.engine_sight(scene, bench.member(node)).sees
    return {names.get(address, address) for address in seen}


def all_see(bench: Bench, expected: set[str]) -> bool:
    """Return whether each of these nodes sees exactly these, or raise `NotYet` with what is seen."""
    found = {node: sees(bench, node) for node in sorted(expected)}
    if any(each != expected for each in found.values()):
        raise NotYet("; ".join(f"{node} sees {', '.join(sorted(each)) or 'nobody'}" for node, each in found.items()))
    return True


def one_cluster(bench: Bench) -> bool:
    """Return whether all members form one cluster, by engines and nodes, or raise `NotYet` with what is wrong."""
    found = bench.check(membership.CHECK)
    if found.verdict != "valid":
        raise NotYet(found.detail)
    return True


def say(text: str) -> None:
    """Tell a figure, for whoever runs the tests with -s or reads why one failed."""
    sys.stdout.write(f"{text}\n")


# time


def log(bench: Bench, node: str) -> str:
    """Return the product's log on a node."""
    home = bench.scene.settings_document["settings"]["home"]
    command = ["cat", f"{home}/current/repository/logs/wso2carbon.log"]
    return bench.scene.run_in(bench.member(node), command, within=20)


def started(bench: Bench, node: str) -> float:
    """Return when the product's first process on a node began, in seconds since 1970."""
    asked = ["systemctl", "show", "-P", "ExecMainStartTimestampMonotonic", UNIT]
    microseconds = int(bench.scene.run_in(bench.member(node), asked, within=10))
    return time.time() - time.monotonic() + microseconds / 1e6  # one kernel, one clock


def told_at(line: str) -> float:
    """Return when a line of the product's log was written, in seconds since 1970."""
    found = STAMP.match(line)
    assert found, f"no time stands in {line!r}"
    moment = datetime.strptime(found["when"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return moment.timestamp() + int(found["ms"]) / 1000


def formed_in(bench: Bench) -> float:
    """Return the seconds from the first product's start until the last member of a fresh cluster was in it.

    A member that comes while another one's engine starts is told of by neither's `Member joined`; the later one's own
    engine says `Hazelcast initialized` once it is in.
    """
    moments: list[float] = []
    for node in bench.cluster.present_nodes:
        lines = [line for line in log(bench, node).splitlines() if "Member joined" in line or INITIALIZED in line]
        assert any(INITIALIZED in line for line in lines), f"the engine of {node} has not started"
        moments += map(told_at, lines)
    return max(moments) - min(started(bench, node) for node in bench.cluster.present_nodes)


# users


@dataclass
class User:
    """A user with one session, whose requests are counted here too."""

    name: str
    jar: CookieJar = field(default_factory=CookieJar)
    done: int = 0

    def walk(self, bench: Bench, *way: str) -> None:
        """Ask these nodes directly, one after the other; each must go on in this session."""
        steps: list[Step] = list(replicated.walk(bench.scene, self.name, self.jar, way, self.done))
        for step in steps:
            assert (step.code, step.count) == (200, step.expected), f"{self.name}'s session did not go on: {step}"
        self.done += len(steps)

    def visit(self, bench: Bench) -> str:
        """Make a request at the balancer; return the node that answered, nothing where none did.

        An answer must go on in this session. One that did not come was not counted, if its node is dead.
        """
        try:
            with bench.scene.visitor(self.jar) as client:
                answer = client.request("GET", "/api/session")
        except OSError:
            return ""
        if answer.code != 200:
            return ""
        told = answer.json()
        self.done += 1
        assert told["count"] == self.done, f"{self.name}'s session did not go on: {told}, {self.done} expected"
        return hosts(bench)[str(told["node"])]


def users_of(bench: Bench, nodes: set[str]) -> dict[str, User]:
    """Return a user of each of these members, with a session that has begun there."""
    users = {node: User(f"user of {node}") for node in sorted(nodes)}
    for node, user in users.items():
        user.walk(bench, node)
    return users


def walk(bench: Bench, users: Mapping[str, User], *way: str) -> None:
    """Let each user ask these members, one after the other: every session goes on."""
    for user in users.values():
        user.walk(bench, *way)


def hosts(bench: Bench) -> dict[str, str]:
    """Return the names of nodes by those that their hosts have, which EC2 makes of their addresses."""
    return {f"ip-{entry.address.replace('.', '-')}": entry.node for entry in bench.rehearsal.inventory().hosts}


def user_of(bench: Bench, node: str) -> User:
    """Return a user whom the balancer keeps on `node`."""

    def found() -> User:
        user = User(f"user of {node}")
        if user.visit(bench) != node:
            raise NotYet(f"no new user came to {node}")
        return user

    return poll(found, within=30)


# what EC2 was asked


def asked_of_ec2(rehearsal: Rehearsal, after: int = 0) -> set[tuple[str, bool]]:
    """Return what was asked of EC2 since `after` decisions had been made: actions, and whether each was allowed."""
    return {
        (each["action"], each["allowed"])
        for each in decisions(rehearsal)[after:]
        if each["action"].lower().startswith("ec2:")
    }


# faults


@contextmanager
def healed(heal: Heal) -> Iterator[None]:
    """Have a fault for the time of the block."""
    try:
        yield
    finally:
        heal()


def apart(stage: Stage, node: str, others: set[str]) -> Heal:
    """Let no packet pass between a node and the others."""
    here = stage.host(node).address
    matches = [match for other in sorted(others) for match in wires.both_ways(here, stage.host(other).address)]
    return wires.drop(stage.router, matches)


def stays(bench: Bench, seconds: float) -> None:
    """Look for so many seconds: the members must be one cluster at each look."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = bench.check(membership.CHECK)
        assert found.verdict == "valid", found.detail
        time.sleep(1.0)  # what must not happen has this long to happen


def told(bench: Bench, since: float, within: float = HEALED_WITHIN, of: str = "the heal") -> None:
    """Wait until all members are one cluster, and tell after how many seconds."""
    poll(lambda: one_cluster(bench), within=max(1.0, since + within - time.monotonic()), every=0.5)
    say(f"one cluster again {time.monotonic() - since:.1f} s after {of}")


def restart(bench: Bench, node: str) -> None:
    """Let systemd restart the product of a node, and wait until it has."""
    bench.scene.run_in(bench.member(node), ["systemctl", "restart", UNIT], within=120)


@contextmanager
def without_leave(rehearsal: Rehearsal) -> Iterator[None]:
    """Take the leave to list instances from whoever has it, for the time of the block; one policy must give it."""
    client = rehearsal.client("iam")
    found = [policy for policy in client.list_policies(Scope="Local")["Policies"] if DISCOVERY in _text(client, policy)]
    assert len(found) == 1, [policy["PolicyName"] for policy in found]
    arn = found[0]["Arn"]
    roles = [role["RoleName"] for role in client.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]]
    assert roles, f"no role has {arn}"
    for role in roles:
        client.detach_role_policy(RoleName=role, PolicyArn=arn)
    try:
        yield
    finally:
        for role in roles:
            client.attach_role_policy(RoleName=role, PolicyArn=arn)


def _text(client: Any, policy: Mapping[str, Any]) -> str:
    version = client.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
    return json.dumps(version["PolicyVersion"]["Document"])


@contextmanager
def on_each_host(bench: Bench, path: str, act: Callable[[HostEntry], object]) -> Iterator[list[str]]:
    """While the block runs, do `act` to each host as soon as `path` is on it; yields the nodes to which it was done.

    `path` must not be on this machine: a host's first process has this one's root folder for a moment. A fault of
    `act` is raised at the end.
    """
    assert not os.path.lexists(path), f"{path} is on this machine too"
    done: list[str] = []
    faults: list[Exception] = []
    ended = threading.Event()

    def watch() -> None:
        while not faults and not ended.wait(0.02):
            for host in bench.rehearsal.inventory().hosts:
                try:
                    # a link there is absolute, and would be followed here
                    there = host.leader_pid and os.path.lexists(f"/proc/{host.leader_pid}/root{path}")
                    if there and host.node not in done:
                        act(host)
                        done.append(host.node)
                except Exception as fault:  # raised below
                    faults.append(fault)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield done
    finally:
        ended.set()
        thread.join()
    if faults:
        raise faults[0]


@dataclass(frozen=True)
class Meter:
    """Counts connections that are tried through a router, by the address that they are for."""

    router: str
    table: str

    def read(self) -> int:
        """Return how many have been tried."""
        listed = json.loads(_nft(self.router, "--json", "list", "table", "inet", self.table))["nftables"]
        (rule,) = [entry["rule"] for entry in listed if "rule" in entry]
        return int(next(part["counter"]["packets"] for part in rule["expr"] if "counter" in part))


@contextmanager
def metered(stage: Stage, sources: Sequence[str], target: str, port: int) -> Iterator[Meter]:
    """Count the connections that machines at `sources` try to `port` of `target` while the block runs: each SYN."""
    meter = Meter(stage.router, f"{wires.PREFIX}meter_{secrets.token_hex(4)}")
    match = f"ip saddr {{ {', '.join(sources)} }} ip daddr {target} tcp dport {port} tcp flags & (syn | ack) == syn"
    chain = f"chain tried {{\ntype filter hook forward priority -20; policy accept;\n{match} counter\n}}"
    _nft(meter.router, "-f", "-", text=f"table inet {meter.table} {{\n{chain}\n}}\n")
    try:
        yield meter
    finally:
        _nft(meter.router, "delete", "table", "inet", meter.table)


def _nft(namespace: str, *arguments: str, text: str = "") -> str:
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, "nft", *arguments], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
