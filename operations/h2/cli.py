"""The commands below `muster h2`, thin."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The H2 pair of a cluster: who serves, pauses, backups; each command is one conditional write.",
    no_args_is_help=True,
)

ClusterFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A cluster file, such as clusters/as400gateway.yaml.")
]
NodeName = Annotated[str, typer.Option("--node", metavar="NAME", help="The node whose data counts.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def status(file: ClusterFile) -> None:
    """Show the witness item and each node's last words. Exit code 0 only if the pair is whole."""
    from operations.h2.status import status

    raise typer.Exit(status(file))


@app.command()
def adopt(file: ClusterFile, *, node: NodeName, yes: Yes = False) -> None:
    """Make the witness item anew where it is missing while disks hold data: NAME's data counts."""
    from operations.h2.change import adopt

    raise typer.Exit(adopt(file, node, yes=yes, ask=typer.confirm))


@app.command()
def force(file: ClusterFile, *, node: NodeName, yes: Yes = False) -> None:
    """Let NAME serve alone what its disk holds, when the pair waits for a node that will not come back."""
    from operations.h2.change import force

    raise typer.Exit(force(file, node, yes=yes, ask=typer.confirm))


@app.command()
def pause(file: ClusterFile) -> None:
    """Let the pair change nothing by itself: no take-over, no stepping out, no coming in again."""
    from operations.h2.change import pause

    raise typer.Exit(pause(file, paused=True))


@app.command()
def resume(file: ClusterFile) -> None:
    """End a pause."""
    from operations.h2.change import pause

    raise typer.Exit(pause(file, paused=False))


@app.command()
def backups(file: ClusterFile) -> None:
    """List the backups, the newest first. Exit code 1 if there is none."""
    from operations.h2.backups import backups

    raise typer.Exit(backups(file))


@app.command()
def restore(
    file: ClusterFile,
    *,
    backup: Annotated[
        str | None, typer.Option("--backup", metavar="KEY", help="The backup to go back to; the newest one else.")
    ] = None,
    node: Annotated[
        str | None, typer.Option("--node", metavar="NAME", help="The node that restores; the leader else.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the backups instead.")] = False,
    yes: Yes = False,
) -> None:
    """Order one node to put its data aside and restore a backup; the other one copies the result."""
    from operations.h2.backups import backups, restore

    if listing:
        raise typer.Exit(backups(file))
    raise typer.Exit(restore(file, backup, node, yes=yes, ask=typer.confirm))
