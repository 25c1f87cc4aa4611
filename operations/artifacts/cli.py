"""The commands below `muster artifacts`, thin."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The repository of artifacts that a cluster makes: its nightly backups, and the way back to one.",
    no_args_is_help=True,
)

ClusterFile = Annotated[Path, typer.Argument(metavar="FILE", help="A cluster file, such as clusters/wso2-as.yaml.")]


@app.command()
def backups(file: ClusterFile) -> None:
    """List the backups, the newest first, and how the last order to restore one went. Exit code 1 if there is none."""
    from operations.artifacts.backups import backups

    raise typer.Exit(backups(file))


@app.command()
def restore(
    file: ClusterFile,
    *,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="KEY|TIME", help="This backup, or the newest one of that time (UTC); the newest one else."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is done, up to 60 min.")] = True,
) -> None:
    """Order the committing node to make its repository that of a backup; the one of before is kept beside it."""
    from operations.artifacts.restore import restore

    raise typer.Exit(restore(file, at, yes=yes, wait=wait, ask=typer.confirm))
