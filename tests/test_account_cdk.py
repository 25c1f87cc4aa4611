"""The real CDK CLI against the emulated account: what a user types, and what they read."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.account import Account
from tests.account_help import Stacks, parameter, running_account, send, template, waiting

CDK = Path(__file__).parents[1] / "node_modules/.bin/cdk"


class Cli:
    """The CLI with an application that is nothing but a template."""

    def __init__(self, account: Account, folder: Path) -> None:
        self._account = account
        self._folder = folder

    def app(self, wanted: dict[str, Any]) -> None:
        """Write a cloud assembly of one stack."""
        properties = {"templateFile": "s.template.json"}
        environment = f"aws://{self._account.account_id}/{self._account.region}"
        stack = {"type": "aws:cloudformation:stack", "environment": environment, "properties": properties}
        manifest = {"version": "36.0.0", "artifacts": {"s": stack}}
        (self._folder / "manifest.json").write_text(json.dumps(manifest))
        (self._folder / "s.template.json").write_text(json.dumps(wanted))

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run the CLI and return its exit status and everything that it wrote."""
        command = [str(CDK), *arguments, "--no-notices", "--no-color"]
        if arguments[0] != "bootstrap":
            command += ["--app", str(self._folder)]
        environment = {**os.environ, **self._account.environment(), "HOME": str(self._folder)}
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"  # where Node is
        done = subprocess.run(
            command, env=environment, cwd=self._folder, capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account(bootstrapped=True) as account:
        yield account


@pytest.fixture
def cli(account: Account, tmp_path: Path) -> Cli:
    return Cli(account, tmp_path)


def soon(action: Callable[[], Any]) -> threading.Thread:
    """Do something while the CLI runs."""
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def test_the_cli_finds_the_account_bootstrapped(account: Account, cli: Cli) -> None:
    status, text = cli.run("bootstrap", f"aws://{account.account_id}/{account.region}")
    assert status == 0, text
    assert "bootstrapped (no changes)" in text


def test_deploy_diff_and_destroy_say_and_do_what_they_do_on_aws(account: Account, cli: Cli) -> None:
    stacks = Stacks(account)
    cli.app(template(**waiting(count=1, suffix="1"), Other=parameter("one", Name="/other")))
    signal = soon(lambda: send(account, stacks.wait_url(), Data="members=2"))
    status, text = cli.run("deploy", "--require-approval", "never")
    signal.join()
    assert status == 0, text

    status, text = cli.run("diff")
    assert "There were no differences" in text, text

    first = stacks.wait_url()
    cli.app(template(**waiting(count=1, suffix="2"), Other=parameter("two", Name="/other")))
    status, text = cli.run("diff")
    assert "[~] AWS::SSM::Parameter Other" in text, text
    assert "[+] AWS::CloudFormation::WaitCondition Wait2" in text, text

    def fail() -> None:
        url = stacks.wait_url(after=first)
        send(account, url, Status="FAILURE", UniqueId="b", Reason="node b: the artifact's hash differs")

    signal = soon(fail)
    status, text = cli.run("deploy", "--require-approval", "never")
    signal.join()
    assert status == 1, text
    assert "WaitCondition received failed message: 'node b: the artifact's hash differs' for uniqueId: b" in text
    assert stacks.describe("s")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert account.client("ssm").get_parameter(Name="/other")["Parameter"]["Value"] == "one"

    status, text = cli.run("destroy", "--force")
    assert status == 0, text
    assert account.remains() == []
