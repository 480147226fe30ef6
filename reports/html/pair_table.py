"""Comparisons by pairs of live workers: their table, and what a click on one leads to."""

from collections.abc import Callable, Sequence

from bench.plan.side_text import side_text
from reports.comparisons import Comparison
from reports.html.details import Detail, group_lines, samples_of
from reports.html.row_table import Column, RowTable, table_of
from reports.html.shown import Shown
from reports.numbers import about_percent, bounds, centre, high, low
from reports.one_pair import described_pair, pairs_of
from reports.tables.csv_table import Value, csv_text
from reports.untrusted import visible

_Place = tuple[Shown, Comparison]
_COLUMNS: tuple[Column[_Place], ...] = (
    ("second", False, lambda it: side_text(it[1].second)),
    ("over first", False, lambda it: side_text(it[1].first)),
    ("run", False, lambda it: it[0].name),
    ("device", False, lambda it: it[1].first.device),
    ("ratio of times", True, lambda it: bounds(it[1].ratio)),
    ("answer", False, lambda it: it[1].answer),
    ("pairs", True, lambda it: f"{it[1].pairs}/{it[1].planned}"),
    ("smallest seen", True, lambda it: "" if it[1].smallest is None else about_percent(it[1].smallest)),
    ("verdict", False, lambda it: it[1].trust or ""),
    ("why", False, lambda it: it[1].reason),
)
_CSV: dict[str, Callable[[_Place], Value]] = {
    "run": lambda it: it[0].name,
    "device": lambda it: it[1].first.device,
    "first": lambda it: side_text(it[1].first),
    "second": lambda it: side_text(it[1].second),
    "ratio": lambda it: centre(it[1].ratio),
    "ratio_low": lambda it: low(it[1].ratio),
    "ratio_high": lambda it: high(it[1].ratio),
    "answer": lambda it: it[1].answer,
    "pairs": lambda it: it[1].pairs,
    "pairs_planned": lambda it: it[1].planned,
    "smallest_visible_change": lambda it: it[1].smallest,
    "worst_pair": lambda it: it[1].trust,
    "reason": lambda it: it[1].reason,
}


def pair_tables(runs: Sequence[Shown]) -> tuple[RowTable, ...]:
    """One; none where nothing was compared in pairs."""
    places = _places(runs)
    if not places:
        return ()
    dull = {"run": len(runs) == 1, "device": len({made.first.device for _, made in places}) == 1}
    columns = [column for column in _COLUMNS if not dull.get(column[0])]
    return (table_of("pair", columns, places, [(shown.pair_numbers[made.cell], "") for shown, made in places]),)


def pair_csv(runs: Sequence[Shown]) -> list[str]:
    """The heading, then a line for each comparison, in the order of their numbers."""
    return csv_text(_CSV, _places(runs)).splitlines()


def pair_details(runs: Sequence[Shown]) -> list[Detail]:
    """One for each comparison, in the order of their numbers."""
    return [_detail(shown, made) for shown, made in _places(runs)]


def _places(runs: Sequence[Shown]) -> list[_Place]:
    return [(shown, made) for shown in runs for made in shown.comparisons]


def _detail(shown: Shown, made: Comparison) -> Detail:
    run = shown.results.run
    return {
        "title": visible(f"{side_text(made.second)} over {side_text(made.first)}"),
        "run": visible(shown.name),
        "groups": [group_lines(group) for group in described_pair(run, made)],
        "samples": [
            samples_of(f"pair {record.pair.first.round + 1} {side}", seconds)
            for record in pairs_of(run, made)
            for side, seconds in (("first", record.first_s), ("second", record.second_s))
            if seconds
        ],
    }
