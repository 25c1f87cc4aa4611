"""The shell of GitHub's workflows, run with programs that stand where others are."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from operations.review.markdown import MARKER
from tests.workflow_support import GITHUB, Runner, steps, workflow

needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed here; GitHub's runners have it")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_review_s_text_goes_to_summary_and_output_and_its_code_is_the_job_s(code: int, runner: Runner) -> None:
    page = "<!-- muster diff -->\nEOF\ncomment<<x\n$(touch injected)"
    runner.program("muster", f"cat >\"$5\" <<'PAGE'\n{page}\nPAGE\nexit {code}", here=True)
    done = runner.run(GITHUB / "review", "--against", "base 1")
    assert done.returncode == code, done.stderr
    assert (
        runner.calls.read_text() == f"muster diff --against base 1 --markdown {runner.folder}/review.md --limit 32000\n"
    )
    assert runner.summary.read_text() == f"{page}\n"
    first, *lines, last = runner.output.read_text().splitlines()
    assert first == f"comment<<{last}"
    assert "\n".join(lines).rstrip() == page
    assert re.fullmatch("end-[0-9a-f]{32}", last)
    assert not (runner.folder / "injected").exists()


def test_a_review_that_ends_without_a_text_says_so(runner: Runner) -> None:
    runner.program("muster", "exit 2", here=True)
    assert runner.run(GITHUB / "review", "--deployed").returncode == 2
    assert "The comparison failed" in runner.summary.read_text()


def comment_step() -> dict[str, Any]:
    (found,) = [step for job, step in steps("diff") if job == "comment"]
    return found


def comment(runner: Runner, known: str, **variables: str) -> dict[str, Any]:
    """Run the step that writes the comment; `known` is what GitHub finds. Return what was sent."""
    runner.program("gh", f'if [ "$2" = --paginate ]; then printf "{known}"; fi')
    given = {"REPOSITORY": "acme/cluster", "NUMBER": "5", "COMMIT": "abc", "OFFLINE": "", "ACCOUNT": "", **variables}
    done = runner.run("bash", "-eo", "pipefail", "-c", comment_step()["run"], **given)
    assert done.returncode == 0, done.stderr
    sent: dict[str, Any] = json.loads((runner.folder / "comment.json").read_text())
    return sent


@needs_jq
def test_the_first_comment_is_made(runner: Runner) -> None:
    sent = comment(runner, "", OFFLINE="<!-- muster diff -->\n$(touch injected) `id` \"'", ACCOUNT="and there")
    assert sent == {"body": "<!-- muster diff -->\n$(touch injected) `id` \"'\n\nand there\n\nOf commit abc."}
    assert "gh api --method POST repos/acme/cluster/issues/5/comments " in runner.calls.read_text()
    assert not (runner.folder / "injected").exists()


@needs_jq
def test_a_later_comment_takes_the_place_of_the_first(runner: Runner) -> None:
    sent = comment(runner, "11\\n12\\n", OFFLINE="<!-- muster diff -->\nx")
    assert sent["body"] == "<!-- muster diff -->\nx\n\nOf commit abc."
    calls = runner.calls.read_text()
    assert "gh api --method PATCH repos/acme/cluster/issues/comments/12 " in calls
    assert "POST" not in calls


@needs_jq
def test_a_comparison_that_failed_is_told_in_the_comment_too(runner: Runner) -> None:
    assert comment(runner, "")["body"].startswith("<!-- muster diff -->\nThe comparison failed")


def test_the_comment_of_before_is_found_by_the_marker_that_muster_writes() -> None:
    assert f"marker='{MARKER}'" in comment_step()["run"]
    assert 'startswith(\\"$marker\\")' in comment_step()["run"]
    assert 'user.login == \\"github-actions[bot]\\"' in comment_step()["run"]


AWS = """
case "$1 $2" in
"sts assume-role-with-web-identity")
  [ "$3 $4 $7" = "--role-arn first --web-identity-token" ] && [ -z "$AWS_SESSION_TOKEN" ] || exit 1
  [ "$(cat "${8#file://}"; echo .)" = "the-token." ] || exit 1
  echo '{"AccessKeyId": "AKIA1", "SecretAccessKey": "secret-1", "SessionToken": "session-1"}' ;;
"sts assume-role")
  [ "$AWS_SESSION_TOKEN" = session-1 ] || exit 1
  echo '{"AccessKeyId": "AKIA2", "SecretAccessKey": "secret-2", "SessionToken": "session-2"}' ;;
esac
"""
CURL = """
grep -q 'header = "Authorization: bearer request-token"' || exit 22
echo '{"value": "the-token"}'
"""


@needs_jq
@pytest.mark.parametrize(("second", "number"), [((), 1), (("second",), 2), (("",), 1)])
def test_the_job_s_identity_is_exchanged_for_credentials(second: tuple[str, ...], number: int, runner: Runner) -> None:
    runner.program("aws", AWS)
    runner.program("curl", CURL)
    token = {
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.example/?a=b",
    }
    done = runner.run(GITHUB / "aws-session", "first", *second, **token, AWS_SESSION_TOKEN="of an earlier step")
    assert done.returncode == 0, done.stderr
    assert runner.env.read_text().splitlines() == [
        f"AWS_ACCESS_KEY_ID=AKIA{number}",
        f"AWS_SECRET_ACCESS_KEY=secret-{number}",
        f"AWS_SESSION_TOKEN=session-{number}",
    ]
    assert f"::add-mask::secret-{number}\n::add-mask::session-{number}\n" in done.stdout
    assert "https://x.example/?a=b&audience=sts.amazonaws.com" in runner.calls.read_text()
    assert "--duration-seconds 3600 " in runner.calls.read_text()
    assert not re.search(
        "request-token|the-token|secret-|session-", runner.calls.read_text().replace("session-name", "")
    )
    assert {each.name for each in runner.folder.iterdir()} == {"bin", "calls", "env"}


@needs_jq
def test_a_role_that_is_not_given_leaves_no_credentials(runner: Runner) -> None:
    runner.program("aws", "echo denied >&2; exit 254")
    runner.program("curl", CURL)
    token = {
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.example/?a=b",
    }
    assert runner.run(GITHUB / "aws-session", "first", **token).returncode != 0
    assert not runner.env.exists()
    assert not (runner.folder / "identity-token").exists()


@needs_jq
def test_credentials_last_as_long_as_the_job_may(runner: Runner) -> None:
    runner.program("aws", AWS)
    runner.program("curl", CURL)
    token = {
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.example/?a=b",
    }
    done = runner.run(GITHUB / "aws-session", "first", **token, SESSION_MINUTES="240")
    assert done.returncode == 0, done.stderr
    assert "--duration-seconds 14400 " in runner.calls.read_text()


@pytest.mark.parametrize("minutes", ["14", "721", "0", "60.5", "x", "a[$(touch injected)]"])
def test_minutes_that_aws_does_not_take_are_refused_before_anything_is_asked(minutes: str, runner: Runner) -> None:
    done = runner.run(GITHUB / "aws-session", "first", SESSION_MINUTES=minutes)
    assert (done.returncode, done.stdout) == (2, "")
    assert "want 15 to 720" in done.stderr
    assert {each.name for each in runner.folder.iterdir()} == {"bin", "calls"}


def test_without_a_role_that_looks_a_destroy_ends_with_a_notice(runner: Runner) -> None:
    looking = [step for job, step in steps("destroy") if job == "destroy"][-3:]
    conditions = [step["if"].removeprefix("${{ vars.MUSTER_LOOKUP_ROLE ").removesuffix(" }}") for step in looking]
    assert conditions == ["!= ''", "!= ''", "== ''"]
    done = runner.run("bash", "-eo", "pipefail", "-c", looking[-1]["run"], CLUSTER="clusters/x.yaml")
    assert done.returncode == 0
    assert done.stdout.startswith("::notice::What is left was not listed")
    assert "./muster leftovers clusters/x.yaml" in done.stdout


DESTROY_CHECK = "Is it the cluster that is meant?"


@pytest.mark.parametrize(("typed", "code"), [("as400", 0), ("as40", 1), ("", 1), ("as400; touch injected", 1)])
def test_only_the_cluster_whose_name_was_typed_is_destroyed(typed: str, code: int, runner: Runner) -> None:
    (step,) = [step for _, step in steps("destroy") if step.get("name") == DESTROY_CHECK]
    runner.program("muster", "echo a warning >&2; echo muster-as400", here=True)
    done = runner.run("bash", "-eo", "pipefail", "-c", step["run"], CLUSTER="x.yaml", NAME=typed)
    assert done.returncode == code
    assert not (runner.folder / "injected").exists()
    assert workflow("destroy")["jobs"]["destroy"]["needs"] == "check"
