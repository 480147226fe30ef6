"""Who wins at first and who in the end: pairs of sustained rows whose order in the burst is not that when steady."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from bench.records.workload import rivals
from bench.statistics import Interval
from reports.numbers import MILLI, significant
from reports.row import Row, told_apart
from reports.tables.sections import SETTINGS

MOST_TOLD = 10


@dataclass(frozen=True, kw_only=True)
class RankFlip:
    """`early` is the faster of the two in the burst, `late` when steady, both beyond their intervals."""

    early: Row
    late: Row

    @property
    def text(self) -> str:
        """In a sentence (not escaped)."""
        early, late = _times(self.early), _times(self.late)
        first, then = (
            f"{significant(early[i].centre, MILLI)} against {significant(late[i].centre, MILLI)} ms" for i in (0, 1)
        )
        one, other = _named(self.early, self.late), _named(self.late, self.early)
        return f"Rank flip: {one} is faster than {other} in the burst ({first}) and slower when steady ({then})."


def rank_flips(rows: Iterable[Row]) -> tuple[RankFlip, ...]:
    """Among the rows of one device that do the same work: operators of one size, or networks, of one batch."""
    groups: dict[object, list[Row]] = {}
    for row in rows:
        unit = row.unit
        if row.sustained is not None:
            groups.setdefault((unit.device, rivals(unit), unit.settings.sustain_s), []).append(row)
    flips = (_flip(one, other) for group in groups.values() for one, other in combinations(group, 2))
    return tuple(flip for flip in flips if flip is not None)


def rank_flip_lines(rows: Iterable[Row]) -> tuple[str, ...]:
    """The first few in a sentence each (not escaped)."""
    flips = rank_flips(rows)
    more = len(flips) - MOST_TOLD
    return (*(flip.text for flip in flips[:MOST_TOLD]), *([f"{more} more rank flips."] if more > 0 else []))


def _flip(one: Row, other: Row) -> RankFlip | None:
    burst, steady = (_faster(a, b) for a, b in zip(_times(one), _times(other), strict=True))
    if not burst or burst != -steady:
        return None
    return RankFlip(early=one, late=other) if burst > 0 else RankFlip(early=other, late=one)


def _faster(one: Interval, other: Interval) -> int:
    """1 where the first is faster, -1 where the second is, 0 where their intervals leave it open."""
    reaches = [math.log(each.high / each.low) / 2 for each in (one, other) if each.low and each.high]
    distance = math.log(other.centre / one.centre)
    if len(reaches) < 2 or abs(distance) <= math.hypot(*reaches):
        return 0
    return 1 if distance > 0 else -1


def _times(row: Row) -> tuple[Interval, Interval]:
    if row.sustained is None:
        raise ValueError(f"expected a row that was sustained, got {row.label}")
    return row.sustained.burst, row.sustained.steady


def _named(row: Row, beside: Row) -> str:
    """Its name, with its size where they share the name, and the settings in which it differs from the other."""
    return " ".join(
        [told_apart([row, beside])[0], *(text(row) for text in SETTINGS.values() if text(row) != text(beside))]
    )
