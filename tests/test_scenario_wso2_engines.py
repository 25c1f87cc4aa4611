"""Every generation of kernels forms one cluster by what its own engine can do, and says which engine that was."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from muster.spec import load
from rehearsal.checks import membership
from rehearsal.drive import Rehearsal
from rehearsal.poll import poll
from tests.carbon_support import DISCOVERY, EXAMPLE, asked_of_ec2, cluster_file, decisions, formed_in, log, say
from tests.scenario_support import Bench, contents, service, stand_in

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

FORMED_WITHIN = 90.0


@dataclass(frozen=True)
class Trial:
    """A kernel, the engine that it has, its Java, and whether instances are listed to find members."""

    kernel: str
    engine: str
    java: int
    more: Mapping[str, Any] = field(default_factory=dict)
    lists: bool = True


TRIALS = {
    "3.5.4": Trial("4.4.40", "3.5.4", 8),
    "3.12.2": Trial("4.6.3", "3.12.2", 11),
    "4.2.6": Trial("4.9.28", "4.2.6", 17),
    "5.3.6": Trial("4.10.126", "5.3.6", 17),
    "5.3.6-wka": Trial("4.10.126", "5.3.6", 17, {"wso2.membership": "wka"}, lists=False),
}


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    """Run one service for all engines, one after the other."""
    with service(EXAMPLE) as running:
        yield running


@pytest.mark.parametrize("trial", [pytest.param(trial, id=name) for name, trial in TRIALS.items()])
def test_the_engine_of_a_kernel_forms_one_cluster_that_passes_every_check(
    rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory, trial: Trial
) -> None:
    folder, before, asked = tmp_path_factory.mktemp("engine"), contents(rehearsal), len(decisions(rehearsal))
    name = f"carbon-{trial.engine.replace('.', '-')}"
    changes = {
        "wso2.kernel": trial.kernel,
        "instance.java": trial.java,
        "artifact.file": f"artifacts/wso2-carbon-{trial.kernel}.zip",
    }
    bench = Bench(rehearsal, cluster_file(folder, name, {**changes, **trial.more}), folder)
    rehearsal.artifacts = stand_in(load(bench.file)).parent
    run = bench.deploy()
    assert run.code == 0, run.output
    bench.wait_until_healthy()
    results = {result.name: result for result in bench.checks()}
    assert {name: each.detail for name, each in results.items() if each.verdict != "valid"} == {}
    assert f"engine {trial.engine} of kernel {trial.kernel}" in results[membership.CHECK.name].detail
    scheme = "aws" if trial.lists else "wka"
    for node in bench.cluster.present_nodes:
        assert f"Using {scheme} based membership management scheme" in log(bench, node)
    assert asked_of_ec2(rehearsal, asked) == ({(DISCOVERY, True)} if trial.lists else set())
    seconds = formed_in(bench)
    say(f"engine {trial.engine} ({scheme}): three members {seconds:.1f} s after the first product's start")
    assert seconds < FORMED_WITHIN
    assert bench.cdk("destroy", "--force").code == 0
    assert contents(rehearsal) - before == set()
    poll(lambda: not rehearsal.inventory().hosts, within=30)
