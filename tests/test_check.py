"""What `muster check` says of right files and of those that their lock refuses."""

from pathlib import Path

import pytest

from muster.spec import load, locked, write_lock
from operations.check import check_files
from tests.spec_help import EXISTING_VPC, OWN_VPC, changed


def judged(file: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    file.write_text(text, encoding="utf-8")
    code = check_files([file])
    said = capsys.readouterr()
    return code, said.out.replace(str(file), "x.yaml"), said.err.replace(str(file), "x.yaml")


def test_a_right_file_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = judged(tmp_path / "x.yaml", changed(OWN_VPC, "present: true", "present: false"), capsys)
    assert (code, err) == (0, "")
    assert out == (
        "x.yaml: right: as400gateway cluster as400 in 10.64.0.0/20: a in eu-west-1a (absent), b in eu-west-1b; "
        "t4g.medium with amazon-linux-2023; internal HTTPS; protection on\n"
    )


def test_an_existing_vpc_is_told_by_its_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = judged(tmp_path / "x.yaml", EXISTING_VPC, capsys)
    assert code == 0
    assert "cluster as400 in vpc-0123456789abcdef0: " in out


def test_what_the_lock_refuses_is_told_before_a_synthesis(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(OWN_VPC, encoding="utf-8")
    write_lock(file, locked(None, load(file)))
    code, out, err = judged(file, changed(OWN_VPC, "volume: 20", "volume: 19"), capsys)
    assert (code, out) == (2, "")
    assert err.startswith("x.yaml:10: instance.volume: ")
    assert judged(file, OWN_VPC, capsys)[0] == 0
