"""What three WSO2 Carbon members cannot form without fails their deploy with a sentence that names it.

Engines that find nobody go on alone and look well from outside, so that only who counts the members notices.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from rehearsal.drive import Rehearsal
from rehearsal.faults import resources
from rehearsal.faults.stage import Stage
from rehearsal.hosts.enter import run_at
from rehearsal.inventory import HostEntry
from rehearsal.places import cache
from rehearsal.poll import poll
from tests.carbon_support import EXAMPLE, cluster_file, on_each_host, say
from tests.scenario_support import Bench, contents, not_valid, sentence, service, stacks
from tests.template_edits import Edit, edit_template, with_description, without_self_rule

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

MEMBER_PORT = 5701
STORE = ("-storepass", "changeit")
AUTHORITY = ("muster-rehearsal", "debian:muster-rehearsal.pem")
"""Under both names it is in what Java trusts: by the image's own import, and by Debian's."""
HOST = "/etc/hypervisor-uuid"
"""There on every host from its start, and on no other machine."""
TIME_OUT = "WaitCondition timed out"
"""What CloudFormation says where no node said anything."""
PRODUCT = "/opt/wso2/current"
"""There once nothing more is fetched from AWS, and before the product starts."""


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    """Run one service for all faults: each deploy is rolled back before the next."""
    with service(EXAMPLE) as running:
        yield running


Hosts = Callable[[Bench], AbstractContextManager[Any]]
"""What is done to the hosts while they are deployed."""


def bench_of(rehearsal: Rehearsal, folder: Path, *, timeout: int, **changes: Any) -> Bench:
    """Return the example with a formation time-out."""
    return Bench(rehearsal, cluster_file(folder, "faulty", {"formation.timeout": timeout, **changes}), folder)


def untouched(_bench: Bench) -> AbstractContextManager[Any]:
    """Do nothing to the hosts."""
    return nullcontext()


def fault(bench: Bench, empty: set[str], hosts: Hosts = untouched, edit: Edit | None = None) -> str:
    """Deploy with a fault of template or hosts and return the cause, having seen that all was rolled back."""
    assembly = bench.synthesize()
    edit_template(assembly, edit or with_description("a cluster"))
    with hosts(bench):
        why = sentence(bench.deploy(assembly))
    say(why)
    assert stacks(bench.rehearsal)["muster-faulty"] == "ROLLBACK_COMPLETE"
    assert contents(bench.rehearsal) - empty == set()
    poll(lambda: not bench.rehearsal.inventory().hosts, within=30)
    return why


def without_metadata(bench: Bench) -> AbstractContextManager[Any]:
    """Silence each host's metadata service as soon as the product is there."""
    stage = Stage(bench.rehearsal)
    return on_each_host(bench, PRODUCT, lambda host: resources.without_metadata(stage, host.node))


def without_authority(bench: Bench) -> AbstractContextManager[Any]:
    """Take the authority of AWS's endpoints here from what Java trusts on each host, as soon as that is on."""

    def distrust(host: HostEntry) -> None:
        for alias in AUTHORITY:
            ran = run_at(host.leader_pid, ["keytool", "-delete", "-cacerts", *STORE, "-alias", alias], within=60)
            assert ran.code == 0, ran.out + ran.err

    return on_each_host(bench, HOST, distrust)


def test_members_that_do_not_reach_each_other_are_named_with_the_rule_that_is_missing(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    why = fault(bench_of(rehearsal, tmp_path, timeout=120), empty, edit=without_self_rule(MEMBER_PORT))
    assert str(MEMBER_PORT) in why
    assert re.search(r"10\.64\.\d+\.1[0-2]\b", why)
    assert TIME_OUT not in why


def test_without_the_metadata_service_the_deploy_fails_in_the_engines_words(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    why = fault(bench_of(rehearsal, tmp_path, timeout=180), empty, without_metadata)
    assert re.search(r"node [abc]: .*(Starting standalone|Connect timed out)", why)
    assert TIME_OUT not in why


def test_an_endpoint_whose_authority_java_does_not_know_fails_the_deploy_in_the_engines_words(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    why = fault(bench_of(rehearsal, tmp_path, timeout=180), empty, without_authority)
    assert "Starting standalone" in why


def test_the_same_authority_in_the_cluster_file_is_trusted_and_the_members_form(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    """The control of all tests above: the same hosts, the same missing authority, and the product told of it."""
    authority = (cache() / "authority" / "ca.pem").read_text()
    (tmp_path / "ca.pem").write_text(authority)
    bench = bench_of(rehearsal, tmp_path, timeout=180, **{"wso2.trust": "ca.pem"})
    assembly = bench.synthesize()
    edit_template(assembly, with_description("a cluster"))
    with without_authority(bench) as done:
        run = bench.deploy(assembly)
    assert run.code == 0, run.failure
    assert set(done) == set(bench.cluster.present_nodes)
    bench.wait_until_healthy()
    assert not_valid(bench.checks()) == {}
    assert bench.cdk("destroy", "--force").code == 0
    assert contents(rehearsal) - empty == set()
