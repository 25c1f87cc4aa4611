"""No secret of a running cluster lies where it may not, of any product, from the first command of its deploy on.

Every program that starts on this machine meanwhile is seen with its arguments and environment. The control: a secret
planted in each of the places is found in each of them.
"""

import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rehearsal import existing
from rehearsal.canaries import hosts, own
from rehearsal.canaries.executions import Watcher
from rehearsal.canaries.search import Search
from rehearsal.canaries.values import canaries
from rehearsal.cdk_cli import ROOT
from rehearsal.checks import hardening, secrets
from rehearsal.drive import CdkRun
from rehearsal.faults import processes
from rehearsal.faults.stage import Stage
from tests.canary_support import MISSED, a_secret, found, planted, wanted
from tests.carbon_support import say
from tests.scenario_support import Bench, cluster_file, service

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

AS400 = {"database.takeover_interval": 0}
KEYED = {"wso2.kernel": "4.4.40", "instance.java": 8, "artifact.file": "artifacts/wso2-carbon-4.4.40.zip"}
"""A kernel whose engine takes a user's key alone, which is one secret more."""
PRODUCTS: Mapping[str, Mapping[str, Any]] = {
    "as400gateway": AS400,
    "wso2-carbon": KEYED,
    "wso2-as": {},
    "kaazing": {},
    "axonivy": {},
}


@contextmanager
def deployed(product: str, folder: Path, watcher: Watcher) -> Iterator[tuple[Bench, CdkRun]]:
    """Deploy an example in a service of its own while `watcher` looks on."""
    file = cluster_file(ROOT / "clusters" / f"{product}.yaml", folder, "secret", dict(PRODUCTS[product]))
    with watcher, service(file) as rehearsal:
        made = Bench(rehearsal, file, folder)
        existing.provide(rehearsal, made.cluster)
        run = made.deploy()
        assert run.code == 0, run.failure
        made.wait_until_healthy()
        yield made, run


def judged(bench: Bench, run: CdkRun, watcher: Watcher) -> None:
    """See that nothing was found anywhere, neither in what `cdk` said."""
    result = bench.check(secrets.CHECK)
    assert result.verdict == "valid", result.detail
    search = Search(canaries(bench.scene))
    bench.synthesize()
    since = secrets.began(bench.rehearsal.state.pid)
    assert [each.found for each in own.looked(search, since, [bench.folder]) if each.found] == []
    assert search.names_in(run.output.encode()) == set()
    told = watcher.asked(search)
    say(f"{result.detail}; {told.seen} programs were started, {told.missed} more were not seen")
    assert told.found == ()
    assert told.seen > 100
    assert told.missed <= MISSED * told.seen


@pytest.mark.parametrize("product", [product for product in PRODUCTS if product != "as400gateway"])
def test_no_secret_is_anywhere_from_the_first_command_of_a_deploy_on_nor_in_what_crashed_programs_leave(
    product: str, tmp_path: Path
) -> None:
    watcher = Watcher()
    with deployed(product, tmp_path, watcher) as (bench, run):
        judged(bench, run, watcher)
        crash(bench, "b", signal.SIGSEGV)
        left_nothing(bench, "b")


def test_no_secret_is_anywhere_of_a_pair_nor_in_what_its_crashed_programs_leave(tmp_path: Path) -> None:
    """The control comes last: it puts a secret everywhere."""
    watcher = Watcher()
    with deployed("as400gateway", tmp_path, watcher) as (bench, run):
        judged(bench, run, watcher)
        crash(bench, "b", signal.SIGSEGV, signal.SIGABRT)
        left_nothing(bench, "b")
        with planted(bench, "b", Path(tempfile.gettempdir())):
            where = found(bench)
        assert set(where) >= wanted("b")
        assert all(a_secret(bench).value not in find for finds in where.values() for find in finds)


def crash(bench: Bench, node: str, *numbers: signal.Signals) -> None:
    """Let each program of a node crash, as it does by a fault of memory (SIGSEGV) or by one that it finds (SIGABRT)."""
    stage = Stage(bench.rehearsal)
    for number in numbers:
        units = running(bench, node)
        assert set(units) & set(hardening.PRODUCTS)
        for unit in units:
            struck = processes.processes(stage, node, unit)
            assert struck, unit
            processes.send(struck, number)
        bench.wait_until_healthy(within=240)


def running(bench: Bench, node: str) -> list[str]:
    """Return the services of a node that Muster has written and that run, the product's own last."""
    argv = ["systemctl", "list-units", "--type=service", "--state=running", "--plain", "--no-legend"]
    listed = bench.scene.run_in(bench.member(node), argv, within=20).splitlines()
    ours = [name for name in (line.split()[0] for line in listed) if hardening.ours(name)]
    return sorted(ours, key=lambda name: (name in hardening.PRODUCTS, name))


def left_nothing(bench: Bench, node: str) -> None:
    """See that no secret is anywhere after crashes, and no core file on the node."""
    result = bench.check(secrets.CHECK)
    assert result.verdict == "valid", result.detail
    assert cores(bench, node) == []


def cores(bench: Bench, node: str) -> list[str]:
    """Return the core files on a node, and the dumps of heaps, whoever may read them."""
    left = [each.path for each in hosts.files(bench.rehearsal.inventory().host(node))]
    remains = [path for path in left if hosts.REMAINS.fullmatch(path.name)]
    say(f"after crashes there are {[path.name for path in remains] or 'no remains'}")
    return [str(path) for path in remains if not path.name.startswith(("hs_err", "replay_pid"))]
