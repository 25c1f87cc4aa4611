"""A report on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.review.effects import Effect
from operations.review.report import Report, kept_words, short_type

COLOURS: Final[Mapping[Effect, str]] = {
    Effect.NOTHING: "green",
    Effect.ROLLING: "cyan",
    Effect.RESTART: "yellow",
    Effect.REPLACEMENT: "bold red",
    Effect.NEW: "green",
    Effect.REMOVED: "yellow",
}
WIDTH: Final = 140
"""Columns where there is no terminal that has a width."""


def console() -> Console:
    """Return a console for standard output; texts of others are printed as they are."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=WIDTH)


def show(report: Report, to: Console) -> None:
    """Print the report: nodes, other resources, `cdk diff`, and last what is refused, where it is seen."""
    to.print(Text(report.title, "bold"), soft_wrap=True)
    for note in report.notes:
        to.print(Text(f"  {note}", "dim"), soft_wrap=True)
    if report.review:
        rows = [
            (Text(each.name), Text(each.effect, COLOURS[each.effect]), _reasons(each.reasons))
            for each in report.review.nodes
        ]
        to.print(_table("node", rows))
        others = [
            (Text(f"{each.logical_id} ({short_type(each)})"), Text(kept_words(each), "yellow"), _reasons(each.reasons))
            for each in report.review.others
        ]
        if others:
            to.print(_table("resource", others))
    if report.diff:
        to.print(report.diff, markup=False, soft_wrap=True)
    for refusal in report.refusals:
        to.print(Text.assemble(("refused  ", "bold red"), refusal), soft_wrap=True)
    if report.review and not report.refusals:
        to.print(Text("nothing is refused", "green"))
    to.print()


def _table(first: str, rows: Sequence[tuple[Text, Text, Text]]) -> Table:
    table = Table(first, "what happens", "why")
    for row in rows:
        table.add_row(*row)
    return table


def _reasons(reasons: Sequence[str]) -> Text:
    return Text("\n".join(reasons))
