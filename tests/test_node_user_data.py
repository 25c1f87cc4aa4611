"""The user data, run by bash with stand-ins for curl and aws on its PATH."""

import hashlib
import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.test_node_settings import DOCUMENT

SCRIPT = Path(__file__).parents[1] / "assets/node/user_data.sh"
CURL = """\
#!/bin/bash
case "$*" in
  *Content-Type:*) cat >"$WORLD/report"; echo "${@: -1}" >"$WORLD/reported-to" ;;
  *ttl-seconds:*/api/token) echo TOKEN ;;
  *"token: TOKEN"*muster:node) echo a ;;
  *"token: TOKEN"*muster:settings) echo /muster/as400/settings ;;
  *"token: TOKEN"*placement/region) echo eu-west-1 ;;
  *) echo "curl: strange $*" >&2; exit 22 ;;
esac
"""
AWS = """\
#!/bin/bash
echo "$AWS_DEFAULT_REGION $*" >>"$WORLD/calls"
case "$1" in
  ssm) cat "$WORLD/document" ;;
  s3api) [[ -e "$WORLD/denied" ]] && { echo 'An error occurred (AccessDenied): GetObject' >&2; exit 254; }
    cp "$WORLD/asset.zip" "${@: -1}" ;;
esac
"""
PROGRAM = "import sys, pathlib\npathlib.Path(sys.argv[2] + '.ran').write_text(' '.join(sys.argv[1:]))\n"
Run = Callable[[], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def world(tmp_path: Path) -> tuple[Path, Run]:
    """Return a folder that stands for the host and its account, and a run of the user data in it."""
    tools = tmp_path / "bin"
    for folder in (tools, tmp_path / "run", tmp_path / "opt"):
        folder.mkdir()
    for name, text in (("curl", CURL), ("aws", AWS), ("sleep", "#!/bin/bash\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    with zipfile.ZipFile(tmp_path / "asset.zip", "w") as archive:
        archive.writestr("musternode/__init__.py", "")
        archive.writestr("musternode/__main__.py", PROGRAM)
    sha = hashlib.sha256((tmp_path / "asset.zip").read_bytes()).hexdigest()
    asset = {"bucket": "assets", "key": "k.zip", "sha256": sha}
    (tmp_path / "document").write_text(json.dumps({**DOCUMENT, "asset": asset}) + "\n")
    script = SCRIPT.read_text().replace("/run", f"{tmp_path}/run").replace("/opt", f"{tmp_path}/opt")
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "WORLD": str(tmp_path)}

    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(["bash"], input=script, env=environment, capture_output=True, text=True, check=False)

    return tmp_path, run


def test_the_program_that_the_settings_name_is_run_with_document_node_and_parameter(world: tuple[Path, Run]) -> None:
    folder, run = world
    assert run().returncode == 0
    document = folder / "run" / "muster.json"
    ran = document.with_name("muster.json.ran").read_text()
    assert ran == f"bootstrap {document} a /muster/as400/settings"
    assert document.stat().st_mode & 0o777 == 0o600
    assert "eu-west-1 ssm get-parameter --name /muster/as400/settings" in (folder / "calls").read_text()


def test_it_can_be_run_again(world: tuple[Path, Run]) -> None:
    assert [world[1]().returncode for _ in range(2)] == [0, 0]


def test_a_wrong_asset_is_reported_with_both_hashes_and_not_run(world: tuple[Path, Run]) -> None:
    folder, run = world
    wanted = hashlib.sha256((folder / "asset.zip").read_bytes()).hexdigest()
    (folder / "asset.zip").write_bytes(b"other")
    assert run().returncode == 1
    report = json.loads((folder / "report").read_text())
    assert (report["Status"], report["UniqueId"]) == ("FAILURE", "a")
    assert wanted in report["Reason"]
    assert hashlib.sha256(b"other").hexdigest() in report["Reason"]
    assert (folder / "reported-to").read_text().strip() == DOCUMENT["wait_url"]
    assert not (folder / "run" / "muster.json.ran").exists()


def test_a_denied_asset_names_the_statement_that_is_needed(world: tuple[Path, Run]) -> None:
    folder, run = world
    (folder / "denied").touch()
    assert run().returncode == 1
    reason = json.loads((folder / "report").read_text())["Reason"]
    assert reason.startswith(
        "node a: needs s3:GetObject on arn:aws:s3:::assets/k.zip: An error occurred (AccessDenied)"
    )
    assert (folder / "calls").read_text().count("s3api") == 8


def test_a_denial_that_passes_within_seconds_is_no_failure(world: tuple[Path, Run]) -> None:
    """A role's policy is eventually consistent."""
    folder, run = world
    (folder / "denied").touch()
    allowed_by_then = f'#!/bin/bash\n[[ $(grep -c s3api "{folder}/calls") -lt 5 ]] || rm -f "{folder}/denied"\n'
    (folder / "bin" / "sleep").write_text(allowed_by_then)
    assert run().returncode == 0
    assert (folder / "calls").read_text().count("s3api") == 6


def test_an_object_that_is_absent_is_not_tried_again(world: tuple[Path, Run]) -> None:
    folder, run = world
    tool = folder / "bin" / "aws"
    tool.write_text(tool.read_text().replace("(AccessDenied)", "(NoSuchKey)"))
    (folder / "denied").touch()
    assert run().returncode == 1
    assert (folder / "calls").read_text().count("s3api") == 1


def test_the_user_data_is_small() -> None:
    assert len(SCRIPT.read_bytes()) < 2048


def test_before_the_settings_are_known_the_cause_goes_to_the_console(world: tuple[Path, Run]) -> None:
    folder, run = world
    (folder / "bin" / "aws").write_text("#!/bin/bash\necho 'An error occurred (AccessDenied)' >&2\nexit 254\n")
    done = run()
    assert done.returncode == 1
    assert "node a: needs ssm:GetParameter on /muster/as400/settings: An error occurred (AccessDenied)" in done.stderr
    assert not (folder / "report").exists()


def test_what_passes_by_itself_is_tried_again(world: tuple[Path, Run]) -> None:
    folder, run = world
    good = (folder / "bin" / "aws").read_text()
    flaky = good.replace(
        "case", f'[[ -e {folder}/once ]] || {{ touch {folder}/once; echo "no route" >&2; exit 1; }}\ncase', 1
    )
    (folder / "bin" / "aws").write_text(flaky)
    assert run().returncode == 0


def test_the_user_data_is_sound_to_shellcheck() -> None:
    subprocess.run(["shellcheck", str(SCRIPT)], check=True)
