"""One rehearsal from cluster file to verdict: double, service, `cdk deploy`, checks, report."""

import contextlib
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from muster.spec import ArtifactInS3, Cluster
from rehearsal import doubles, drive, existing
from rehearsal.cdk_cli import NO_CREDENTIALS
from rehearsal.checks import run_all
from rehearsal.deployment import Deployment
from rehearsal.drive import Rehearsal
from rehearsal.hosts.prepare import JAVA
from rehearsal.last_words import last_line
from rehearsal.places import ENDED, RUN, WORK, cache
from rehearsal.progress import Progress
from rehearsal.report import Report

SERVICE_SECONDS = 600.0
"""Time for the service to be ready; a first image takes some minutes."""

RUNS_KEPT = 10


@dataclass(frozen=True)
class Outcome:
    """How a rehearsal ended: its report, the record's folder, and the running rehearsal."""

    report: Report
    record: Path
    rehearsal: Rehearsal


def rehearse(file: Path, cluster: Cluster, *, keep: bool, progress: Progress) -> Outcome:
    """Deploy the cluster of `file` to the emulated account on this machine and judge it.

    With `keep` the service outlives this process. On any exception the service is ended before it is raised on:
    `drive.ServiceError`, `DeployFailed` (with the cause), `TimeoutError`.
    """
    record = new_record()
    service = drive.start_service(cluster.region, cluster.account)
    try:
        artifacts = find_artifacts(cluster, progress)
        for line in stand_ins(cluster):
            progress.say(line)
        assembly = synthesize(file, artifacts, record, progress)
        with progress.phase("service", "account and hypervisor ready"):
            rehearsal = drive.wait_for_service(
                service, within=SERVICE_SECONDS, tell=lambda text: progress.detail("service", text)
            )
        rehearsal.artifacts = artifacts
        existing.provide(rehearsal, cluster)
        report = deploy_and_check(rehearsal, cluster, assembly, record, progress)
    except BaseException as error:
        try:
            keep_logs(record)
        finally:
            ended = service.poll() is not None
            drive.end(service)
        if ended and isinstance(error, Exception) and not isinstance(error, drive.ServiceError):
            why = "the rehearsal's service has ended; remove what it left with ./muster rehearse --down"
            raise drive.ServiceError(f"{why} (logs: {record})") from error
        raise
    report.write(record / "report.json")
    if report.verdict != "valid":
        keep_logs(record)
    if keep:
        drive.release(service)
    return Outcome(report, record, rehearsal)


def find_artifacts(cluster: Cluster, progress: Progress) -> Path | None:
    """Return the folder of doubles when files that the cluster file names are not there, else None.

    A double is a program that stands where a product cannot be had; it is announced, and so is a licence that is none.
    """
    artifact, folder = cluster.artifact, None
    if not isinstance(artifact, ArtifactInS3) and not (cluster.folder / artifact.file).is_file():
        with progress.phase("double", f"what stands in for {cluster.product} built"):
            file = doubles.stand_in(cluster, lambda text: progress.detail("double", text))
        progress.say(f"{artifact.file} is not there: {doubles.told(cluster)}", f" ({file})")
        folder = file.parent
    elif licence := doubles.stand_in_licence(cluster):
        folder = licence.parent
    if folder and (missing := doubles.missing_licence(cluster)):
        what = f"{missing} is not there: a file that is no licence stands in for it"
        progress.say(what, f" ({folder / Path(missing).name})")
    return folder


def stand_ins(cluster: Cluster) -> tuple[str, ...]:
    """Return a line for each thing of the cluster file for which something else stands in on the hosts here."""
    java = cluster.instance.java
    older = () if java == JAVA else (f"Java {java} is not to be had here: Java {JAVA} stands in",)
    if cluster.about.shared_files(cluster) is None:
        return older
    return (*older, "amazon-efs-utils are not to be had here: a folder of this machine stands in, without NFS and TLS")


def synthesize(file: Path, artifacts: Path | None, record: Path, progress: Progress) -> Path:
    """Synthesize the stack while the service starts; return the cloud assembly's folder."""
    assembly = record / "assembly"
    environment = {**NO_CREDENTIALS, **({"MUSTER_ARTIFACTS": str(artifacts)} if artifacts else {})}
    with progress.phase("synth", "stack synthesized"):
        run = drive.run_cdk(
            ["synth", "--quiet", "--output", str(assembly), "-c", f"cluster={file.resolve()}"], environment
        )
    (record / "synth.log").write_text(run.output)
    if run.code:
        raise drive.DeployFailed(f"the stack cannot be synthesized: {last_line(run.output) or 'no output'}")
    return assembly


def deploy_and_check(
    rehearsal: Rehearsal, cluster: Cluster, assembly: Path, record: Path, progress: Progress
) -> Report:
    """Deploy the assembly, then run every check of the product against what runs."""
    deployment = Deployment(rehearsal, cluster, record)
    with progress.phase("deploy", "cdk deploy: the cluster has formed"):
        deployment.deploy(assembly, tell=lambda text: progress.detail("deploy", text))
    with progress.phase("healthy", "every member is healthy at the balancer"):
        deployment.wait_until_healthy()
    with progress.phase("checks", "checks"):
        checks = run_all(
            rehearsal, cluster, history=record / "history.jsonl", tell=lambda text: progress.detail("checks", text)
        )
    return Report(
        phases=dict(progress.phases),
        members=deployment.members(),
        checks=tuple(checks),
        url=deployment.url(),
        stand_ins=stand_ins(cluster),
    )


def new_record() -> Path:
    """Make the folder that keeps this run's logs, history and verdict; the oldest ones go."""
    runs = cache() / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    for old in sorted(runs.iterdir())[: 1 - RUNS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    record = runs / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{time.monotonic_ns() % 1000:03d}"
    record.mkdir()
    return record


def keep_logs(record: Path) -> None:
    """Copy what tells why a run went wrong, before its places are removed; what goes meanwhile is no fault."""
    logs = {"service.log": RUN / "service.log"}
    for folder, output in ((WORK / "hosts", "upper/var/log/cloud-init-output.log"), (ENDED, "cloud-init-output.log")):
        for host in folder.glob("i-*"):
            logs |= {f"{host.name}-console.log": host / "console.log", f"{host.name}-user-data.log": host / output}
    for name, log in logs.items():
        with contextlib.suppress(OSError):
            shutil.copyfile(log, record / name)
