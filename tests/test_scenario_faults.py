"""What a cluster cannot form without fails its deploy with a sentence that names it, and leaves nothing."""

import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import doubles
from rehearsal.drive import Rehearsal
from rehearsal.poll import poll
from tests.scenario_support import Bench, contents, derived, not_valid, sentence, service, stacks
from tests.template_edits import (
    MISSING_SECRET,
    Edit,
    edit_template,
    with_description,
    with_missing_secret,
    without_action,
    without_self_rule,
)

pytestmark = [pytest.mark.host, pytest.mark.scenario]

BUCKET, KEY = "muster-scenario-artifacts", "releases/as400-common-api-1.0.0.jar"


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    """Run one service for all faults: each deploy is rolled back before the next."""
    with service() as running:
        yield running


@pytest.fixture(scope="module")
def empty(rehearsal: Rehearsal) -> set[str]:
    """Return what the account holds before anything is deployed: the artifact's bucket, too."""
    store = rehearsal.client("s3")
    store.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": rehearsal.state.region})
    store.put_object(Bucket=BUCKET, Key=KEY, Body=doubles.build("as400gateway").read_bytes())
    return contents(rehearsal)


def fault(bench: Bench, edit: Edit, empty: set[str]) -> tuple[str, float]:
    """Deploy with an edited template; return the cause and the seconds, having seen that all was rolled back."""
    assembly = bench.synthesize()
    edit_template(assembly, edit)
    started = time.monotonic()
    why = sentence(bench.deploy(assembly))
    seconds = time.monotonic() - started
    assert stacks(bench.rehearsal)[f"muster-{bench.cluster.name}"] == "ROLLBACK_COMPLETE"
    assert contents(bench.rehearsal) - empty == set()
    poll(lambda: not bench.rehearsal.inventory().hosts, within=30)
    return why, seconds


def bench_of(rehearsal: Rehearsal, folder: Path, *, timeout: int, artifact: str = "") -> Bench:
    """Return a cluster file with a formation time-out, and with an artifact of another place where one is given."""
    changes = [("region: eu-west-1\n", f"region: eu-west-1\nformation: {{timeout: {timeout}}}\n")]
    if artifact:
        changes.append(("{file: artifacts/as400-common-api-1.0.0.jar}", artifact))
    return Bench(rehearsal, derived(folder, "faulty", *changes), folder)


@pytest.mark.full
@pytest.mark.parametrize("action", ["s3:GetObject", "secretsmanager:GetSecretValue"])
def test_a_missing_statement_is_named_before_the_time_out(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path, action: str
) -> None:
    why, seconds = fault(bench_of(rehearsal, tmp_path, timeout=300), without_action(action), empty)
    assert action.partition(":")[2] in why
    assert seconds < 150


@pytest.mark.full
def test_without_its_settings_a_node_is_silent_and_the_deploy_ends_at_the_time_out(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    """The settings say where to report, so that a node without them cannot."""
    why, seconds = fault(bench_of(rehearsal, tmp_path, timeout=60), without_action("ssm:GetParameter"), empty)
    assert re.search("WaitCondition timed out", why)
    assert seconds > 60


def test_a_missing_secret_is_named_before_the_time_out(rehearsal: Rehearsal, empty: set[str], tmp_path: Path) -> None:
    why, seconds = fault(bench_of(rehearsal, tmp_path, timeout=300), with_missing_secret("administrator"), empty)
    assert MISSING_SECRET in why
    assert seconds < 150


@pytest.mark.full
@pytest.mark.parametrize("port", [9092, 9093])
def test_an_unreachable_peer_is_named_with_its_port(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path, port: int
) -> None:
    """A node waits for its peer until shortly before the time-out, as the peer may only be late."""
    why, _ = fault(bench_of(rehearsal, tmp_path, timeout=75), without_self_rule(port), empty)
    assert str(port) in why
    assert re.search(r"10\.64\.\d+\.1[01]\b", why)
    assert "timed out" not in why.partition("WaitCondition")[2]


def test_a_wrong_artifact_hash_is_named_before_the_time_out(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    wrong = hashlib.sha256(b"another file").hexdigest()
    bench = bench_of(rehearsal, tmp_path, timeout=300, artifact=f"{{s3: {BUCKET}/{KEY}, sha256: {wrong}}}")
    why, seconds = fault(bench, with_description("a cluster"), empty)
    assert KEY.rpartition("/")[2] in why
    assert "sha256" in why.lower()
    assert seconds < 150


@pytest.mark.full
def test_the_same_road_without_a_fault_leads_to_a_formed_cluster(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    """The control of all tests above: artifact in a bucket, edited template, short time-out; then nothing remains."""
    right = hashlib.sha256(doubles.build("as400gateway").read_bytes()).hexdigest()
    bench = bench_of(rehearsal, tmp_path, timeout=75, artifact=f"{{s3: {BUCKET}/{KEY}, sha256: {right}}}")
    assembly = bench.synthesize()
    edit_template(assembly, with_description("a cluster"))
    run = bench.deploy(assembly)
    assert run.code == 0, run.failure
    bench.wait_until_healthy()
    assert not_valid(bench.checks()) == {}
    assert bench.cdk("destroy", "--force").code == 0
    assert contents(rehearsal) - empty == set()
