"""A history as tables for a terminal and for Markdown: a line for each cell in each environment."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from reports.history.changes import LEVEL
from reports.history.points import Series
from reports.history.report import HistoryReport
from reports.numbers import MILLI, bounds, centre, plus_minus, significant
from reports.tables.cell_words import cell_words, setting_words, varying
from reports.tables.rich_table import rich_table
from reports.tables.text_table import TextTable
from reports.untrusted import safe_markdown, visible

MOST_CHANGES = 20  # that are told one by one
_NUMERIC = ("env", "runs", "first ms", "last ms", "±")
_ABOUT = (
    "ms: time of a call in the first and the last run, ± its 95% interval over rounds. last change: the level from "
    "there on over the one before, above 1 it is slower; found by the largest t over all splits, so that a report in "
    f"which nothing changed shows one with a chance of {LEVEL:.0%}. Another environment begins another series."
)


def terminal_history(report: HistoryReport) -> RenderableType:
    """The changes, then every series."""
    return Group(*_terminal(report))


def markdown_history(report: HistoryReport) -> str:
    """The same for a repository page. Ends with a newline."""
    parts = ["# History", safe_markdown(_summary(report), 900)]
    parts += [safe_markdown(line, 900) for line in report.trouble]
    for device, own in report.history.by_device():
        parts += [f"## {safe_markdown(report.title(device))}"]
        if told := [f"- {safe_markdown(line, 900)}" for line in (*report.news(device), *_told(report, own))]:
            parts.append("\n".join(told))
        parts.append(_table(report, own).markdown)
    return "\n\n".join([*parts, _ABOUT]) + "\n"


def _terminal(report: HistoryReport) -> Iterator[RenderableType]:
    for device, own in report.history.by_device():
        yield Text(visible(report.title(device)), style="bold")
        yield rich_table(_table(report, own))
        for line in (*report.news(device), *_told(report, own)):
            yield Text(visible(line, 900))
        yield Text("")
    yield Text(_summary(report))
    for line in report.trouble:
        yield Text(visible(line, 900), style="yellow")
    yield Text(_ABOUT, style="dim")


def _summary(report: HistoryReport) -> str:
    history = report.history
    found = sum(map(len, report.changes.values()))
    return (
        f"{len(history.runs)} run{'s' * (len(history.runs) != 1)}, {history.records} records, {len(history.series)} "
        f"series, {found} change{'s' * (found != 1)}"
    )


def _told(report: HistoryReport, own: Sequence[Series]) -> list[str]:
    said = [line for series in own for line in report.said(series)]
    more = [f"{len(said) - MOST_CHANGES} more changes are in history.csv"] if len(said) > MOST_CHANGES else []
    return said[:MOST_CHANGES] + more


def _table(report: HistoryReport, own: Sequence[Series]) -> TextTable:
    """A setting is named where it varies, the environment has a column where it does."""
    settings = varying([series.cell for series in own])
    several = len({report.number(series) for series in own}) > 1
    headings = ["cell", *["env"] * several, "runs", "first ms", "last ms", "±", "verdict", "last change"]
    body = []
    for series in own:
        cell = " ".join([cell_words(series.cell), *setting_words(series.cell, settings)])
        body.append([cell, *[str(report.number(series))] * several, *_numbers(report, series)])
    return TextTable(headings=headings, numeric=_NUMERIC, folded=("cell",), rows=body)


def _numbers(report: HistoryReport, series: Series) -> list[str]:
    measured = series.measured
    gaps = len(series.points) - len(measured)
    runs = f"{len(measured)}" + (f" (+{gaps})" if gaps else "")
    if not measured:
        return [runs, "", "", "", ", ".join(sorted({each for point in series.points for each in point.ended})), ""]
    first, last = measured[0], measured[-1]
    changes = report.changes[series]
    told = f"{bounds(changes[-1].ratio)}x" if changes else ""
    return [
        runs,
        significant(centre(first.time), MILLI),
        significant(centre(last.time), MILLI),
        plus_minus(last.time),
        last.verdict or "",
        told,
    ]
