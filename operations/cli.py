"""The commands, thin: each one names its options and calls the module that does the work.

Work modules are imported inside the commands, so that a start costs no more than the command needs.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from operations import with_node_code
from operations.artifacts.cli import app as artifacts
from operations.bench import bench
from operations.errors import Failure, unexpected
from operations.h2.cli import app as h2

app = typer.Typer(
    name="muster",
    help="Clusters of Java middleware on EC2 from one cluster file, rehearsed on this machine first.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

app.add_typer(bench)
app.add_typer(h2, name="h2")
app.add_typer(artifacts, name="artifacts")

ClusterFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A cluster file, such as clusters/as400gateway.yaml.")
]


@app.command()
def check(files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Cluster files.")]) -> None:
    """Check cluster files: every fault with its line; exit code 2 if there is one. Needs neither AWS nor root."""
    from operations.check import check_files

    raise typer.Exit(check_files(files))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def cdk(context: typer.Context) -> None:
    """Run the pinned CDK command line with the arguments given (synth, diff, deploy, destroy, bootstrap ...)."""
    from operations.cdk import run_cdk

    run_cdk(context.args)


@app.command()
def rehearse(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="The cluster file to rehearse.")] = None,
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the cluster running; print the environment for `cdk`.")
    ] = False,
    down: Annotated[
        bool, typer.Option("--down", help="End a kept rehearsal and remove whatever a killed one left.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.json", help="Write verdict, phases and checks here.")
    ] = None,
    faults: Annotated[
        bool, typer.Option("--faults", help="Then put the cluster to the test: eight faults under load.")
    ] = False,
) -> None:
    """Deploy a cluster to an AWS account emulated on this machine, on real Linux hosts, and check that it formed.

    Needs root on a Debian-family Linux. Exit code 0 only if every check is valid.
    """
    from operations.rehearse import rehearse_command

    raise typer.Exit(rehearse_command(file, keep=keep, down=down, report=report, faults=faults))


@app.command()
def soak(
    file: ClusterFile,
    *,
    report: Annotated[Path, typer.Option("--report", metavar="DIR", help="Keep verdicts and histories here.")],
    schedules: Annotated[int, typer.Option("--schedules", metavar="N", help="How many schedules in all.")] = 60,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="The seed of the first; each next is one more.")] = 1,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="NAME", help="These faults alone and in turn, not two drawn.")
    ] = None,
) -> None:
    """Put a rehearsed cluster under load and random faults, two at a time; what was judged before is not run again.

    Needs root on a Debian-family Linux. Exit code 0 only if every schedule is valid.
    """
    from operations.soak import soak_command

    raise typer.Exit(soak_command(file, report, schedules=schedules, seed=seed, faults=fault or []))


@app.command()
def test(
    *,
    full: Annotated[bool, typer.Option("--full", help="Every scenario, also the long ones.")] = False,  # noqa: PT028
) -> None:
    """Run the project's checks: lint, types, unit tests, and (as root on Debian) hosts and whole clusters."""
    from operations.checks import run_checks

    raise typer.Exit(run_checks(full=full))


@app.command()
def diff(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Cluster files; without one, all in clusters/.")
    ] = None,
    *,
    against: Annotated[
        str | None, typer.Option("--against", metavar="REF", help="Compare with this commit of the checkout (HEAD).")
    ] = None,
    old: Annotated[
        Path | None, typer.Option("--old", metavar="FILE", help="Compare with another cluster file.")
    ] = None,
    deployed: Annotated[bool, typer.Option("--deployed", help="Compare with what is deployed in the account.")] = False,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE.md", help="Write a pull request's comment here.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="Bytes of that comment.")] = 65_000,
) -> None:
    """Say what a change does to each node: nothing, rolling reconfiguration, restart, REPLACEMENT; then `cdk diff`.

    Exit code 1 if something of it is refused, 2 if a file is wrong. Needs AWS only for --deployed.
    """
    from operations.diff import diff_command

    chosen = files or []
    raise typer.Exit(diff_command(chosen, against=against, old=old, deployed=deployed, markdown=markdown, limit=limit))


@app.command()
def init(
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="What shall run, such as as400gateway.")],
    *,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="The cluster's name.")] = None,
    region: Annotated[str, typer.Option("--region", metavar="REGION", help="The region.")] = "eu-west-1",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Where to write; clusters/NAME.yaml else.")
    ] = None,
) -> None:
    """Write a cluster file to begin with, in which every field is explained. Overwrites nothing."""
    from operations.init import init_command

    init_command(product, name=name, region=region, output=output)


@app.command()
def schema() -> None:
    """Print the JSON Schema of cluster files, which schema/cluster.schema.json holds for editors."""
    from operations.schema import schema_text

    print(schema_text(), end="")


@app.command()
def lock(
    file: ClusterFile,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if the lock file is behind.")
    ] = False,
) -> None:
    """Write the lock file: places, types and images of the nodes, which no edit of other nodes moves. Needs no AWS."""
    from operations.lock import lock_file

    raise typer.Exit(lock_file(file, check=check))


@app.command()
def bump(files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Cluster files.")]) -> None:
    """Read the newest images from AWS and pin them in the lock files. Launched nodes stay as they are."""
    from operations.bump import bump_files

    raise typer.Exit(bump_files(files))


@app.command()
def roll(
    file: ClusterFile,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Bring launched nodes to the file's type and the pinned image, one after the other, each waited for."""
    from operations.roll import roll_file

    raise typer.Exit(roll_file(file, yes=yes, ask=typer.confirm))


@app.command()
def status(file: ClusterFile) -> None:
    """Show what of a cluster is deployed, beside its lock file. Exit code 0 only if all is well."""
    from operations.status import status_file

    raise typer.Exit(status_file(file))


@app.command()
def unprotect(
    file: ClusterFile,
    *,
    node: Annotated[
        str | None, typer.Option("--node", metavar="NAME", help="Lift the protection of this node's instance only.")
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Also lift it in AWS at once, where no deploy can: after a failed first one.")
    ] = False,
) -> None:
    """Set `protection: lifted` in a cluster file, the first step to remove the cluster. Data are still kept."""
    from operations.unprotect import unprotect

    raise typer.Exit(unprotect(file, node=node, now=now))


@app.command()
def guard(file: ClusterFile) -> None:
    """Set a stack policy: CloudFormation itself then refuses to replace what holds data."""
    from operations.guard import guard_file

    raise typer.Exit(guard_file(file))


@app.command()
def simulate(
    *,
    schedules: Annotated[int, typer.Option("--schedules", metavar="N", help="How many schedules in all.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="The seed of the first; each next is one more.")] = 0,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Keep each slice here; go on from there next time.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", metavar="P", help="As many as there are processors unless given.")
    ] = None,
) -> None:
    """Run the rules of the H2 pair against many schedules of faults in virtual time. Exit code 1 on a violation."""
    from operations.simulate import simulate_command

    raise typer.Exit(simulate_command(schedules, seed, report, processes))


@app.command()
def rotate(
    file: ClusterFile,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until all nodes use it, up to 15 min.")] = True,
) -> None:
    """Give the application another database user and password, one node after the other, without an outage."""
    from operations.rotate import rotate_file

    raise typer.Exit(rotate_file(file, yes=yes, wait=wait, ask=typer.confirm))


@app.command(name="rotate-key")
def rotate_key(
    file: ClusterFile,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Give the members another key to find each other by, in two deploys; run it again to end the former one."""
    from operations.rotate_key import rotate_key_file

    raise typer.Exit(rotate_key_file(file, yes=yes, ask=typer.confirm))


@app.command()
def leftovers(file: ClusterFile) -> None:
    """List what a removed cluster has left in the account, each with the command that removes it."""
    from operations.leftovers import leftovers_file

    raise typer.Exit(leftovers_file(file))


@app.command()
def audit() -> None:
    """Ask the advisory databases of OSV and npm about every pinned package. Exit code 0 only if they know nothing."""
    from operations.audit import audit_command

    raise typer.Exit(audit_command())


@app.command()
def sbom(
    output: Annotated[Path | None, typer.Argument(metavar="[FILE.json]", help="Where to write; printed else.")] = None,
    *,
    cluster: Annotated[
        Path | None, typer.Option("--cluster", metavar="FILE", help="Also this cluster file's product, by its hash.")
    ] = None,
) -> None:
    """Write what Muster ships and uses as a bill of materials: CycloneDX 1.6, JSON. Needs no AWS and no network."""
    with_node_code()
    from operations.sbom import sbom_command

    raise typer.Exit(sbom_command(output, cluster))


def main() -> None:
    """Run the command line; every failure becomes one line and its exit code, Ctrl-C exit code 130."""
    try:
        app(prog_name="./muster")
    except Failure as failure:
        print(f"muster: {failure}", file=sys.stderr)
        sys.exit(failure.code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as fault:
        print(f"muster: {unexpected(fault)}", file=sys.stderr)
        sys.exit(1)
