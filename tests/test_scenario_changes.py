"""What `./muster diff` says of an edit is what the edit then does to the hosts.

One story of one cluster: each edit is made on top of those before it, locked, reviewed, deployed and looked at.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from ruamel.yaml import YAML

from operations.review.effects import Effect
from rehearsal.cdk_cli import ROOT
from rehearsal.checks import copies, targets
from rehearsal.poll import NotYet, poll
from tests.scenario_support import EXAMPLE, Bench, contents, edited, service

pytestmark = [pytest.mark.host, pytest.mark.scenario]

NODES = ("a", "b")
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
IMAGE, NEXT_IMAGE = "ami-0aaaaaaaaaaaaaaaa", "ami-0bbbbbbbbbbbbbbbb"
ROW = re.compile(r"^\| `(?P<node>\w+)` \| (?P<effect>[^|]+) \|", re.MULTILINE)


@dataclass(frozen=True)
class Edit:
    """A change of the cluster file: fields to set, the effect expected on each node, and whether it is refused."""

    what: str
    fields: Mapping[str, Any]
    effects: Mapping[str, Effect]
    refused: bool = False
    marks: Any = field(default=(), compare=False)


def both(effect: Effect) -> dict[str, Effect]:
    """Return `effect` for every node."""
    return dict.fromkeys(NODES, effect)


EDITS = [
    Edit("stickiness", {"balancer.stickiness.hours": 4}, both(Effect.NOTHING), marks=pytest.mark.full),
    Edit("health path", {"as400gateway.health": "/actuator/info"}, both(Effect.ROLLING), marks=pytest.mark.full),
    Edit("ways out", {"as400gateway.outside": [449]}, both(Effect.NOTHING), marks=pytest.mark.full),
    Edit("tags", {"tags.team": "middleware"}, both(Effect.NOTHING), marks=pytest.mark.full),
    Edit("log retention", {"logs.retention": 14}, both(Effect.NOTHING), marks=pytest.mark.full),
    Edit("formation time-out", {"formation.timeout": 600}, both(Effect.ROLLING), marks=pytest.mark.full),
    Edit("data volume", {"instance.volume": 21}, both(Effect.NOTHING), marks=pytest.mark.full),
    Edit("clients", {"balancer.clients": ["10.64.0.0/20"]}, both(Effect.NOTHING), marks=pytest.mark.full),
    # with a route, the nodes are told that administration goes to their leader
    Edit("admin route", {"balancer.admin": {"route": "path"}}, both(Effect.ROLLING), marks=pytest.mark.full),
    Edit("alarm address", {"alarms.email": "ops@example.org"}, both(Effect.NOTHING), marks=pytest.mark.full),
    Edit("certificate", {"balancer.certificate": CERTIFICATE}, both(Effect.NOTHING), marks=pytest.mark.full),
    Edit("no certificate", {"balancer.certificate": None}, both(Effect.NOTHING), marks=pytest.mark.full),
    Edit("scheme", {"balancer.scheme": "internet-facing"}, both(Effect.NOTHING), refused=True, marks=pytest.mark.full),
    Edit("instance type", {"instance.type": "t4g.large"}, both(Effect.RESTART), refused=True, marks=pytest.mark.full),
    Edit("own image", {"instance.ami": NEXT_IMAGE}, both(Effect.REPLACEMENT), refused=True),
    Edit("node a goes", {"nodes.a.present": False}, {"a": Effect.REMOVED, "b": Effect.ROLLING}),
    Edit("node a comes back", {"nodes.a.present": True}, {"a": Effect.NEW, "b": Effect.ROLLING}),
    Edit("node b goes", {"nodes.b.present": False}, {"a": Effect.ROLLING, "b": Effect.REMOVED}, marks=pytest.mark.full),
    Edit(
        "node b comes back elsewhere",
        {"nodes.b": {"zone": "eu-west-1c"}},
        {"a": Effect.ROLLING, "b": Effect.NEW},
        marks=pytest.mark.full,
    ),
]


@dataclass
class Story:
    """The cluster, and the cluster file as it stands after the edits so far."""

    bench: Bench
    fields: dict[str, Any]

    def write(self, fields: Mapping[str, Any]) -> None:
        """Put `fields` into the cluster file; JSON is YAML."""
        self.bench.file.write_text(json.dumps(fields, indent=1), encoding="utf-8")

    def muster(self, *arguments: str, within: float = 300) -> subprocess.CompletedProcess[str]:
        """Run the command line as a person does, with the environment of the kept rehearsal."""
        words = [str(ROOT / "muster"), *arguments]
        environment = {**os.environ, **self.bench.rehearsal.environment(), "NO_COLOR": "1"}
        return subprocess.run(
            words, capture_output=True, text=True, env=environment, timeout=within, check=False, cwd=ROOT
        )

    def diff(self) -> tuple[int, dict[str, Effect], str]:
        """Return exit code, effect by node and the whole output of `./muster diff` against what is deployed."""
        page = self.bench.folder / "diff.md"
        run = self.muster("diff", str(self.bench.file), "--deployed", "--markdown", str(page))
        rows = ROW.findall(page.read_text(encoding="utf-8"))
        return run.returncode, {node: Effect(effect.strip("*")) for node, effect in rows}, run.stdout + run.stderr


@dataclass(frozen=True)
class Seen:
    """What a host shows of itself: its instance, its first process, its settings without what every deploy renews."""

    instance: str
    leader: int
    settings: str
    application: str


def seen(story: Story) -> dict[str, Seen]:
    """Return what every running host shows."""
    found = {}
    for host in story.bench.rehearsal.inventory().hosts:
        member = next((each for each in story.bench.scene.members if each.name == host.node), None)
        if member is None or not host.leader_pid:
            continue
        told = json.loads(story.bench.scene.run_in(member, ["cat", "/etc/muster/settings.json"], within=20))
        plain = {key: value for key, value in told.items() if key not in ("generation", "wait_url")}
        started = story.bench.scene.run_in(
            member, ["systemctl", "show", "-P", "MainPID", "as400gateway.service"], within=20
        )
        found[host.node] = Seen(host.instance, host.leader_pid, json.dumps(plain, sort_keys=True), started)
    return found


def observed(before: Mapping[str, Seen], after: Mapping[str, Seen]) -> dict[str, Effect]:
    """Return what happened to each node between two looks."""
    return {node: _observed(before.get(node), after.get(node)) for node in sorted({*before, *after})}


def _observed(before: Seen | None, after: Seen | None) -> Effect:
    if before is None or after is None:
        return Effect.NEW if before is None else Effect.REMOVED
    if before.instance != after.instance:
        return Effect.REPLACEMENT
    if before.leader != after.leader:
        return Effect.RESTART
    if before.settings != after.settings:
        return Effect.ROLLING
    return Effect.NOTHING if before.application == after.application else Effect.ROLLING


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Deploy the example from a folder of its own, with a lock file and an image that is really launched."""
    folder = tmp_path_factory.mktemp("changes")
    fields = YAML(typ="safe", pure=True).load(EXAMPLE.read_text(encoding="utf-8"))
    fields["instance"]["ami"] = IMAGE
    with service() as rehearsal:
        made = Story(Bench(rehearsal, folder / "as400.yaml", folder), fields)
        made.write(fields)
        locked = made.muster("lock", str(made.bench.file))
        assert locked.returncode == 0, locked.stderr
        run = made.bench.deploy()
        assert run.code == 0, run.failure
        made.bench.wait_until_healthy()
        yield made


@pytest.mark.parametrize("edit", [pytest.param(each, id=each.what, marks=each.marks) for each in EDITS])
def test_what_the_diff_says_of_an_edit_is_what_happens_to_the_hosts(story: Story, edit: Edit) -> None:
    before = seen(story)
    wanted = edited(story.fields, edit.fields)
    story.write(wanted)
    locked = story.muster("lock", str(story.bench.file))
    code, told, output = story.diff()
    if edit.refused:
        deployed = story.bench.deploy()
        story.write(story.fields)  # whatever comes: the tests after this one begin with what is deployed
    table = ", ".join(f"{node}: {effect}" for node, effect in told.items())
    sys.stdout.write(f"{edit.what}: {table} (exit {code})\n")
    assert told == edit.effects, output
    if edit.refused:
        assert code == 1, output
        assert deployed.code != 0, deployed.output
        assert story.muster("lock", str(story.bench.file)).returncode == 0
        assert observed(before, seen(story)) == both(Effect.NOTHING)
        return
    assert locked.returncode == 0, locked.stderr
    run = story.bench.deploy()
    assert run.code == 0, run.failure
    story.fields = wanted
    story.bench.wait_until_healthy()
    poll(lambda: len(seen(story)) == len(story.bench.cluster.present_nodes), within=30)
    assert observed(before, seen(story)) == told
    assert story.bench.cdk("diff", "--fail").code == 0
    poll(lambda: registered(story), within=60)


def registered(story: Story) -> bool:
    """Whether the balancer sends users to every member; a target group that is new needs two of its health checks."""
    found = story.bench.check(targets.CHECK)
    if found.verdict != "valid":
        raise NotYet(found.detail)
    return True


def gibibytes(story: Story, node: str) -> int:
    """Return the size of a node's data file system, rounded up."""
    told = story.bench.scene.run_in(
        story.bench.member(node), ["df", "--output=size", "-B1", "/var/lib/muster"], within=10
    )
    return -(-int(told.split()[-1]) // 2**30)


def test_after_all_edits_the_copies_are_equal_and_data_is_there(story: Story) -> None:
    with story.bench.scene.visitor() as user:
        assert user.request("PUT", "/admin/configuration/kept", b"through every edit").code == 200
    assert story.bench.check(copies.CHECK).verdict == "valid"


@pytest.mark.full
def test_a_volume_that_grew_is_used_whole_by_a_node_that_started_since(story: Story) -> None:
    """A mounted file system grows at once on EC2; this machine's kernel may refuse that, and then the start does it."""
    assert {gibibytes(story, node) for node in NODES} == {21}


@pytest.mark.full
@pytest.mark.parametrize(
    ("field_", "value", "effect", "within"),
    [("instance.type", "t4g.large", Effect.RESTART, 900), ("instance.ami", NEXT_IMAGE, Effect.REPLACEMENT, 1200)],
    ids=["type", "image"],
)
def test_a_roll_changes_one_node_after_the_other_and_keeps_the_data(
    story: Story, field_: str, value: str, effect: Effect, within: float
) -> None:
    before = seen(story)
    wanted = edited(story.fields, {field_: value})
    story.write(wanted)
    run = story.muster("roll", str(story.bench.file), "--yes", within=within)
    assert run.returncode == 0, run.stdout + run.stderr
    story.fields = wanted
    story.bench.wait_until_healthy()
    assert observed(before, seen(story)) == both(effect)
    with story.bench.scene.visitor() as user:
        entries = user.request("GET", "/admin/configuration").json()
    assert entries["kept"] == "through every edit"
    assert story.bench.check(copies.CHECK).verdict == "valid"


def test_status_says_that_all_is_well(story: Story) -> None:
    run = story.muster("status", str(story.bench.file))
    assert run.returncode == 0, run.stdout + run.stderr


def test_destroy_leaves_nothing(story: Story) -> None:
    assert story.bench.cdk("destroy", "--force").code == 0
    left = {each for each in contents(story.bench.rehearsal) if "muster-as400" in each or each.startswith("instance")}
    assert left == set()
    run = story.muster("leftovers", str(story.bench.file))
    assert run.returncode == 0, run.stdout + run.stderr
