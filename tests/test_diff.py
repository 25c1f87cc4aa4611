"""`muster diff`, from the options to the exit code, mostly on a checkout whose application only copies a template."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from muster.spec import load
from operations.aws import OtherAccount
from operations.diff import diff_command
from operations.errors import Failure
from operations.review import comparing, synthesis, trees
from operations.review.artifacts import gather
from rehearsal import cdk_cli
from tests.conftest import ROOT
from tests.diff_support import APP, QUICK_CDK, Checkout, larger
from tests.review_support import stack


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    made = Checkout(tmp_path / "checkout")
    for module in (comparing, synthesis, trees):
        monkeypatch.setattr(module, "ROOT", made.folder)
    made.cdk.write_text(QUICK_CDK)
    made.cdk.chmod(0o755)
    monkeypatch.setattr(synthesis, "CDK", made.cdk)
    monkeypatch.setattr(comparing, "load", lambda _file: None)  # its files hold templates
    monkeypatch.delenv("MUSTER_ARTIFACTS", raising=False)
    return made


@pytest.fixture
def real_cdk(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checkout.cdk.exists(), "it has put the quick one in its place before"
    monkeypatch.setattr(synthesis, "CDK", cdk_cli.CDK)


Said = Callable[[], str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    return lambda: capsys.readouterr().out


@pytest.mark.usefixtures("real_cdk")
def test_an_unchanged_file_is_compared_with_head_and_nothing_happens(checkout: Checkout, said: Said) -> None:
    checkout.write()
    checkout.commit()
    assert diff_command([checkout.file]) == 0
    text = said()
    assert "nothing is refused" in text
    assert "There were no differences" in text
    assert "✨" not in text


@pytest.mark.usefixtures("real_cdk")
def test_a_refused_change_ends_with_1_and_shows_table_and_diff(checkout: Checkout, said: Said, tmp_path: Path) -> None:
    checkout.write()
    checkout.commit()
    checkout.write(template=larger())
    assert diff_command([checkout.file], markdown=tmp_path / "comment.md") == 1
    text = said()
    assert "InstanceType: t4g.medium to t4g.large" in text
    assert "[~] AWS::EC2::Instance" in text
    assert "refused  nodes a, b would be interrupted at the same time" in text
    assert "| `a` | **restart** | `InstanceType: t4g.medium to t4g.large` |" in (tmp_path / "comment.md").read_text()


def test_what_a_commit_s_own_code_made_is_compared(checkout: Checkout, said: Said) -> None:
    """The file is the same in both: it is the application that changed."""
    checkout.write()
    checkout.commit()
    image = 'template["Mappings"]["Images"]["eu-west-1"]["amazonlinux2023arm64"] = "ami-2"\n'
    (checkout.folder / "app.py").write_text(APP.replace("out.mkdir(", f"{image}out.mkdir(", 1))
    assert diff_command([checkout.file], against="main") == 1
    assert "ImageId: ami-11111111111111111 to ami-2" in said()


def test_another_cluster_file_can_be_the_old_side(checkout: Checkout, said: Said, tmp_path: Path) -> None:
    checkout.write()
    old = checkout.write(tmp_path / "old.yaml", template=larger(("NodeA",)))
    assert diff_command([checkout.file], old=old) == 0
    assert "t4g.large to t4g.medium" in said()


def test_a_new_file_has_new_nodes(checkout: Checkout, said: Said) -> None:
    checkout.write(checkout.file.parent / "y.yaml")
    checkout.commit()
    checkout.write()
    assert diff_command([checkout.file]) == 0
    text = said()
    assert "a new cluster: there is nothing to compare with" in text
    assert "│ a    │ new " in text


def test_without_a_file_all_are_compared_also_those_that_are_gone(checkout: Checkout, said: Said) -> None:
    checkout.write()
    checkout.write(checkout.file.parent / "gone.yaml", stack_name="muster-gone")
    checkout.commit()
    (checkout.file.parent / "gone.yaml").unlink()
    assert diff_command([]) == 1
    text = said()
    assert "is gone, which deploys nothing: the stack stays until it is destroyed" in text
    assert "x.yaml against HEAD" in text


def test_a_renamed_cluster_is_a_new_one_beside_the_old(checkout: Checkout, said: Said) -> None:
    checkout.write()
    checkout.commit()
    checkout.write(stack_name="muster-z")
    assert diff_command([checkout.file]) == 0
    assert "the cluster has another name: muster-x stays deployed beside it until it is destroyed" in said()


@pytest.mark.usefixtures("real_cdk")
def test_a_wrong_file_ends_with_2_and_its_lines(checkout: Checkout, said: Said, tmp_path: Path) -> None:
    checkout.write()
    checkout.commit()
    checkout.write(fault="x.yaml:3: region: got 'nowhere'")
    assert diff_command([checkout.file], markdown=tmp_path / "comment.md") == 2
    assert "refused  x.yaml:3: region: got 'nowhere'\n" in said()
    assert "- `x.yaml:3: region: got 'nowhere'`" in (tmp_path / "comment.md").read_text()


def test_a_bug_in_the_synthesis_is_one_line_that_names_the_whole_of_it(checkout: Checkout, said: Said) -> None:
    checkout.write()
    checkout.commit()
    checkout.write(bug=True)
    assert diff_command([checkout.file]) == 1
    (line,) = [line for line in said().splitlines() if line.startswith("refused")]
    assert line.startswith("refused  LookupError: a bug (all of it: ")
    log = Path(line.rpartition("all of it: ")[2].removesuffix(")"))
    assert "Traceback" in log.read_text()
    log.unlink()


def test_an_old_side_that_is_wrong_is_said_to_be_so(checkout: Checkout, said: Said) -> None:
    checkout.write(fault="x.yaml:3: no")
    checkout.commit()
    checkout.write()
    assert diff_command([checkout.file]) == 2
    assert "): x.yaml:3: no" in said()


def test_a_missing_artifact_is_stood_in_for_on_both_sides(
    checkout: Checkout, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The application puts the names of the artifacts it was given into the description."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "never seen by a synthesis")
    checkout.write(artifact={"file": "artifacts/old.jar"})
    checkout.commit()
    checkout.write(artifact={"file": "artifacts/new.jar"})
    assert diff_command([checkout.file]) == 0
    text = said()
    assert "new.jar is not here: an empty stand-in is synthesized in its place" in text
    assert "old.jar is not here: an empty stand-in is synthesized in its place" in text
    assert "There were no differences" in text


def test_an_artifact_that_is_there_is_taken_for_both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSTER_ARTIFACTS", raising=False)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.jar").write_bytes(b"jar")
    for name in ("new", "old"):
        (tmp_path / f"{name}.yaml").write_text(f"artifact: {{file: {name}/a.jar}}\n")
    assert gather([tmp_path / "new.yaml", tmp_path / "old.yaml"], tmp_path / "all") == []
    assert (tmp_path / "all" / "a.jar").read_bytes() == b"jar"


def test_a_seed_that_is_not_here_has_a_stand_in_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSTER_ARTIFACTS", raising=False)
    (tmp_path / "dump.sql").write_bytes(b"SELECT 1")
    for name in ("dump.sql", "none.mv.db"):
        (tmp_path / f"{name}.yaml").write_text(f"database: {{seed: {{file: {name}}}}}\n")
    files = [tmp_path / f"{name}.yaml" for name in ("dump.sql", "none.mv.db")]
    assert gather(files, tmp_path / "all") == ["none.mv.db"]
    assert (tmp_path / "all" / "dump.sql").read_bytes() == b"SELECT 1"


def test_a_stand_in_for_certificates_can_be_synthesized(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSTER_ARTIFACTS", raising=False)
    (tmp_path / "x.yaml").write_text("wso2: {trust: ca.pem}\n")
    assert gather([tmp_path / "x.yaml"], tmp_path / "all") == ["ca.pem"]
    assert (tmp_path / "all" / "ca.pem").read_bytes() == b"-----BEGIN CERTIFICATE-----"


def test_so_can_one_for_a_licence_which_may_not_be_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSTER_ARTIFACTS", raising=False)
    (tmp_path / "x.yaml").write_text("axonivy: {licence: ivy.lic}\n")
    assert gather([tmp_path / "x.yaml"], tmp_path / "all") == ["ivy.lic"]
    assert (tmp_path / "all" / "ivy.lic").read_bytes() == b"none"


@pytest.mark.parametrize("text", ["", "artifact: {s3: b/k}", "artifact: [1]", "artifact: {file: 5}", "a: b: c", "\0"])
def test_a_file_without_an_artifact_s_file_needs_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text)
    assert gather([tmp_path / "x.yaml"], tmp_path / "all") == []
    assert list((tmp_path / "all").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"against": "no-such-commit"}, "no-such-commit is no commit of"),
        ({"against": "--help"}, "--help is no commit of"),
        ({"against": "main", "old": Path("x")}, "--against and --old are two answers"),
        ({"old": Path("/nowhere/x.yaml")}, "--old /nowhere/x.yaml: no such file"),
        ({"markdown": Path("/nowhere/x.md")}, "--markdown /nowhere/x.md: there is no folder /nowhere"),
        ({"markdown": Path("/dev")}, "--markdown /dev: is a folder; name a file in it"),
        ({"limit": 3}, "--limit 3: want at least 2000"),
    ],
)
def test_wrong_options_are_one_line_with_code_2(checkout: Checkout, options: dict[str, Any], words: str) -> None:
    checkout.write()
    checkout.commit()
    with pytest.raises(Failure, match=words) as refusal:
        diff_command([checkout.file], **options)
    assert refusal.value.code == 2


def test_a_comment_that_cannot_be_written_is_told_before_the_comparison(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.write()
    checkout.commit()
    asked = []
    monkeypatch.setattr("operations.diff.os.access", lambda path, mode: asked.append((path, mode)))
    monkeypatch.setattr("operations.diff.comparing", lambda *_: pytest.fail("it compared"))
    with pytest.raises(Failure, match=r"x\.md: cannot be written") as refusal:
        diff_command([checkout.file], markdown=tmp_path / "x.md")
    assert (refusal.value.code, asked) == (2, [(tmp_path, os.W_OK)])


def test_a_comment_that_fails_in_the_end_is_one_line(checkout: Checkout, said: Said) -> None:
    checkout.write()
    checkout.commit()
    with pytest.raises(Failure, match="--markdown /dev/full: cannot be written: No space left on device"):
        diff_command([checkout.file], markdown=Path("/dev/full"))
    assert "nothing is refused" in said()


def test_a_file_that_check_refuses_is_told_at_once_and_nothing_is_synthesized(
    checkout: Checkout, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "load", load)
    monkeypatch.setattr(comparing, "synthesize", lambda *_: pytest.fail("it synthesized"))
    bad, example = tmp_path / "bad.yaml", ROOT / "clusters" / "as400gateway.yaml"
    bad.write_text(example.read_text().replace("hours: 8", "hours: 0"))
    old = checkout.write(tmp_path / "old.yaml")
    assert diff_command([bad], old=old) == 2
    assert f"refused  {bad}:" in said()


def test_a_file_of_another_account_is_a_note_and_the_others_are_compared(
    checkout: Checkout, said: Said, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def deployed(side: synthesis.Side) -> Any:
        if side.stack == "muster-other":
            raise OtherAccount("these credentials are of the account 1, the cluster file is for 2")
        return stack()

    monkeypatch.setattr(comparing, "deployed_template", deployed)
    files = [checkout.write(checkout.file.parent / "y.yaml", stack_name="muster-other"), checkout.write()]
    assert diff_command(files, deployed=True, markdown=tmp_path / "x.md") == 0
    text = said()
    assert "not compared: these credentials are of the account 1, the cluster file is for 2" in text
    assert text.count("nothing is refused") == 1
    assert (tmp_path / "x.md").read_text().count("**Not compared.**") == 1
    assert diff_command(files[:1], deployed=True) == 1, "nothing at all was compared"


def test_a_file_outside_of_the_checkout_has_no_commit(checkout: Checkout, tmp_path: Path) -> None:
    checkout.write()
    checkout.commit()
    with pytest.raises(Failure, match="lies outside of") as refusal:
        diff_command([checkout.write(tmp_path / "mine.yaml")])
    assert refusal.value.code == 2


def test_a_missing_file_is_told(checkout: Checkout, said: Said) -> None:
    checkout.write()
    checkout.commit()
    missing = checkout.folder / "clusters" / "none.yaml"
    assert diff_command([missing]) == 2
    assert f"{missing}: no such file, here or in HEAD" in said()


def test_other_pins_are_set_up_by_the_commit_s_own_launcher(checkout: Checkout, said: Said) -> None:
    checkout.write()
    launcher = checkout.folder / "muster"
    launcher.write_text(f'#!/bin/sh\necho "$1" >> {checkout.folder}/called\nshift\nexec {checkout.cdk} "$@"\n')
    launcher.chmod(0o755)
    (checkout.folder / "requirements.txt").write_text("a==1")
    checkout.commit()
    assert diff_command([checkout.file]) == 0
    assert not (checkout.folder / "called").exists()
    (checkout.folder / "requirements.txt").write_text("a==2")
    assert diff_command([checkout.file]) == 0
    assert (checkout.folder / "called").read_text() == "cdk\n"
    said()


def test_nothing_of_the_work_is_left(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    checkout.write()
    checkout.commit()
    assert diff_command([checkout.file]) == 0
    assert list((tmp_path / "temporary").glob("muster-diff-*")) == []
    listed = subprocess.run(
        ["git", "worktree", "list"], cwd=checkout.folder, capture_output=True, text=True, check=True
    )
    assert len(listed.stdout.splitlines()) == 1


def test_the_deployed_template_is_the_old_side(checkout: Checkout, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.write()
    monkeypatch.setattr(comparing, "deployed_template", lambda _side: larger(("NodeB",)))
    assert diff_command([checkout.file], deployed=True) == 0
    text = said()
    assert "against what is deployed" in text
    assert "t4g.large to t4g.medium" in text


def test_a_commit_and_the_deployed_stack_can_be_compared_at_once(
    checkout: Checkout, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.write()
    checkout.commit()
    monkeypatch.setattr(comparing, "deployed_template", lambda _side: None)
    assert diff_command([checkout.file], against="HEAD", deployed=True) == 0
    text = said()
    assert text.count("x.yaml against") == 2
    assert "a new cluster" in text


def test_the_real_example_is_compared_by_the_real_command(tmp_path: Path) -> None:
    """The whole way, with the application and the CDK command line as a user has them."""
    example = ROOT / "clusters" / "as400gateway.yaml"
    old = tmp_path / "old.yaml"
    old.write_text(example.read_text() + "formation: {timeout: 800}\n")
    command = [sys.executable, "-m", "operations", "diff", str(example), "--old", str(old)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("setting formation_timeout: 800 to 900") == 2
    assert "rolling reconfiguration" in done.stdout
    assert "[~] AWS::SSM::Parameter Settings/Parameter" in done.stdout
    assert "synthesizing" in done.stderr
