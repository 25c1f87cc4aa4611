"""GitHub's workflows: who may do what in them, and what their shell does."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from operations.cli import app
from tests.workflow_support import GITHUB, every_workflow, steps, workflow

WRITTEN = ("audit", "deploy", "destroy", "diff")
SCRIPTS = ("review", "aws-session")
KNOWN_ACTIONS = {"actions/checkout", "actions/setup-python", "actions/cache", "actions/upload-artifact"}


def permissions(name: str) -> dict[str, dict[str, str]]:
    return {job: content["permissions"] for job, content in workflow(name)["jobs"].items()}


@pytest.mark.parametrize("name", every_workflow())
def test_no_workflow_runs_a_stranger_s_code_with_this_repository_s_rights(name: str) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(workflow(name)["on"])


@pytest.mark.parametrize("name", every_workflow())
def test_a_job_has_no_right_that_it_does_not_name(name: str) -> None:
    assert workflow(name)["permissions"] == {}
    assert all(content is not None for content in permissions(name).values())


@pytest.mark.parametrize("name", every_workflow())
def test_only_known_actions_are_used(name: str) -> None:
    assert {step["uses"].partition("@")[0] for _, step in steps(name) if "uses" in step} <= KNOWN_ACTIONS


@pytest.mark.parametrize("name", every_workflow())
def test_an_action_is_pinned_by_its_whole_commit_beside_which_its_tag_is_told(name: str) -> None:
    """A tag can be moved to other code; and who reads the pin wants to know the version."""
    for line in (GITHUB / "workflows" / f"{name}.yml").read_text().splitlines():
        assert "uses:" not in line or re.fullmatch(r"\s+- uses: [\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", line)


def test_one_action_is_everywhere_the_same_commit() -> None:
    used = {step["uses"] for name in every_workflow() for _, step in steps(name) if "uses" in step}
    assert len(used) == len({each.partition("@")[0] for each in used})


def test_known_vulnerabilities_are_asked_for_at_each_push_and_each_week() -> None:
    on = workflow("audit")["on"]
    assert {"push", "pull_request", "schedule"} <= set(on)
    assert [re.fullmatch(r"\d+ \d+ \* \* \d", each["cron"]) is not None for each in on["schedule"]] == [True]
    runs = [step["run"] for _, step in steps("audit") if "run" in step]
    assert runs[0] == "./muster audit"
    assert not any("continue-on-error" in step for _, step in steps("audit"))


def test_the_bill_of_materials_is_kept_whatever_the_audit_finds() -> None:
    written, kept = [step for _, step in steps("audit")][-2:]
    assert written["run"] == f"./muster sbom {kept['with']['path']}"
    assert kept["uses"].startswith("actions/upload-artifact@")
    assert kept["with"]["if-no-files-found"] == "error"
    assert {written["if"], kept["if"]} == {"success() || failure()"}


@pytest.mark.parametrize("name", every_workflow())
def test_no_checkout_leaves_the_token_in_the_repository(name: str) -> None:
    for _, step in steps(name):
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize("name", WRITTEN)
def test_no_expression_is_put_into_shell(name: str) -> None:
    """What an expression gives may be a command; through the environment it is a value."""
    for _, step in steps(name):
        assert "${{" not in step.get("run", ""), step.get("name")


@pytest.mark.parametrize("name", WRITTEN)
def test_no_secret_is_named(name: str) -> None:
    assert "secrets." not in (GITHUB / "workflows" / f"{name}.yml").read_text()


def test_the_review_runs_on_pull_requests_alone_and_each_job_may_do_one_thing() -> None:
    assert set(workflow("diff")["on"]) == {"pull_request"}
    assert permissions("diff") == {
        "diff": {"contents": "read"},
        "account": {"contents": "read", "id-token": "write"},
        "comment": {"pull-requests": "write"},
    }


def test_the_job_that_writes_runs_no_code_of_the_pull_request() -> None:
    mine = [step for job, step in steps("diff") if job == "comment"]
    assert [set(step) for step in mine] == [{"name", "env", "run"}]
    assert not re.search(r"\./|\.github|git ", mine[0]["run"])


def test_no_other_job_of_the_review_has_the_token() -> None:
    for job, step in steps("diff"):
        assert job == "comment" or "github.token" not in json.dumps(step)


@pytest.mark.parametrize("job", ["account", "comment"])
def test_a_fork_gets_neither_credentials_nor_a_comment(job: str) -> None:
    condition = workflow("diff")["jobs"][job]["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in condition
    assert "if" not in workflow("diff")["jobs"]["diff"], "its table is made all the same"


@pytest.mark.parametrize("name", ["deploy", "destroy"])
def test_what_changes_an_account_is_started_by_hand_and_approved(name: str) -> None:
    assert set(workflow(name)["on"]) == {"workflow_dispatch"}
    for job, content in workflow(name)["jobs"].items():
        if "id-token" in content["permissions"]:
            assert content["environment"] == "${{ inputs.environment }}", job
        assert content["permissions"].keys() <= {"contents", "id-token"}
        assert content["permissions"]["contents"] == "read"


def test_two_runs_on_one_cluster_wait_for_each_other() -> None:
    groups = {json.dumps(workflow(name)["concurrency"], sort_keys=True) for name in ("deploy", "destroy")}
    assert len(groups) == 1
    assert '"cancel-in-progress": "false"' in groups.pop()


@pytest.mark.parametrize("name", ["deploy", "destroy"])
def test_a_deployment_may_take_as_long_as_is_asked_for_and_its_credentials_last_as_long(name: str) -> None:
    assert workflow(name)["on"]["workflow_dispatch"]["inputs"]["minutes"]["default"] == "60"
    job = workflow(name)["jobs"][name]
    assert job["timeout-minutes"] == "${{ fromJSON(inputs.minutes) }}"
    assert job["env"]["SESSION_MINUTES"] == "${{ inputs.minutes }}"


@pytest.mark.parametrize("name", ["deploy", "destroy", "diff"])
def test_packages_are_installed_before_there_are_credentials(name: str) -> None:
    jobs: dict[str, list[str]] = {}
    for job, step in steps(name):
        jobs.setdefault(job, []).append(step.get("run", ""))
    with_credentials = [runs for runs in jobs.values() if any("aws-session" in run for run in runs)]
    assert len(with_credentials) == 1
    for runs in with_credentials:
        first = {word: next(at for at, run in enumerate(runs) if word in run) for word in ("./muster", "aws-session")}
        assert first["./muster"] < first["aws-session"]


@pytest.mark.parametrize("name", WRITTEN)
def test_every_command_of_muster_in_a_workflow_exists(name: str) -> None:
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    scripts = [step.get("run", "") for _, step in steps(name)]
    scripts += [(GITHUB / each).read_text() for each in SCRIPTS]
    used = {found for text in scripts for found in re.findall(r"^[^#]*?\./muster ([a-z]+)", text, re.MULTILINE)}
    assert used
    assert used <= known


@pytest.mark.parametrize("name", WRITTEN)
def test_the_shell_of_a_workflow_is_right(name: str, tmp_path: Path) -> None:
    for number, (_, step) in enumerate(steps(name)):
        if "run" in step:
            file = tmp_path / f"{number}.sh"
            file.write_text(f"#!/bin/bash\nset -eo pipefail\n{step['run']}\n")
            done = subprocess.run(["shellcheck", file], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_scripts_are_right_and_can_be_run(name: str) -> None:
    assert os.access(GITHUB / name, os.X_OK)
    done = subprocess.run(["shellcheck", GITHUB / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
