"""The commands, thin: each one names its options and calls the module that does the work.

Work modules are imported inside the commands, so that a start costs no more than the command needs.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from operations.errors import Failure, unexpected

app = typer.Typer(
    name="muster",
    help="Clusters of Java middleware on EC2 from one cluster file, rehearsed on this machine first.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

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
) -> None:
    """Deploy a cluster to an AWS account emulated on this machine, on real Linux hosts, and check that it formed.

    Needs root on a Debian-family Linux. Exit code 0 only if every check is valid.
    """
    from operations.rehearse import rehearse_command

    raise typer.Exit(rehearse_command(file, keep=keep, down=down, report=report))


@app.command()
def test(
    *,
    full: Annotated[bool, typer.Option("--full", help="Every scenario, also the long ones.")] = False,  # noqa: PT028
) -> None:
    """Run the project's checks: lint, types, unit tests, and (as root on Debian) hosts and whole clusters."""
    from operations.checks import run_checks

    raise typer.Exit(run_checks(full=full))


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
