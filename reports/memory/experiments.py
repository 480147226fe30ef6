"""What changes memory access alone: PConv's implementations, allocators, and caches that are cold before each call.

Ratios are of times, made round by round, with Student's t on their logarithms over the rounds.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean

from bench.statistics import Interval, log_mean_interval
from reports.memory.cells import FAULTING, Cell, Cells
from reports.over_rounds import over_rounds
from reports.row import Row

SLOW_OPERATOR, PAPERS_OPERATOR = "dwconv", "pconv"  # as the paper compares them


@dataclass(frozen=True, kw_only=True)
class EqualMacs:
    """Two implementations of one operator: `more` moves more bytes than `fewer` and computes the same."""

    more: Cell
    fewer: Cell
    time: Interval  # of `more` over `fewer`

    @property
    def bytes_ratio(self) -> float:
        """Above 1."""
        return self.more.bytes_moved / self.fewer.bytes_moved

    @property
    def extra_bytes_per_s(self) -> float | None:
        """The speed at which the additional bytes are moved; None where they take no time."""
        extra_s = self.more.seconds - self.fewer.seconds
        return (self.more.bytes_moved - self.fewer.bytes_moved) / extra_s if extra_s > 0 else None


@dataclass(frozen=True, kw_only=True)
class AllocatorEffect:
    """Geometric means over the sizes that all allocators have; speeds over those with the `base` allocator."""

    allocator: str
    base: str
    sizes: int
    slow_speed: Interval | None  # DWConv's speed over that with `base`
    papers_lead: Interval | None  # PConv's speed over DWConv's, both with this allocator
    faults_share: float | None  # of DWConv's time, the mean


@dataclass(frozen=True, kw_only=True)
class ColdEffect:
    """How many times as long an operator takes on cold caches, the geometric mean over its sizes."""

    label: str
    allocator: str
    sizes: int
    time: Interval
    bytes_per_mac: float  # geometric mean


def equal_macs(cells: Cells) -> tuple[EqualMacs, ...]:
    """Every two implementations at one size under one allocator, but for those that page faults tell apart as well."""
    groups: dict[object, list[Cell]] = {}
    for cell in cells.every:
        operator = cell.row.unit.workload.operator
        if operator is not None and (cell.row.page_fault_share or 0.0) <= FAULTING:
            unit, workload = cell.row.unit, cell.row.unit.workload
            plain = replace(workload, variant="", operator=replace(operator, implementation="split_cat"))
            groups.setdefault((plain, unit.batch, unit.layout, unit.allocator), []).append(cell)
    found = []
    for group in groups.values():
        for pair in combinations(group, 2):
            fewer, more = sorted(pair, key=lambda cell: cell.bytes_moved)
            time = _interval([more.row, fewer.row], lambda s: s[0] / s[1])
            if fewer.bytes_moved < more.bytes_moved and fewer.macs == more.macs and time is not None:
                found.append(EqualMacs(more=more, fewer=fewer, time=time))
    return tuple(found)


def allocator_effects(cells: Cells) -> tuple[AllocatorEffect, ...]:
    """What each allocator makes of DWConv and of PConv's lead; empty where DWConv has fewer than two allocators."""
    slow, papers = (_plain(cells, name) for name in (SLOW_OPERATOR, PAPERS_OPERATOR))
    if len(slow) < 2:
        return ()
    base = "retained" if "retained" in slow else next(iter(slow))
    sizes = sorted(set.intersection(*(set(own) for own in slow.values())))
    return tuple(
        AllocatorEffect(
            allocator=name,
            base=base,
            sizes=len(sizes),
            slow_speed=_ratio([slow[base][size] for size in sizes], [own[size] for size in sizes]),
            papers_lead=_lead(own, papers.get(name, {})),
            faults_share=_mean(own[size].page_fault_share for size in sizes),
        )
        for name, own in slow.items()
    )


def cold_effects(warm: Cells, cold: Cells) -> tuple[ColdEffect, ...]:
    """Each operator that was measured on both, by allocator."""
    before = {(cell.workload, cell.row.unit.allocator): cell for cell in warm.every}
    pairs: dict[tuple[str, str], list[tuple[Cell, Cell]]] = {}
    for cell in cold.every:
        key = (cell.workload, cell.row.unit.allocator)
        if key in before:
            pairs.setdefault((cell.row.label, cell.row.unit.allocator), []).append((before[key], cell))
    found = []
    for (label, allocator), own in pairs.items():
        time = _ratio([after.row for _, after in own], [first.row for first, _ in own])
        if time is not None:
            access = math.exp(fmean(math.log(each.bytes_moved / each.macs) for _, each in own))
            found.append(ColdEffect(label=label, allocator=allocator, sizes=len(own), time=time, bytes_per_mac=access))
    return tuple(found)


def _plain(cells: Cells, name: str) -> dict[str, dict[str, Row]]:
    """The rows of an operator as it is by default, by allocator and size."""
    found: dict[str, dict[str, Row]] = {}
    for cell in cells.every:
        if cell.row.label == name:
            found.setdefault(cell.row.unit.allocator, {})[str(cell.workload[1:])] = cell.row
    return found


def _lead(slow: dict[str, Row], papers: dict[str, Row]) -> Interval | None:
    sizes = [size for size in slow if size in papers]
    macs = [(papers[size].macs or 0) / (slow[size].macs or 1) for size in sizes]
    lead = _ratio([slow[size] for size in sizes], [papers[size] for size in sizes])
    return None if lead is None or not all(macs) else lead.over(1 / math.exp(fmean(map(math.log, macs))))


def _ratio(first: Sequence[Row], second: Sequence[Row]) -> Interval | None:
    """The geometric mean of the first times over the second ones."""
    half = len(first)
    return _interval(
        [*first, *second], lambda s: math.exp(fmean(map(math.log, s[:half])) - fmean(map(math.log, s[half:])))
    )


def _interval(rows: Sequence[Row], combine: Callable[[Sequence[float]], float]) -> Interval | None:
    """`combine` of the rows' medians in each round that all of them have; None where there is none."""
    medians = [{each.round: each.seconds for each in row.medians} for row in rows]
    values = over_rounds(medians, combine)
    return log_mean_interval(values) if values else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
