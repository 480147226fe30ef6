"""Comparisons by pairs of live workers: their table, and what a click on one leads to."""

import math
import shlex
from collections.abc import Callable, Sequence

from bench.plan.side_text import side_text
from bench.records.pair import PairRecord
from reports.comparisons import Comparison
from reports.html.details import Detail, samples_of
from reports.html.row_table import Line, RowTable, heading
from reports.html.shown import Shown
from reports.html.templates import LONGEST_TEXT
from reports.numbers import about_percent, bounds, centre, high, low, significant
from reports.tables.csv_table import Value, csv_text
from reports.untrusted import visible

_Place = tuple[Shown, Comparison]
_COLUMNS: tuple[tuple[str, bool, Callable[[_Place], str]], ...] = (
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
    cells = [tuple(visible(text(place)) for _, _, text in _COLUMNS) for place in places]
    dull = {"run": len(runs) == 1, "device": len({place[1].first.device for place in places}) == 1}
    keep = [
        index for index, (name, *_) in enumerate(_COLUMNS) if not dull.get(name) and any(row[index] for row in cells)
    ]
    numbered = [(shown.pair_numbers[made.cell], row) for (shown, made), row in zip(places, cells, strict=True)]
    return (
        RowTable(
            kind="pair",
            headings=tuple(heading(*_COLUMNS[index][:2], [row[index] for row in cells]) for index in keep),
            lines=tuple(Line(number=number, cells=tuple(row[index] for index in keep)) for number, row in numbered),
        ),
    )


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
    records = [each for each in run.pair_records if each.pair.cell == made.cell]
    sides = side_text(made.first), side_text(made.second)
    groups = [
        ("what", [("first", sides[0]), ("second", sides[1]), ("device", made.first.device)]),
        ("numbers", _numbers(made)),
        *((f"pair {record.pair.first.round + 1}", _pair(record)) for record in records),
        (
            "again",
            [
                ("command", shlex.join(["bench", *run.plan.argv])),
                ("alone", shlex.join(["bench", "compare", *sides, "--device", made.first.device])),
            ],
        ),
    ]
    return {
        "title": visible(f"{sides[1]} over {sides[0]}"),
        "run": visible(shown.name),
        "groups": [[head, [[name, visible(said, LONGEST_TEXT)] for name, said in lines]] for head, lines in groups],
        "samples": [
            samples_of(f"pair {record.pair.first.round + 1} {side}", seconds)
            for record in records
            for side, seconds in (("first", record.first_s), ("second", record.second_s))
            if seconds
        ],
    }


def _numbers(made: Comparison) -> list[tuple[str, str]]:
    said = [("ratio of times", bounds(made.ratio)), ("answer", made.answer), ("pairs", f"{made.pairs}/{made.planned}")]
    if made.smallest is not None:
        said.append(("smallest change", f"{about_percent(made.smallest)} would have been seen"))
    return [*said, *(("note", each) for each in (*made.differences, made.reason) if each)]


def _pair(record: PairRecord) -> list[tuple[str, str]]:
    said = [("began", f"{record.started_utc}, attempt {record.attempt}, {significant(record.seconds)} s in all")]
    if record.status != "done":
        return [*said, (record.status, record.reason)]
    said.append(("ratio", significant(math.exp(record.log_ratio), digits=4)))
    return [*said, *([("verdicts", ", ".join(record.verdicts))] if record.verdicts else [])]
