"""A comparison as text: on a terminal, as CSV, as JSON and as Markdown."""

import json
from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.records.workload import Unit, size_text
from reports.comparisons import Comparison, more_pairs
from reports.environment_text import device_title, surroundings
from reports.gate import COUNTED, Gated
from reports.gate_text import gate_lines
from reports.numbers import about_percent, bounds, centre, high, low, percent
from reports.results import Results
from reports.row import labelled
from reports.tables.csv_table import OF_UNIT, Value, csv_text
from reports.tables.text_table import pipe_table
from reports.untrusted import safe_markdown, visible

_ABOUT = (
    "Time of the second over that of the first, above 1 it is slower; fresh pairs of live workers in ABBA order, "
    "Student's t on their log ratios. SLOWER and FASTER: the 95% interval lies wholly beyond {margin}; SAME: wholly "
    "within; else UNCLEAR. Visible: the smallest change that so many pairs with that spread would have shown."
)
_HEADINGS = ("first", "second", "ratio", "answer", "pairs", "visible", "worst pair")
_NUMERIC = ("ratio", "pairs", "visible")
LONGEST_DIFFERENCE = 2000  # characters: a dozen packages with their builds
_UNIT = [name for name in OF_UNIT if name not in ("round", "device")]


def _first(value: Callable[[Unit], Value]) -> Callable[[Gated], Value]:
    return lambda row: value(row.comparison.first)


def _second(value: Callable[[Unit], Value]) -> Callable[[Gated], Value]:
    return lambda row: value(row.comparison.second)


def _of(value: Callable[[Comparison], Value]) -> Callable[[Gated], Value]:
    return lambda row: value(row.comparison)


def _again(value: Callable[[Comparison], Value]) -> Callable[[Gated], Value]:
    return lambda row: None if row.again is None else value(row.again)


def _count(name: str, side: str) -> Callable[[Gated], Value]:
    return lambda row: next((getattr(each, side) for each in row.exact if each.name == name), None)


COLUMNS: dict[str, Callable[[Gated], Value]] = {
    "device": lambda row: row.comparison.first.device,
    **{f"first_{name}": _first(OF_UNIT[name]) for name in _UNIT},
    **{f"second_{name}": _second(OF_UNIT[name]) for name in _UNIT},
    "ratio": _of(lambda made: centre(made.ratio)),
    "ratio_low": _of(lambda made: low(made.ratio)),
    "ratio_high": _of(lambda made: high(made.ratio)),
    "answer": _of(lambda made: made.answer),
    "pairs": _of(lambda made: made.pairs),
    "pairs_planned": _of(lambda made: made.planned),
    "pairs_needed": _of(lambda made: made.needed),
    "smallest_visible_change": _of(lambda made: made.smallest),
    "worst_pair": _of(lambda made: made.trust),
    "reason": _of(lambda made: made.reason),
    "first_origin": _of(lambda made: made.first.origin.words),
    "second_origin": _of(lambda made: made.second.origin.words),
    "differences": _of(lambda made: "; ".join(made.differences)),
    "verdict": lambda row: row.label,
    "confirmed": lambda row: row.confirmed,
    "again_ratio": _again(lambda made: centre(made.ratio)),
    "again_ratio_low": _again(lambda made: low(made.ratio)),
    "again_ratio_high": _again(lambda made: high(made.ratio)),
    "again_pairs": _again(lambda made: made.pairs),
    **{f"first_{name}": _count(name, "first") for name in COUNTED},
    **{f"second_{name}": _count(name, "second") for name in COUNTED},
    "margin": _of(lambda made: made.margin),
}


def about(results: Results) -> str:
    """What the words of a comparison mean."""
    return _ABOUT.format(margin=percent(results.run.plan.margin))


def csv_comparisons(results: Results) -> str:
    """A line per comparison at full precision."""
    return csv_text(COLUMNS, results.gated)


def json_comparisons(results: Results) -> str:
    """A list of objects with the columns of compare.csv, null where one does not apply; ASCII."""
    table = [{name: value(made) for name, value in COLUMNS.items()} for made in results.gated]
    return json.dumps(table, indent=1, allow_nan=False, ensure_ascii=True) + "\n"


def markdown_comparisons(results: Results) -> str:
    """A table per device, with what its words mean. Ends with a newline."""
    parts = ["# Comparison", *(safe_markdown(line, 900) for line in gate_lines(results.run, results.gated))]
    for device, own in _by_device(results).items():
        body = [[safe_markdown(cell) for cell in _cells(row)] for row in own]
        parts += [f"## {safe_markdown(device_title(results.run, device))}", pipe_table(_HEADINGS, _NUMERIC, body)]
        made = [row.comparison for row in own]
        parts += [f"{safe_markdown(_subject(each))}: {safe_markdown(each.reason)}" for each in made if each.reason]
        parts += [safe_markdown(line, LONGEST_DIFFERENCE) for line in differences(own)]
    return (
        "\n\n".join([*parts, about(results), *(safe_markdown(line, 900) for line in surroundings(results.run))]) + "\n"
    )


def terminal_comparisons(results: Results) -> RenderableType:
    """The same for a terminal."""
    return Group(*_terminal(results))


def _terminal(results: Results) -> Iterator[RenderableType]:
    for line in gate_lines(results.run, results.gated):
        yield Text(visible(line, 900))
    for device, own in _by_device(results).items():
        yield Text(visible(device_title(results.run, device)), style="bold")
        for row in own:
            table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
            for heading, cell in zip(_HEADINGS, _cells(row), strict=True):
                if cell:
                    table.add_row(Text(heading, style="dim"), Text(visible(cell)))
            if row.comparison.reason:
                table.add_row(Text("why", style="dim"), Text(visible(row.comparison.reason), style="yellow"))
            yield table
        for line in differences(own):
            yield Text(visible(line, LONGEST_DIFFERENCE))
    yield Text(about(results), style="dim")
    for line in surroundings(results.run):
        yield Text(visible(line, 900), style="dim")


def differences(own: Sequence[Gated]) -> list[str]:
    """What differs between the Pythons of the two sides, a sentence for all that differ in the same."""
    found = dict.fromkeys(row.comparison.differences for row in own)
    return [f"Their Pythons differ: {'; '.join(each)}." for each in found if each]


def _by_device(results: Results) -> dict[str, list[Gated]]:
    found: dict[str, list[Gated]] = {}
    for row in results.gated:
        found.setdefault(row.comparison.first.device, []).append(row)
    return found


def _cells(row: Gated) -> tuple[str, ...]:
    made = row.comparison
    # What grew is decided, whatever its time does.
    missing = more_pairs(made.needed) if made.needed is not None and row.label == "UNCLEAR" else ""
    return (
        _words(made.first, made.second),
        _words(made.second, made.first),
        f"{bounds(made.ratio)}x" if made.ratio else "",
        ", ".join(filter(None, [row.label, missing])),
        f"{made.pairs} of {made.planned}",
        "" if made.smallest is None else about_percent(made.smallest),
        made.trust or "",
    )


def _subject(made: Comparison) -> str:
    return f"{made.first.workload.name} and {made.second.workload.name}"


def _words(unit: Unit, other: Unit) -> str:
    """The side in words: what it is, and what differs from the other one."""
    said = [labelled(unit.workload.name, unit.workload.variant), size_text(unit.workload.input_shape), unit.runtime]
    said += [
        str(OF_UNIT[name](unit))
        for name in ("batch", "dtype", "layout", "allocator", "stack")
        if OF_UNIT[name](unit) != OF_UNIT[name](other)
    ]
    said += [unit.origin.words] if unit.origin != other.origin else []
    return " ".join(filter(None, said))
