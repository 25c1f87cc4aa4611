"""Drives a rehearsal from another process: starts its service, runs the real CDK command line against it, ends it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import exclusive
from rehearsal.cdk_cli import CDK, QUIET, ROOT, own_path
from rehearsal.hosts.cgroups import ControlGroups
from rehearsal.inventory import Inventory, ServiceState, read_inventory, read_state
from rehearsal.last_words import last_line
from rehearsal.places import RUN, cache
from rehearsal.poll import poll

STAY = b"stay"
"""Said to the service on its standard input: do not end with me."""

ACCOUNT = "123456789012"
"""The emulated account's id, unless a cluster file names another."""

Listener = Callable[[str], None]

_WATCH = 0.5
"""Seconds between two looks at a process that is needed."""


class ServiceError(Exception):
    """The rehearsal's service did not start, or ended on its own; the text says why."""


class DeployFailed(Exception):  # noqa: N818 - what happened, in the tool's own words
    """The stack could not be synthesized or deployed; the text is the cause as CloudFormation's events give it."""


_LAST = 40
"""Lines."""


@dataclass(frozen=True)
class CdkRun:
    """One run of the CDK command line: exit code and everything it printed."""

    code: int
    output: str

    @property
    def failure(self) -> str:
        """What to read of a run that failed: the lines that tell of a failure, and its last words."""
        lines = self.output.splitlines()
        return "\n".join([*(line for line in lines if "FAILED" in line), "...", *lines[-_LAST:]])


@dataclass
class Rehearsal:
    """A running service. `process` is None when this process did not start it (a kept rehearsal)."""

    state: ServiceState
    process: subprocess.Popen[bytes] | None = None
    artifacts: Path | None = None

    def environment(self) -> dict[str, str]:
        """Return the variables that point the CDK command line (and boto3) at the emulated account."""
        artifacts = {"MUSTER_ARTIFACTS": str(self.artifacts)} if self.artifacts else {}
        return {**self.state.environment, **artifacts, "CDK_HOME": str(RUN / "cdk-home")}

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulated account, as its administrator."""
        import boto3

        given = self.state.environment
        return boto3.client(
            service,
            region_name=self.state.region,
            endpoint_url=self.state.url,
            aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        )

    def inventory(self) -> Inventory:
        """Return the hosts, balancers and visitors that are there now."""
        return read_inventory()

    def cdk(self, *arguments: str, listen: Listener | None = None, cwd: Path = ROOT) -> CdkRun:
        """Run the CDK command line in the checkout against this account; `listen` gets each line as it comes.

        It runs in control groups of the rehearsal's, so that it is found if this process is killed.
        """
        groups = ControlGroups(f"cdk-{os.getpid()}-{time.monotonic_ns()}")
        groups.make()
        try:
            return run_cdk(
                arguments, self.environment(), listen=listen, cwd=cwd, needs=self.state.pid, become=groups.command
            )
        finally:
            groups.remove()

    def stop(self, within: float = 60.0) -> None:
        """End the service, which removes all that it made. Raises `TimeoutError` if it does not end."""
        pid = self.state.pid
        if self.process is None:
            _signal(pid, signal.SIGTERM)
            poll(lambda: not _alive(pid), within=within)
            return
        end(self.process, within)


def run_cdk(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    listen: Listener | None = None,
    cwd: Path = ROOT,
    needs: int = 0,
    become: Callable[[Sequence[str]], list[str]] = list,
) -> CdkRun:
    """Run the pinned CDK command line; on any interruption it is ended before this returns.

    It is ended too when the process `needs` (of the service) ends: by itself it would retry for minutes. `become`
    turns the command into another one that ends as it.
    """
    child = subprocess.Popen(
        become([str(CDK), *arguments]),
        cwd=cwd,
        env={**os.environ, "PATH": own_path(), "NO_COLOR": "1", **QUIET, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    lines: list[str] = []
    if needs:
        threading.Thread(target=_end_without, args=(child, needs), daemon=True).start()
    try:
        assert child.stdout is not None
        for line in child.stdout:
            lines.append(line)
            if listen:
                listen(line.rstrip())
        return CdkRun(child.wait(), "".join(lines))
    finally:
        _end_group(child)


def start_service(region: str, account: str | None = None) -> subprocess.Popen[bytes]:
    """Start the service in the background and return at once.

    It ends by itself when this process does, however that ends (its standard input reaches the end), unless `release`
    was called before.
    """
    words = _words()
    words.parent.mkdir(parents=True, exist_ok=True)
    with words.open("wb") as sink:
        return subprocess.Popen(
            [sys.executable, "-m", "rehearsal.service", "--region", region, "--account", account or ACCOUNT],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=sink,
            start_new_session=True,
        )


def release(process: subprocess.Popen[bytes]) -> None:
    """Let the service outlive this process."""
    assert process.stdin is not None
    process.stdin.write(STAY)
    process.stdin.close()


def wait_for_service(process: subprocess.Popen[bytes], *, within: float, tell: Listener | None = None) -> Rehearsal:
    """Return the rehearsal once its service is ready. Raises `ServiceError` if it ends before, `TimeoutError`."""

    def ready() -> ServiceState | None:
        if process.poll() is not None:
            raise ServiceError(_last_words(process))
        state = read_state()
        if state is None or state.pid != process.pid:
            return None
        if tell:
            tell(state.detail or state.phase)
        return state if state.phase == "ready" else None

    state = poll(ready, within=within)
    assert state is not None
    return Rehearsal(state, process)


def end(process: subprocess.Popen[bytes], within: float = 60.0) -> None:
    """End a service that this process started; it removes all that it made. Raises `TimeoutError` if it does not."""
    process.terminate()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired as late:
        raise TimeoutError(f"the service (pid {process.pid}) did not end within {within:g} s") from late


def running() -> Rehearsal | None:
    """Return the rehearsal that runs on this machine now, if there is one.

    The state file of a killed service may name a process that is somebody else's by now; the lock does not.
    """
    state = read_state()
    if state is None or exclusive.holder() != state.pid:
        return None
    return Rehearsal(state)


def _words() -> Path:
    """Where the service's standard error goes: it outlives the run folder, and nobody has to read it meanwhile."""
    return cache() / "service-stderr.log"


def _last_words(process: subprocess.Popen[bytes]) -> str:
    said = last_line(_words().read_text(errors="replace"))
    return said or f"the rehearsal's service ended with code {process.returncode}"


def _end_group(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        _signal(-child.pid, signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            _signal(-child.pid, signal.SIGKILL)
            child.wait()


def _end_without(child: subprocess.Popen[str], needed: int) -> None:
    while child.poll() is None:
        if not _alive(needed):
            _end_group(child)
            return
        time.sleep(_WATCH)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and was not waited for does not (proc(5), state Z)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
