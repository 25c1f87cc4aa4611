"""app.py: what `cdk` runs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

import app
from muster import acknowledgements
from tests.conftest import JAR, ROOT, WriteCluster
from tests.judging import nothing_accepted

Run = Callable[[Path], int]


@pytest.fixture
def run(context: Mapping[str, Any], tmp_path: Path) -> Run:
    """Return a function that runs app.py on a cluster file as `cdk` does, and gives its exit code."""

    def run(file: Path) -> int:
        chosen = {**context, "cluster": str(file)}
        return app.main(cdk.App(context=chosen, outdir=str(tmp_path / "cdk.out"), analytics_reporting=False))

    return run


def said(capsys: pytest.CaptureFixture[str], about: str) -> list[str]:
    """Return the lines on standard error that name `about`; jsii may pass on late what an earlier synthesis said."""
    return [line for line in capsys.readouterr().err.splitlines() if about in line]


def test_the_example_is_synthesized(run: Run, clusters: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MUSTER_ARTIFACTS", str(clusters / "artifacts"))
    assert run(ROOT / "clusters" / "as400gateway.yaml") == 0
    assert (tmp_path / "cdk.out" / "muster-as400.template.json").exists()


def test_a_wrong_file_is_refused_with_its_lines_and_exit_code_2(
    run: Run, write_cluster: WriteCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_cluster(region="nowhere")
    assert run(file) == 2
    line = f"{file}:1: region: got 'nowhere', which is not a known region, want a region such as eu-west-1"
    assert said(capsys, str(file)) == [line]


def test_a_missing_artifact_is_refused_with_its_line_and_exit_code_2(
    run: Run, write_cluster: WriteCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MUSTER_ARTIFACTS", raising=False)
    file = write_cluster(artifact={"file": f"nowhere/{JAR}"})
    assert run(file) == 2
    (line,) = said(capsys, str(file))
    assert line.startswith(f"{file}:1: artifact.file: no such file: ")


def test_a_finding_is_refused_with_exit_code_1(
    run: Run, write_cluster: WriteCluster, capfd: pytest.CaptureFixture[str]
) -> None:
    with nothing_accepted():
        assert run(write_cluster(protection="off")) == 1
    words = capfd.readouterr().err
    assert "AwsSolutions-EC29" in words
    assert "muster-as400/Node-a" in words
    assert "Traceback" not in words


def test_a_reason_of_a_few_words_is_refused() -> None:
    with pytest.raises(ValueError, match="want at least 40"):
        acknowledgements.acknowledge(cdk.Stack(cdk.App(), "S"), "AwsSolutions-EC29", "not needed")
