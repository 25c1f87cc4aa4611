"""`muster rehearse`: what a person gets to see of a rehearsal, and its exit code."""

import shlex
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from muster.spec import Cluster, SpecError, load
from operations import ROOT
from operations.errors import Failure, unexpected
from rehearsal import drive, exclusive, leftovers, machine
from rehearsal.cdk_cli import own_path
from rehearsal.checks import CheckResult, Verdict
from rehearsal.doubles import BuildError
from rehearsal.progress import Progress
from rehearsal.rehearse import Outcome, rehearse
from rehearsal.report import Report

ASKED: Final = {
    "as400gateway": ("/actuator/health", "/api/session"),
    "wso2-as": ("/api/session",),
    "wso2-carbon": ("/services", "/api/session"),
    "axonivy": ("/api/session",),
}
"""What the products and their doubles answer, by product."""


def rehearse_command(file: Path | None, *, keep: bool, down: bool, report: Path | None, faults: bool = False) -> int:
    """Rehearse, or end a kept rehearsal. Return 0 only for a valid verdict; raise `Failure` where there is none."""
    if down:
        return _down()
    if file is None:
        raise Failure("which cluster? ./muster rehearse FILE, for example clusters/as400gateway.yaml", code=2)
    if report and not report.resolve().parent.is_dir():
        raise Failure(f"--report {report}: there is no folder {report.resolve().parent}", code=2)
    cluster = load_cluster(file)
    if faults:
        refuse_faults(file, cluster)
    begin_alone()
    if report:
        report.unlink(missing_ok=True)  # an earlier verdict is none of this run
    progress = Progress()
    progress.say(f"rehearsing {cluster.name} ({cluster.product}) from {file}")
    try:
        outcome = rehearse(file, cluster, keep=keep, progress=progress)
        if faults:
            outcome = _under_faults(outcome, cluster, progress)
        return _finish(outcome, file, cluster, keep=keep, report=report, progress=progress)
    except KeyboardInterrupt:
        progress.say("interrupted: everything of this rehearsal is removed")
        return 130
    except Exception as failure:
        _report_failure(failure, report, progress)
        raise Failure(_sentence(failure)) from failure


def refuse_faults(file: Path, cluster: Cluster) -> None:
    """Raise `Failure` (2) for a product that the drawn faults are not for: they are judged by an H2 pair's writes."""
    if not cluster.about.pair:
        text = "faults under load are for an H2 pair; this product's own are scenarios of ./muster test --full"
        raise Failure(f"{file}: the product {cluster.product} has none: {text}", code=2)


def begin_alone() -> None:
    """Let a signal end this process as Ctrl-C does, prepare the machine, and refuse to be the second rehearsal."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    _prepare_machine()
    if (process := exclusive.holder()) is not None:
        raise Failure(f"a rehearsal runs already (process {process}); end it with ./muster rehearse --down")


def _under_faults(outcome: Outcome, cluster: Cluster, progress: Progress) -> Outcome:
    """Run the short faults too; whatever goes wrong, the service ends first (a kept one was released already)."""
    from rehearsal.faults.rehearsed import under_faults

    try:
        return under_faults(outcome, cluster, progress)
    except BaseException:
        outcome.rehearsal.stop()
        raise


def _sentence(failure: Exception) -> str:
    """Return one line for whatever went wrong; what nobody expected is kept whole in a file."""
    if isinstance(failure, drive.DeployFailed | drive.ServiceError | BuildError | TimeoutError):
        return f"the rehearsal failed: {failure}"
    return f"the rehearsal failed: {unexpected(failure)}"


def _report_failure(failure: Exception, report: Path | None, progress: Progress) -> None:
    if report:
        verdict: Verdict = "invalid" if isinstance(failure, drive.DeployFailed) else "unknown"
        check = CheckResult("the cluster forms", verdict, str(failure))
        Report(phases=dict(progress.phases), members=[], checks=(check,), url="").write(report)


def _finish(
    outcome: Outcome, file: Path, cluster: Cluster, *, keep: bool, report: Path | None, progress: Progress
) -> int:
    if report:
        outcome.report.write(report)
    if not keep:
        with progress.phase("removal", "everything removed"):
            outcome.rehearsal.stop()
    _tell(outcome, cluster, progress)
    if keep:
        _tell_kept(outcome, file, cluster, progress)
    return 0 if outcome.report.verdict == "valid" else 1


def _tell(outcome: Outcome, cluster: Cluster, progress: Progress) -> None:
    progress.plain()
    for check in outcome.report.checks:
        progress.verdict(check.verdict, f"{check.name}: {check.detail}")
    progress.plain()
    progress.plain(f"  hosts ran Debian 12; an AWS deploy of this file runs {cluster.instance.os}")
    if cluster.balancer.waf:
        progress.plain("  the web application firewall was deployed and judged nothing: its rules are AWS's own")
    progress.plain(f"  URL      {outcome.report.url}")
    for member in outcome.report.members:
        progress.plain(f"  member   {member['name']}  {member['address']}  {member['zone']}  {member['instance']}")
    progress.plain(f"  record   {outcome.record}")
    progress.plain(f"  verdict  {outcome.report.verdict}")


def _tell_kept(outcome: Outcome, file: Path, cluster: Cluster, progress: Progress) -> None:
    there = outcome.rehearsal.inventory()
    visitor = there.visitors[0].namespace if there.visitors else "?"
    balancer = there.balancers[0].address if there.balancers else "?"
    progress.plain("\nThe cluster runs on. From a machine in its VPC that is no member:")
    for request in requests(cluster, outcome.report.url, balancer):
        progress.plain(f"  ip netns exec {visitor} curl {request}")
    progress.plain("\nIn this shell `cdk deploy`, `cdk diff` and `cdk destroy` now mean the emulated account, after:")
    for name, value in sorted(_kept_environment(outcome).items()):
        progress.plain(f"  export {name}={shlex.quote(value)}")
    default = ROOT / "clusters" / "as400gateway.yaml"
    if file.resolve() != default:
        progress.plain(f"  (each with: -c cluster={file.resolve()})")
    progress.plain("\nEnd it with: ./muster rehearse --down")


def requests(cluster: Cluster, url: str, balancer: str) -> list[str]:
    """Return what `curl` can ask of the rehearsed cluster at `url`, as its arguments.

    `balancer` is its address: no host name of a cluster file leads there.
    """
    told = cluster.about.settings(cluster)
    if cluster.about.hosts(cluster):
        return [f"-sk --connect-to ::{balancer}: {url}{path}" for path in ASKED[cluster.product]]
    if cluster.product != "kaazing":
        return [f"-s {url}{path}" for path in ASKED.get(cluster.product, ("/",))]
    # gateways answer to their public name alone; the key is the example of RFC 6455, 1.3
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    headers = (f"Host: {told['host']}", *upgrade, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    return [f"-si --max-time 2 {' '.join(f'-H {shlex.quote(each)}' for each in headers)} {url}{told.get('path', '/')}"]


def _kept_environment(outcome: Outcome) -> dict[str, str]:
    return {**outcome.rehearsal.environment(), "PATH": own_path(), "PYTHONPATH": str(ROOT)}


def load_cluster(file: Path) -> Cluster:
    """Return the cluster of a file that can be rehearsed; raise `Failure` where there is none."""
    try:
        cluster = load(file)
    except SpecError as error:
        print(error, file=sys.stderr)
        raise Failure(f"{file} is refused: {len(error.faults)} fault(s), listed above", code=2) from error
    if cluster.region.startswith("cn-"):
        raise Failure(f"{file}: a rehearsal knows the endpoints outside China only, not {cluster.region}'s", code=2)
    return cluster


def _prepare_machine() -> None:
    if reason := machine.unfit():
        raise Failure(f"cannot rehearse here: {reason}; check, cdk synth, cdk diff and the unit tests work without")
    install_missing()


def install_missing() -> None:
    """Install what a rehearsal needs on this machine, naming it first. Raises `Failure`."""
    try:
        if packages := machine.missing():
            machine.install(packages, print)
    except machine.InstallError as error:
        raise Failure(str(error)) from error


def _down() -> int:
    if reason := machine.unfit():
        raise Failure(f"nothing to end here: {reason}")
    kept = drive.running()
    if kept is not None:
        print(f"ending the rehearsal of process {kept.state.pid} ...")
        try:
            kept.stop()
        except TimeoutError:
            raise Failure(f"process {kept.state.pid} does not end; kill it, then try this again") from None
    found = leftovers.find_leftovers()
    leftovers.remove_leftovers()
    if remaining := leftovers.find_leftovers():
        raise Failure(f"not everything could be removed: {', '.join(remaining)}")
    if exclusive.holder() is None:
        exclusive.LOCK.unlink(missing_ok=True)  # a killed service could not
    if kept is None and not found:
        print("no rehearsal runs, and none left anything")
        return 0
    print("everything of it is removed" if not found else f"removed {len(found)} leftover(s) of it")
    return 0


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
