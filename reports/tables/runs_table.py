"""Two compared runs as text: on a terminal, as CSV, as JSON and as Markdown."""

import json
from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.text import Text

from bench.records.answer import MARGIN
from bench.records.workload import Unit
from reports.numbers import MILLI, bounds, centre, high, low, significant
from reports.row import Row
from reports.runs_compared import OTHER, CellComparison, RunsCompared
from reports.tables.cell_words import SETTINGS, cell_words, setting_words, varying
from reports.tables.csv_table import OF_UNIT, Value, csv_text
from reports.tables.rich_table import rich_table
from reports.tables.text_table import TextTable
from reports.untrusted import safe_markdown, visible

ABOUT = (
    "Time in the second run over that in the first, above 1 it became slower; Welch's t on the logarithms of the "
    "round medians. The runs were not interleaved: what the machine did between them is in the ratio, so this is "
    "information; `bench compare A B` of two workloads measures. SLOWER, FASTER, SAME: the 95% interval lies wholly "
    f"beyond or within {MARGIN:.0%}. {OTHER}: more than the workload may have made the ratio, so it gets no answer."
)
HEADINGS = ("cell", "first ms", "second ms", "ratio", "answer", "worst")
NUMERIC = ("first ms", "second ms", "ratio")


def _of_unit(value: Callable[[Unit], Value]) -> Callable[[CellComparison], Value]:
    return lambda made: value(made.unit)


def _time(row: Row | None) -> float | None:
    return None if row is None else centre(row.time)


COLUMNS: dict[str, Callable[[CellComparison], Value]] = {
    **{name: _of_unit(value) for name, value in OF_UNIT.items() if name != "round"},
    "first_time_s": lambda made: _time(made.first),
    "second_time_s": lambda made: _time(made.second),
    "first_rounds": lambda made: made.first.rounds if made.first else 0,
    "second_rounds": lambda made: made.second.rounds if made.second else 0,
    "ratio": lambda made: centre(made.ratio),
    "ratio_low": lambda made: low(made.ratio),
    "ratio_high": lambda made: high(made.ratio),
    "answer": lambda made: made.answer,
    "smallest_visible_change": lambda made: made.smallest,
    "verdict": lambda made: made.verdict,
    "reason": lambda made: made.reason,
}


def csv_runs(compared: RunsCompared) -> str:
    """A line per cell at full precision."""
    return csv_text(COLUMNS, compared.cells)


def json_runs(compared: RunsCompared) -> str:
    """What differs, and a list of objects with the columns of compare.csv, null where one does not apply; ASCII."""
    text = {
        "runs": list(compared.names),
        "differences": [vars(each) for each in compared.differences],
        "cells": [{name: value(made) for name, value in COLUMNS.items()} for made in compared.cells],
    }
    return json.dumps(text, indent=1, allow_nan=False, ensure_ascii=True) + "\n"


def markdown_runs(compared: RunsCompared) -> str:
    """What differs, then every cell. Ends with a newline."""
    told = "\n".join(f"- {safe_markdown(line, 900)}" for line in difference_lines(compared))
    names = " and ".join(map(safe_markdown, compared.names))
    parts = [f"# {names}", told, _table(compared).markdown, *map(safe_markdown, _reasons(compared))]
    return "\n\n".join([*filter(None, parts), ABOUT]) + "\n"


def terminal_runs(compared: RunsCompared) -> RenderableType:
    """The same for a terminal."""
    told = [Text(visible(line, 900), style="yellow") for line in difference_lines(compared)]
    reasons = [Text(visible(line, 900)) for line in _reasons(compared)]
    return Group(
        Text(visible(" and ".join(compared.names)), style="bold"),
        *told,
        rich_table(_table(compared)),
        *reasons,
        Text(ABOUT, style="dim"),
    )


def _table(compared: RunsCompared) -> TextTable:
    return TextTable(headings=HEADINGS, numeric=NUMERIC, folded=("cell",), rows=cell_rows(compared))


def difference_lines(compared: RunsCompared) -> list[str]:
    """What is not the same on devices that both name, below a heading; none where nothing differs."""
    found = [f"{each.device}: {each.name} {each.first} -> {each.second}" for each in compared.differences]
    return ["difference of environments:", *found] if found else []


def _reasons(compared: RunsCompared) -> list[str]:
    """Cells with one reason share a line."""
    cells: dict[str, list[str]] = {}
    for made, (cell, *_) in zip(compared.cells, cell_rows(compared), strict=True):
        if made.reason:
            cells.setdefault(made.reason, []).append(cell)
    return [f"{', '.join(own[:3])}{f' and {len(own) - 3} more' * (len(own) > 3)}: {why}" for why, own in cells.items()]


def cell_rows(compared: RunsCompared) -> list[list[str]]:
    """A line for each cell, below HEADINGS."""
    settings = varying([made.unit for made in compared.cells], ("device", *SETTINGS))
    return [
        [
            " ".join([cell_words(made.unit), *setting_words(made.unit, settings)]),
            significant(_time(made.first), MILLI),
            significant(_time(made.second), MILLI),
            f"{bounds(made.ratio)}x" if made.ratio else "",
            made.answer,
            made.verdict or "",
        ]
        for made in compared.cells
    ]
