"""The columns that only rows have which were kept busy for minutes."""

from collections.abc import Callable, Sequence

from bench.records.sustained import BURST_S, BURST_SHARE
from reports.numbers import MILLI, plus_minus, significant
from reports.row import Row
from reports.sustained import SustainedSpeed
from reports.tables.column import Column, number


def sustained_columns(rows: Sequence[Row]) -> list[Column]:
    """Burst and slowdown where a row was sustained; energy where a meter counted it."""
    known = [row.sustained for row in rows if row.sustained is not None]
    if not known:
        return []
    made = [
        number("burst ms", _of(lambda it: significant(it.burst.centre, MILLI))),
        Column(heading="steady/burst", text=_of(_slowdown)),
    ]
    if any(each.energy_j is not None for each in known):
        made += [
            number("mJ/image", _of(lambda it: significant(it.energy_j, MILLI))),
            number("above idle", _of(lambda it: significant(it.above_idle_j, MILLI))),
            number("idle W", _of(lambda it: significant(it.idle_w))),
        ]
    return made


def sustained_caption(rows: Sequence[Row]) -> list[str]:
    """What the columns are, by which meter; or why there is no energy."""
    known = [row.sustained for row in rows if row.sustained is not None]
    if not known:
        return []
    seconds = max(row.unit.settings.sustain_s for row in rows)
    first = min(BURST_S, BURST_SHARE * seconds)
    lines = [f"ms is steady speed, the last quarter of {seconds:g} s; burst: the first {first:g} s after the warm-up"]
    if max(row.rounds for row in rows) < 2:
        lines.append("the interval of steady/burst is that of one worker")
    lines += [f"energy by {meter}, all that it measures" for meter in dict.fromkeys(it.meter for it in known) if meter]
    lines += [f"no energy: {why}" for why in dict.fromkeys(it.no_meter for it in known) if why]
    return lines


def _slowdown(it: SustainedSpeed) -> str:
    return f"{significant(it.slowdown.centre)} {plus_minus(it.slowdown)}".strip()


def _of(text: Callable[[SustainedSpeed], str]) -> Callable[[Row], str]:
    return lambda row: "" if row.sustained is None else text(row.sustained)
