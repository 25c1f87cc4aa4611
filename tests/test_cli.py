"""The command line as a user meets it: exit codes and single lines, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from operations import ROOT, cdk, cli
from operations.checks import steps
from operations.errors import Failure
from operations.rehearse import rehearse_command

GOOD = ROOT / "clusters" / "as400gateway.yaml"


def muster(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as the launcher does."""
    command = [sys.executable, "-m", "operations", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_check_accepts_the_example_and_names_its_nodes() -> None:
    done = muster("check", str(GOOD))
    assert (done.returncode, done.stderr) == (0, "")
    assert "a in eu-west-1a, b in eu-west-1b" in done.stdout


def test_check_tells_every_fault_of_every_file_and_ends_with_2(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(GOOD.read_text().replace("eu-west-1b", "us-east-1b").replace("hours: 8", "hours: 0"))
    done = muster("check", str(GOOD), str(bad))
    assert done.returncode == 2
    assert done.stderr.count(f"{bad}:") == 2
    assert "Traceback" not in done.stderr


def test_check_of_a_missing_file_is_one_line(tmp_path: Path) -> None:
    done = muster("check", str(tmp_path / "none.yaml"))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_help_lists_the_commands() -> None:
    done = muster("--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in ("check", "cdk", "rehearse", "test"))


def test_check_starts_no_node_and_loads_no_cdk() -> None:
    code = "import sys; from operations.check import check_files; from pathlib import Path\n"
    code += f"check_files([Path({str(GOOD)!r})]); sys.exit('aws_cdk' in sys.modules or 'jsii' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_rehearse_without_a_file_asks_for_one() -> None:
    with pytest.raises(Failure, match="which cluster") as refusal:
        rehearse_command(None, keep=False, down=False, report=None)
    assert refusal.value.code == 2


def test_rehearse_refuses_a_wrong_file_before_anything_is_made(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: as400\n")
    with pytest.raises(Failure, match="is refused") as refusal:
        rehearse_command(bad, keep=False, down=False, report=None)
    assert refusal.value.code == 2


def test_rehearse_refuses_a_report_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="there is no folder") as refusal:
        rehearse_command(GOOD, keep=False, down=False, report=tmp_path / "none" / "report.json")
    assert refusal.value.code == 2


def test_without_root_the_tests_on_hosts_are_left_out() -> None:
    pytest_step = steps(full=True, whole_machine=False)[-1]
    assert pytest_step.command[-1] == "not host and not scenario"


def test_the_full_tier_leaves_nothing_out() -> None:
    assert "-m" not in steps(full=True, whole_machine=True)[-1].command[3:]


def test_what_nobody_expected_is_one_line_that_names_the_whole_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise LookupError("a thing [bold]that[/] is not there")

    monkeypatch.setattr(cli, "app", lambda **_: broken())
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    log = Path(said.rpartition("all of it: ")[2].strip().removesuffix(")"))
    assert said.startswith("muster: LookupError: a thing [bold]that[/] is not there")
    assert "Traceback" in log.read_text()
    log.unlink()


def test_a_cluster_file_for_cdk_is_looked_for_where_the_user_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert cdk._with_path("cluster=mine.yaml") == f"cluster={tmp_path}/mine.yaml"
    assert cdk._with_path("cluster=clusters/as400gateway.yaml") == "cluster=clusters/as400gateway.yaml"
    assert cdk._with_path("--require-approval") == "--require-approval"
