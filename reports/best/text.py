"""A choice as people read it: the table of what meets the conditions, and what is open in words."""

import shlex
from collections.abc import Iterator
from itertools import islice

from bench.plan.side_text import compare_command, side_text
from reports.best.candidate import Candidate
from reports.best.choice import Choice, time_of
from reports.best.condition import Condition
from reports.best.deciding import rounds_needed
from reports.numbers import GIGA, MEGA, MILLI, bounds, plus_minus, significant
from reports.rows import unusual_text
from reports.tables.text_table import TextTable
from reports.untrusted import LONGEST_TEXT, visible

MOST_OPEN = 8  # that are spelled out

_HEADINGS = ("model", "runtime", "settings", "top-1 %", "recipe", "ms/image", "±", "MB", "Mparams", "GMACs", "front")


def best_table(choice: Choice) -> TextTable:
    """The candidates that surely meet all conditions, the fastest first; a heading where all cells are empty is left
    out."""
    rows = [(*_cells(each), choice.marks.get(each.row.unit, "")) for each in choice.meeting]
    keep = [index for index, _ in enumerate(_HEADINGS) if any(row[index] for row in rows)]
    return TextTable(
        headings=[_HEADINGS[index] for index in keep],
        numeric={"top-1 %", "ms/image", "±", "MB", "Mparams", "GMACs"},
        folded={"model", "settings"},
        rows=[[row[index] for index in keep] for row in rows],
    )


def _cells(each: Candidate) -> tuple[str, ...]:
    row, unit, time = each.row, each.row.unit, time_of(each)
    return (
        row.label,
        unit.runtime,
        unusual_text(unit),
        "" if each.top1_percent is None else f"{each.top1_percent:g}",
        "distilled" if each.recipe == "distilled" else "",
        significant(time.centre, MILLI),
        plus_minus(time),
        significant(row.peak_memory_bytes, MEGA),
        significant(row.params, MEGA),
        significant(row.macs, GIGA),
    )


def best_lines(choice: Choice) -> Iterator[str]:
    """What the table does not say: how many were left out by what, who is undecided, and what would decide it."""
    total = len(choice.meeting) + len(choice.open) + choice.failing.total() + choice.unknown.total()
    asked = " ".join(it.text for it in choice.conditions)
    meet = f"{len(choice.meeting)} of {total} measured rows meet {asked}" if asked else f"{total} measured rows"
    front = f"{len(choice.front)} on the front, beaten by nothing here in both accuracy and time"
    near = f"; {len(choice.open_front)} more may be (open)" if choice.open_front else ""
    yield f"{choice.device}: {meet}; {front}{near}"
    if choice.failing:
        yield f"left out: {', '.join(f'{count} by {text}' for text, count in choice.failing.most_common())}"
    for text, words in choice.unheard:
        yield f"no row has {text}; here it is {' or '.join(words) or 'not known of any'}"
    for asked, rows in choice.unknown.most_common():
        more = "; `bench models --accuracy FILE` gives timm's networks theirs" if asked.startswith("top1") else ""
        yield f"not known of {rows} row{'s' * (rows != 1)}: {asked}{more}"
    if choice.unmeasured:
        yield f"not measured: {choice.unmeasured} rows (see table.md)"
    for each, condition in choice.open[:MOST_OPEN]:
        needed, rounds = rounds_needed(each, condition), each.row.rounds
        what = f"about {needed} rounds would tell, it has {rounds}" if needed else "too close for more rounds to tell"
        yield f"undecided: {side_text(each.row.unit)} {condition.text}, {_value(each, condition)}; {what}"
    if len(choice.open) > MOST_OPEN:
        yield f"and {len(choice.open) - MOST_OPEN} more are undecided"
    for better, other in islice(choice.rivals(), MOST_OPEN):
        command = shlex.join(compare_command(other.row.unit, better.row.unit))
        yield f"which is faster is open: {command} --until 1%"


def _value(each: Candidate, condition: Condition) -> str:
    if condition.name == "latency":
        return f"{bounds(each.row.latency, unit=MILLI)} ms"
    if condition.name == "throughput":
        return f"{bounds(each.row.images_per_s)} images/s"
    return "no interval"


def plain_lines(choice: Choice) -> list[str]:
    """The same with nothing in it that steers a terminal."""
    return [visible(line, LONGEST_TEXT) for line in best_lines(choice)]
