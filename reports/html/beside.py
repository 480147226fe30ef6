"""Runs beside the first one: what differs between their devices, and the cells that both have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.html.shown import MOST_ROWS, Shown
from reports.runs_compared import RunsCompared
from reports.tables.runs_table import ABOUT, HEADINGS, NUMERIC, cell_rows, difference_lines
from reports.tables.text_table import TextTable


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Two runs; nothing is escaped."""

    table: TextTable
    lines: tuple[str, ...]


def beside(runs: Sequence[Shown]) -> Iterator[Beside]:
    """The first run with cells, and each other one that shares some with it."""
    own = [shown for shown in runs if shown.results.run.plan.units]
    for other in own[1:]:
        first = own[0]
        compared = RunsCompared(first=first.results.run, second=other.results.run, names=(first.name, other.name))
        body = zip(compared.cells, cell_rows(compared), strict=True)
        shared = [cells for cell, cells in body if cell.first is not None and cell.second is not None]
        alone = len(compared.cells) - len(shared)
        if shared:
            yield Beside(
                table=TextTable(
                    headings=HEADINGS,
                    numeric=NUMERIC,
                    folded=(),
                    rows=shared[:MOST_ROWS],
                    title=f"{other.name} (second) beside {first.name} (first)",
                ),
                lines=(*difference_lines(compared), f"{alone} cells are in one of the two alone." * bool(alone), ABOUT),
            )
