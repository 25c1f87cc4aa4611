"""The rule pack, and app.py, which applies it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]
from constructs import IConstruct

import app
import stacks.cluster
from muster import acknowledgements
from muster.spec import load
from tests.conftest import JAR, ROOT, Synthesize, WriteCluster

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
VARIANTS: list[dict[str, Any]] = [
    {},
    {"balancer": {"certificate": CERTIFICATE}},
    {"balancer": {"scheme": "internet-facing", "certificate": CERTIFICATE}},
    {"instance": {"type": "m7i.large", "os": "debian-12"}, "balancer": {"stickiness": {"cookie": "balancer"}}},
]
WARNED = {"muster:placeholder-image", "muster:plain-http"}
"""Meant for the user's eyes, so never acknowledged."""


@dataclass(frozen=True)
class Finding:
    """A rule and the construct that breaks it, or an acknowledgement of that rule at that construct."""

    rule: str
    path: str


Judge = Callable[..., set[Finding]]


@pytest.fixture
def judge(write_cluster: WriteCluster, node_files: Path, context: Mapping[str, Any], tmp_path: Path) -> Judge:
    """Return a function from changed fields to what the rules find that is not acknowledged."""

    def judge(**changes: Any) -> set[Finding]:
        outdir = tmp_path / "judged"
        application = cdk.App(context=dict(context), outdir=str(outdir), analytics_reporting=False)
        stacks.cluster.ClusterStack(application, cluster=load(write_cluster(**changes)), node_files=node_files)
        cdk.Validations.of(application).add_plugins(AwsSolutionsChecks())
        try:
            application.synth()
        except RuntimeError as error:
            if "ValidationFailed" not in str(error):
                raise
        return set(_findings(outdir / "validation-report.json"))

    return judge


def _findings(report: Path) -> Iterator[Finding]:
    for plugin in json.loads(report.read_text(encoding="utf-8"))["pluginReports"]:
        for violation in plugin.get("violations", []):
            for construct in violation["violatingConstructs"]:
                yield Finding(violation["ruleName"].rpartition("::")[2], construct["constructPath"])


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_nothing_is_found_that_is_not_acknowledged(changes: dict[str, Any], judge: Judge) -> None:
    assert {finding.rule for finding in judge(**changes)} <= WARNED


@pytest.fixture
def acknowledged(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """Return what the constructs acknowledge from now on; nothing is accepted for it."""
    noted: list[Finding] = []

    class Noting:
        def __init__(self, construct: IConstruct) -> None:
            self._path = construct.node.path

        of = classmethod(lambda cls, construct: cls(construct))

        def acknowledge(self, given: cdk.Acknowledgment) -> None:
            noted.append(Finding(given.id.rpartition("Validate::")[2], self._path))

    class Library:
        Validations = Noting
        Acknowledgment = cdk.Acknowledgment

    monkeypatch.setattr(acknowledgements, "cdk", Library)
    return noted


def unneeded(acknowledged: list[Finding], found: set[Finding]) -> list[Finding]:
    """Return the acknowledgements that no finding asks for."""
    return [
        each
        for each in acknowledged
        if not any(one.rule == each.rule and f"{one.path}/".startswith(f"{each.path}/") for one in found)
    ]


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_every_acknowledgement_is_needed(changes: dict[str, Any], judge: Judge, acknowledged: list[Finding]) -> None:
    found = judge(**changes)
    assert acknowledged
    assert unneeded(acknowledged, found) == []


def test_an_unneeded_acknowledgement_is_seen(judge: Judge, acknowledged: list[Finding]) -> None:
    """Negative control of the test above: this one accepts a finding that is not there."""
    found = judge()
    stale = Finding("AwsSolutions-EC28", "muster-as400/Node-a")
    assert unneeded([*acknowledged, stale], found) == [stale]


def test_only_these_rules_are_acknowledged(judge: Judge, acknowledged: list[Finding]) -> None:
    for changes in VARIANTS:
        judge(**changes)
    assert {each.rule for each in acknowledged} == {
        *("AwsSolutions-EC23", "AwsSolutions-EC29", "AwsSolutions-ELB2", "AwsSolutions-SMG4"),
        *("W3010", "W9010"),
    }


def test_a_reason_of_a_few_words_is_refused() -> None:
    with pytest.raises(ValueError, match="want at least 40"):
        acknowledgements.acknowledge(cdk.Stack(cdk.App(), "S"), "AwsSolutions-EC29", "not needed")


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_cfn_lint_finds_nothing_but_the_zones(changes: dict[str, Any], synthesize: Synthesize) -> None:
    """W3010 is about zones in the template, which stand there because they stand in the cluster file."""
    found = lint(json.dumps(synthesize(**changes)), config=ManualArgs(regions=["eu-west-1"]))
    assert {each.rule.id for each in found} == {"W3010"}


@pytest.fixture
def run(context: Mapping[str, Any], tmp_path: Path) -> Callable[[Path], int]:
    """Return a function that runs app.py on a cluster file as `cdk` does, and gives its exit code."""

    def run(file: Path) -> int:
        chosen = {**context, "cluster": str(file)}
        return app.main(cdk.App(context=chosen, outdir=str(tmp_path / "cdk.out"), analytics_reporting=False))

    return run


def said(capsys: pytest.CaptureFixture[str], about: str) -> list[str]:
    """Return the lines on standard error that name `about`; jsii may pass on late what an earlier synthesis said."""
    return [line for line in capsys.readouterr().err.splitlines() if about in line]


def test_the_example_is_synthesized(
    run: Callable[[Path], int], clusters: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MUSTER_ARTIFACTS", str(clusters / "artifacts"))
    assert run(ROOT / "clusters" / "as400gateway.yaml") == 0
    assert (tmp_path / "cdk.out" / "muster-as400.template.json").exists()


def test_a_wrong_file_is_refused_with_its_lines_and_exit_code_2(
    run: Callable[[Path], int], write_cluster: WriteCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_cluster(region="nowhere")
    assert run(file) == 2
    line = f"{file}:1: region: got 'nowhere', which is not a known region, want a region such as eu-west-1"
    assert said(capsys, str(file)) == [line]


def test_a_missing_artifact_is_refused_with_its_line_and_exit_code_2(
    run: Callable[[Path], int],
    write_cluster: WriteCluster,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("MUSTER_ARTIFACTS", raising=False)
    file = write_cluster(artifact={"file": f"nowhere/{JAR}"})
    assert run(file) == 2
    (line,) = said(capsys, str(file))
    assert line.startswith(f"{file}:1: artifact.file: no such file: ")


@pytest.mark.usefixtures("acknowledged")
def test_a_finding_is_refused_with_exit_code_1(
    run: Callable[[Path], int], write_cluster: WriteCluster, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(write_cluster()) == 1
    words = capfd.readouterr().err
    assert "AwsSolutions-EC29" in words
    assert "muster-as400/Node-a" in words
    assert "Traceback" not in words
