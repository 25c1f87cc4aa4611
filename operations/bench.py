"""`muster bench`: timings of Muster against what there is without it, as ratios measured side by side in one run."""

from pathlib import Path
from typing import Annotated

import typer

from operations import with_node_code

bench = typer.Typer(name="bench", help="Measure against what there is without Muster, side by side in one run.")


@bench.callback()
def prepare() -> None:
    """Measure against what there is without Muster, side by side in one run."""
    with_node_code()


@bench.command()
def rejoin(
    *,
    megabytes: Annotated[int, typer.Option("--megabytes", min=1, help="Size of the database.")] = 200,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often, in turn.")] = 2,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.json", help="Write every window and step here.")
    ] = None,
) -> None:
    """Measure for how long writes are refused while an H2 pair is made whole: CreateCluster and Muster's rejoin."""
    from operations.bench_rejoin import rejoin_command

    raise typer.Exit(rejoin_command(megabytes, rounds, report))


@bench.command()
def gate(
    *,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often, in turn.")] = 16,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="How long each figure is measured.")] = 0.5,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.json", help="Write every figure here.")
    ] = None,
) -> None:
    """Measure what the gate costs beside an ungated H2 pair and forwarders in C and Python. Exit code 0: goals met."""
    from operations.bench_gate import gate_command

    raise typer.Exit(gate_command(rounds, seconds, report))
