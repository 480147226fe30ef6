"""What a click on a row or a mark leads to: all that is known of it, and its raw samples, as compact JSON."""

import math
from collections.abc import Iterable, Sequence
from statistics import median

from reports.html.shown import Shown
from reports.numbers import MILLI, bounds
from reports.one_row import Group, again, measured, records_of
from reports.row import Row
from reports.rows import row_name
from reports.untrusted import LONGEST_TEXT, visible

MOST_SAMPLES = 250_000  # in one page
_DIGITS = 5  # of a sample: more than any clock here is good for

Samples = list[object]  # a name, the unit in seconds, whole numbers of that unit
Detail = dict[str, object]


def details(runs: Sequence[Shown]) -> list[Detail]:
    """One for each row, by its number."""
    step = sample_step(runs)
    return [_detail(shown, row, step) for shown in runs for row in shown.rows]


def sample_step(runs: Sequence[Shown]) -> int:
    """Every how many-th sample has a place: 1 where all have."""
    total = sum(row.samples for shown in runs for row in shown.rows)
    return max(1, math.ceil(total / MOST_SAMPLES))


def _detail(shown: Shown, row: Row, step: int) -> Detail:
    groups = [*measured(shown.results, row), again(shown.results.run, row)]
    return {
        "title": visible(f"{row.label} {row.size}, {row.unit.runtime} on {row.unit.device}"),
        "run": visible(shown.name),
        "groups": [group_lines(group) for group in groups],
        "samples": list(_samples(shown, row, step)),
        "choice": _choice(shown, row),
    }


def _choice(shown: Shown, row: Row) -> Detail:
    """What the page chooses a network for a limit of time by: the ends of its interval in ms, and its accuracy."""
    found = shown.candidates.get(row.unit)
    if found is None or row.latency is None:
        return {}
    time, top1 = row.latency.over(MILLI), found.top1_percent
    accuracy = "" if top1 is None else f"{top1:g}%, "
    said = f"{row_name(row)}: {accuracy}{bounds(time)} ms, {row.verdict}"
    return {"told": visible(said), "top1": top1, "low": time.low or time.centre, "high": time.high}


def group_lines(group: Group) -> list[object]:
    """As the script reads it."""
    return [group.title, [[visible(name), visible(said, LONGEST_TEXT)] for name, said in group.lines]]


def _samples(shown: Shown, row: Row, step: int) -> Iterable[Samples]:
    for record in records_of(shown.results, row):
        if record.measurement is not None:
            yield samples_of(f"round {record.unit.round + 1}", record.measurement.samples_s[::step])


def samples_of(name: str, seconds: Sequence[float]) -> Samples:
    """Their name, a unit in seconds, and the samples as whole numbers of it."""
    exponent = math.floor(math.log10(median(seconds))) - _DIGITS + 1
    return [name, float(f"1e{exponent}"), [round(each / 10.0**exponent) for each in seconds]]
