"""A history as CSV and JSON: a line for each run of each cell, at full precision."""

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bench.records.workload import Unit
from reports.history.changes import Change
from reports.history.points import Point, Series
from reports.history.report import HistoryReport
from reports.numbers import centre, high, low
from reports.tables.csv_table import OF_UNIT, Value, csv_text


class _Line(NamedTuple):
    series: Series
    environment: int
    point: Point
    change: Change | None


def _of_cell(value: Callable[[Unit], Value]) -> Callable[[_Line], Value]:
    return lambda line: value(line.series.cell)


# The order is a contract: new columns go at the end.
COLUMNS: dict[str, Callable[[_Line], Value]] = {
    **{name: _of_cell(value) for name, value in OF_UNIT.items() if name != "round"},
    "environment": lambda line: line.environment,
    "fingerprint": lambda line: line.series.fingerprint,
    "run": lambda line: str(line.point.run.folder),
    "created_utc": lambda line: line.point.run.created_utc,
    "code_version": lambda line: line.point.code[0],
    "network_digest": lambda line: line.point.code[1],
    "time_s": lambda line: centre(line.point.time),
    "time_low_s": lambda line: low(line.point.time),
    "time_high_s": lambda line: high(line.point.time),
    "rounds": lambda line: len(line.point.medians),
    "rounds_without_number": lambda line: len(line.point.ended),
    "verdict": lambda line: line.point.verdict,
    "change_ratio": lambda line: centre(line.change.ratio) if line.change else None,
    "change_ratio_low": lambda line: low(line.change.ratio) if line.change else None,
    "change_ratio_high": lambda line: high(line.change.ratio) if line.change else None,
    "change_news": lambda line: line.change.news if line.change else "",
}


def csv_history(report: HistoryReport) -> str:
    """The whole history; `change_*` stand where a new level begins."""
    return csv_text(COLUMNS, _lines(report))


def json_history(report: HistoryReport) -> str:
    """A list of objects with the columns of history.csv, null where one does not apply; ASCII."""
    table = [{name: value(line) for name, value in COLUMNS.items()} for line in _lines(report)]
    return json.dumps(table, indent=1, allow_nan=False, ensure_ascii=True) + "\n"


def _lines(report: HistoryReport) -> Iterator[_Line]:
    for series in report.history.series:
        begun = {change.after: change for change in report.changes[series]}
        for point in series.points:
            yield _Line(series, report.number(series), point, begun.get(point))
