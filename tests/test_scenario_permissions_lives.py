"""What a node's role allows is enough: a whole life is refused nothing and uses all of it.

What is needed later than at the start is taken from living nodes, which then cannot do one thing, and given back. What
is needed at the start: test_scenario_permissions.
"""

import json
from collections.abc import Iterator, Mapping

import pytest

from operations.artifacts import backups as artifact_backups
from operations.artifacts import restore as artifact_restore
from operations.artifacts.store import ORDER, store_of
from operations.h2 import backups
from operations.h2.pair import pair_of
from rehearsal.checks import permissions, shipped
from rehearsal.drive import Rehearsal
from rehearsal.poll import NotYet, poll
from tests.carbon_support import say
from tests.permission_support import (
    OWN_SECRET,
    ROLE_ALONE,
    USER_KEY,
    Form,
    allowed,
    bench_of,
    file_system_without,
    file_systems,
    given_files,
    refusals,
    used,
    withdrawn,
)
from tests.scenario_support import Bench, connect, item, not_valid, story

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

PRODUCTS = ("as400gateway", "axonivy", "kaazing", "wso2-as", "wso2-carbon")
DUMPED = ("as400gateway", "wso2-as")
"""Those that make a dump each night."""
IMPLICIT = "ImplicitDeny"

rehearsal = story()


@pytest.fixture(scope="module")
def key(rehearsal: Rehearsal) -> str:
    """Return the ARN of a key that is there."""
    arn: str = rehearsal.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


LIFTED: Form = {"protection": "lifted"}
GIVEN = "axonivy with a file system that is there"
BY_USER, BY_ROLE = "wso2-carbon by a user's key", "wso2-carbon by a role alone"
LIVES: Mapping[str, Form] = {
    "as400gateway": {**LIFTED, "database.backup": {"days": 1, "hour": 0}, "database.takeover_interval": 0},
    "axonivy": OWN_SECRET,
    "kaazing": {},
    "wso2-as": LIFTED,
    "wso2-carbon": {},
    BY_USER: USER_KEY,
    BY_ROLE: ROLE_ALONE,
    GIVEN: given_files(0),
}
"""What of a cluster file lets a life use all that can be used, by the product and what tells its lives apart.

The last one leaves its VPC behind: a check of a later life would find two and know of neither whose it is.
"""
KEYED = (*DUMPED, "axonivy", BY_USER)
"""The lives with a key of one's own: those whose nodes read secrets or write objects by it."""


@pytest.fixture(scope="module", params=PRODUCTS)
def bench(
    request: pytest.FixtureRequest, rehearsal: Rehearsal, key: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """Deploy each product with all that it is allowed."""
    life = request.param
    poll(lambda: not rehearsal.inventory().hosts, within=60)
    own_key = {"kms_key": key} if life in KEYED else {}
    form = {**LIVES[life], **own_key, "formation.timeout": 300}
    made = bench_of(rehearsal, life.partition(" ")[0], tmp_path_factory.mktemp("life"), "lives", form)
    run = made.deploy()
    assert run.code == 0, run.failure
    try:
        made.wait_until_healthy(within=150)
        yield made
    finally:
        made.cdk("destroy", "--force")


@pytest.mark.parametrize("bench", LIVES, indirect=True)
def test_a_whole_life_is_refused_nothing_and_uses_all_that_is_allowed(bench: Bench) -> None:
    results = bench.checks()
    assert not_valid(results) == {}
    backed_up_and_restored(bench)
    asked = bench.check(permissions.CHECK)
    say(asked.detail)
    assert asked.verdict == "valid"
    assert used(bench) == allowed(bench)


def backed_up_and_restored(bench: Bench) -> None:
    """Wait for the nightly dump and go back to it, where the product makes one."""
    if bench.cluster.product in DUMPED:
        poll(lambda: dumps(bench) > 0, within=120, every=1.0)
        restore(bench)
        poll(lambda: restored(bench), within=180, every=0.5)


def dumps(bench: Bench) -> int:
    """Return how many dumps there are."""
    if bench.cluster.product == "wso2-as":
        return len(artifact_backups.listed(store_of(bench.file, connect(bench))))
    pair = pair_of(bench.file, connect(bench))
    return len(backups.listed(pair, backups.shelf_of(pair)))


def restore(bench: Bench) -> None:
    """Order that everything becomes that of the newest dump."""
    options = {"yes": True, "ask": lambda _: False, "connect": connect(bench)}
    if bench.cluster.product == "wso2-as":
        assert artifact_restore.restore(bench.file, None, wait=False, **options) == 0
    else:
        assert backups.restore(bench.file, None, None, **options) == 0


def restored(bench: Bench) -> bool:
    """Return whether the newest order is carried out, and all are members."""
    if bench.cluster.product == "wso2-as":
        store = store_of(bench.file, connect(bench))
        held = bench.rehearsal.client("s3").get_object(Bucket=store.shelf.bucket, Key=f"{store.shelf.prefix}{ORDER}")
        answer, ordered = store.answer(), json.loads(held["Body"].read())["id"]
        return answer is not None and (answer.id, answer.state) == (ordered, "done")
    now = item(bench)
    return now.ordered is None and now.members == set(bench.cluster.present_nodes)


def on_all(bench: Bench, *command: str) -> None:
    """Run a command on every node."""
    for member in bench.scene.members:
        bench.scene.run_in(member, command, within=60)


def arrives(bench: Bench) -> bool:
    """Return whether all arrives that nodes log and measure, or raise `NotYet` with what does not."""
    arrived = bench.check(shipped.CHECK)
    if arrived.verdict != "valid":
        raise NotYet(arrived.detail)
    return True


def refused(bench: Bench, since: int) -> set[tuple[str, str]]:
    """Return what was refused after `since` decisions, and how."""
    return {(each.action, each.verdict) for each in refusals(bench, since)}


def begin_shipping_anew(bench: Bench) -> None:
    """Let every agent begin anew: it measures at once, and waits no longer to try again."""
    on_all(bench, "systemctl", "restart", "muster-agent")


def forget_streams(bench: Bench) -> None:
    """Delete the stream of each node in the log group of the nodes."""
    logs, group = bench.rehearsal.client("logs"), f"/muster/{bench.cluster.name}/node"
    for member in bench.scene.members:
        logs.delete_log_stream(logGroupName=group, logStreamName=member.name)


LOGGED = ("logs:PutLogEvents", "logs:CreateLogStream")
MEASURED = "cloudwatch:PutMetricData"
LATER = (*(("Logs", each) for each in LOGGED), ("Metrics", MEASURED))
"""Sid and action of what every agent does."""
WRITTEN = (("Backups", "s3:PutObject"), ("Key", "kms:GenerateDataKey"))
"""Sid and action of what makes a dump."""


@pytest.mark.parametrize("action", LOGGED)
def test_without_it_what_nodes_log_does_not_arrive(bench: Bench, action: str) -> None:
    """The control is what arrives once the action is given back."""
    missing = {f"nothing of {member.name} in /muster/{bench.cluster.name}/node" for member in bench.scene.members}
    with withdrawn(bench, "Logs", action) as before:
        if action == "logs:CreateLogStream":
            forget_streams(bench)
        begin_shipping_anew(bench)
        poll(lambda: missing <= lacking(bench), within=60)
        assert refused(bench, before) == {(action, IMPLICIT)}
    begin_shipping_anew(bench)
    poll(lambda: arrives(bench), within=90)


def test_without_it_what_nodes_measure_does_not_arrive(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer seconds are recent here, so that nobody has to wait until older metrics do not count.

    The control is what arrives once the action is given back.
    """
    missing = {f"nothing of {member.name} in {shipped.METRICS}" for member in bench.scene.members}
    with withdrawn(bench, "Metrics", MEASURED) as before:
        begin_shipping_anew(bench)
        monkeypatch.setattr(shipped, "RECENT", 25.0)
        poll(lambda: lacking(bench) == missing, within=90)
        assert refused(bench, before) == {(MEASURED, IMPLICIT)}
    monkeypatch.undo()
    begin_shipping_anew(bench)
    poll(lambda: arrives(bench), within=90)


def lacking(bench: Bench) -> set[str]:
    """Return what has not arrived, in the words of the check."""
    result = bench.check(shipped.CHECK)
    return set(result.detail.split("; ")) if result.verdict == "invalid" else set()


DUE: Mapping[str, tuple[str, str]] = {
    "as400gateway": ("/var/lib/muster/backed-up", "muster-gate"),
    "wso2-as": ("/var/lib/muster/subversion/last-backup", "muster-member"),
}
"""What says that a dump was made, and the unit that makes one as soon as nothing says so."""


def let_a_dump_be_due(bench: Bench) -> None:
    """Let every node forget that it has made a dump, and the one that makes them what it has tried.

    Of a pair the other node leads then, whose last try was before that of this one.
    """
    mark, unit = DUE[bench.cluster.product]
    if bench.cluster.product == "as400gateway":
        poll(lambda: restored(bench), within=180, every=0.5)
        maker = item(bench).leader
    else:
        maker = bench.scene.settings_document["settings"]["committer"]
    on_all(bench, "rm", "-f", mark)
    bench.scene.run_in(bench.member(maker), ["systemctl", "restart", unit], within=60)


@pytest.mark.parametrize(("sid", "action"), WRITTEN)
@pytest.mark.parametrize("bench", DUMPED, indirect=True)
def test_without_it_no_dump_is_made(bench: Bench, sid: str, action: str) -> None:
    """The control is the dump that is made once the action is given back."""
    made = dumps(bench)
    with withdrawn(bench, sid, action) as before:
        let_a_dump_be_due(bench)
        poll(lambda: refused(bench, before) == {(action, IMPLICIT)}, within=120)
        assert dumps(bench) == made
    let_a_dump_be_due(bench)
    poll(lambda: dumps(bench) > made, within=120, every=1.0)


@pytest.mark.parametrize("bench", DUMPED, indirect=True)
def test_without_leave_to_read_dumps_nothing_is_restored(bench: Bench) -> None:
    """The control is that the same order is carried out once the leave is given back."""
    with withdrawn(bench, "Backups", "s3:GetObject") as before:
        restore(bench)
        poll(lambda: refused(bench, before) == {("s3:GetObject", IMPLICIT)}, within=60)
        assert not restored(bench)
    poll(lambda: restored(bench), within=180, every=0.5)


MOUNT = """
import json, pathlib, socket, sys
wish = json.load(sys.stdin)
place = (wish.pop("target"), 2049)
pathlib.Path(wish["directory"]).mkdir(exist_ok=True)
with socket.create_connection(place, 5) as connection, connection.makefile("rw") as lines:
    lines.write(json.dumps(wish) + chr(10))
    lines.flush()
    print(json.loads(lines.readline())["refusal"])
"""
"""Asks a mount target as `mount -t efs` does, but for the options on standard input: that program wants TLS itself."""
TRIED = "/mnt/tried"


def refusal_to_mount(bench: Bench, *options: str) -> str:
    """Return why a node may not mount what nodes share with these options, empty if it may."""
    (id_,), member = file_systems(bench).values(), bench.scene.members[0]
    zone, region = bench.cluster.nodes[member.name].zone, bench.cluster.region
    wish = {"target": f"{zone}.{id_}.efs.{region}.amazonaws.com", "directory": TRIED, "options": options}
    refusal = bench.scene.run_in(member, ["python3", "-c", MOUNT], text=json.dumps(wish), within=20).strip()
    if not refusal:
        bench.scene.run_in(member, ["umount", TRIED], within=20)
    return refusal


@pytest.mark.parametrize("bench", ["axonivy"], indirect=True)
def test_without_tls_nobody_mounts_what_nodes_share(bench: Bench) -> None:
    """The controls are a node that mounts it with TLS, and one without TLS once the policy says nothing of that."""
    (id_,) = file_systems(bench).values()
    assert refusal_to_mount(bench, "tls", "iam") == ""
    assert "ExplicitDeny" in refusal_to_mount(bench, "iam")
    with file_system_without(bench, id_, "OnlyTls"):
        assert refusal_to_mount(bench, "iam") == ""
    assert "ExplicitDeny" in refusal_to_mount(bench, "iam")
