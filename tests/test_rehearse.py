"""What a rehearsal puts in the place of what cannot be had here is said in words."""

import subprocess
import sys
from pathlib import Path

import pytest

from muster.products import PRODUCTS
from muster.spec import load
from operations.rehearse import requests
from rehearsal import rehearse
from rehearsal.cdk_cli import ROOT
from rehearsal.doubles import told
from rehearsal.hosts.prepare import STOOD_IN_FOR
from rehearsal.progress import Progress
from tests.axonivy_support import ivy
from tests.conftest import WriteCluster, users_environment

CARBON = ROOT / "clusters" / "wso2-carbon.yaml"


def test_the_java_that_debian_has_needs_no_word(write_cluster: WriteCluster) -> None:
    assert rehearse.stand_ins(load(write_cluster())) == ()


@pytest.mark.parametrize("java", [version for version in STOOD_IN_FOR if version > 8])
def test_another_java_is_said_to_be_stood_in_for(write_cluster: WriteCluster, java: int) -> None:
    cluster = load(write_cluster(instance={"type": "t4g.medium", "java": java}))
    assert rehearse.stand_ins(cluster) == (f"Java {java} is not to be had here: Java 17 stands in",)


def test_a_file_system_of_efs_is_said_to_be_stood_in_for(write_cluster: WriteCluster) -> None:
    instance = {"type": "t4g.medium", "java": 17}
    said = rehearse.stand_ins(load(write_cluster(**ivy({"version": "9.4"}, instance=instance))))
    assert said[-1].startswith("amazon-efs-utils are not to be had here: a folder of this machine stands in")
    folder = {"version": "9.4", "shared": "/srv/ivy"}
    own = {**instance, "ami": "ami-0123456789abcdef0"}
    assert rehearse.stand_ins(load(write_cluster(**ivy(folder, instance=own)))) == said[:-1]


def test_the_engine_of_the_kernel_is_named() -> None:
    said = "a double of wso2-carbon stands in for it, with Hazelcast 5.3.6, which is the engine of kernel 4.10.126"
    assert told(load(CARBON)) == said


def test_a_product_without_an_engine_has_none_named(write_cluster: WriteCluster) -> None:
    assert told(load(write_cluster())) == "a double of as400gateway stands in for it"


def test_a_double_stands_in_for_a_missing_artifact_in_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = load(CARBON)
    built = tmp_path / "shelf" / "wso2-carbon-4.10.126.zip"
    monkeypatch.setattr("rehearsal.doubles.stand_in", lambda *_: built)
    assert rehearse.find_artifacts(cluster, Progress()) == built.parent
    said = capsys.readouterr().out
    assert "a double of wso2-carbon stands in for it" in said
    assert "Hazelcast 5.3.6" in said


def test_a_kept_cluster_of_gateways_is_asked_for_a_websocket_by_its_public_name() -> None:
    [request] = requests(load(ROOT / "clusters/kaazing.yaml"), "http://balancer", "10.0.0.5")
    assert "-H 'Host: gateway.example.org' -H 'Upgrade: websocket'" in request
    assert request.endswith("http://balancer/echo")


def test_a_kept_cluster_with_host_names_is_asked_by_name_at_its_balancers_address() -> None:
    asked = requests(load(ROOT / "clusters/wso2-as.yaml"), "https://as.example.org", "10.0.0.5")
    assert asked == ["-sk --connect-to ::10.0.0.5: https://as.example.org/api/session"]


@pytest.mark.parametrize("product", sorted(set(PRODUCTS) - {"kaazing", "wso2-as"}))
def test_each_other_kept_cluster_is_asked_for_a_session(product: str) -> None:
    assert (
        requests(load(ROOT / f"clusters/{product}.yaml"), "http://balancer", "10.0.0.5")[-1]
        == "-s http://balancer/api/session"
    )


@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_no_check_brings_the_cdk_whose_node_would_answer_ctrl_c_with_a_traceback(product: str) -> None:
    script = (
        f"import sys; from rehearsal.checks.run import checks_of; checks_of({product!r}); import rehearsal.rehearse"
    )
    script += "; print('aws_cdk' in sys.modules)"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=users_environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
