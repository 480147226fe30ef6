"""The claim "low FLOPS because of memory access", tested on what was measured; its rules stand in docs/claim.md."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from bench.statistics import Interval
from reports.memory.association import association
from reports.memory.cells import Cell, Cells, Place, by_place
from reports.memory.draws import Floats, weights
from reports.memory.experiments import (
    AllocatorEffect,
    ColdEffect,
    EqualMacs,
    allocator_effects,
    cold_effects,
    equal_macs,
)
from reports.memory.model import Shares, TimeModel, fit
from reports.row import Row

HOLDS, IN_PART, DOES_NOT_HOLD, NOT_TESTED = "holds", "holds in part", "does not hold", "not tested"
SLOW = 0.5  # of the fastest cell's speed: what is below is what the claim is about
MOST = 0.5  # of the slow cells' time
FITS = 0.75  # of the relative variance, from which on the model is believed
SAME = 1.1  # times of two implementations within that factor are the same
Explained = Literal["bytes", "bytes and page faults", "other", "open"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the cells of one place say.

    ideal, moved: Spearman's correlation of achieved speed with MACs per byte; None where either does not vary.
    slow: how the time of the slow cells divides; None where none is slow.
    operators: the same of each operator, by allocator where there are several.
    """

    ideal: Interval | None
    moved: Interval | None
    model: TimeModel
    slow: Shares | None
    operators: tuple[Shares, ...]
    implementations: tuple[EqualMacs, ...]
    allocators: tuple[AllocatorEffect, ...]
    cold: tuple[ColdEffect, ...]

    @property
    def more_is_slower(self) -> int:
        """Pairs of implementations in which the one that moves more bytes takes longer beyond its interval."""
        return sum(pair.time.low is not None and pair.time.low > 1 for pair in self.implementations)

    @property
    def more_is_faster(self) -> int:
        """Pairs in which it takes less time beyond its interval."""
        return sum(pair.time.high is not None and pair.time.high < 1 for pair in self.implementations)

    @property
    def same(self) -> int:
        """Pairs whose interval lies so near 1 that the bytes between them cost nothing that counts."""
        return sum(
            pair.time.low is not None
            and pair.time.high is not None
            and 1 / SAME < pair.time.low <= 1 <= pair.time.high < SAME
            for pair in self.implementations
        )

    @property
    def decided(self) -> int:
        """Pairs that say one of the three."""
        return self.more_is_slower + self.more_is_faster + self.same


@dataclass(frozen=True, kw_only=True)
class MemoryClaim:
    """The verdict on one place; without evidence, `missing` says why."""

    place: Place
    cells: Cells
    evidence: Evidence | None
    missing: str = ""

    @property
    def verdict(self) -> str:
        """One of the four."""
        return NOT_TESTED if self.evidence is None else _verdict(self.evidence)


def memory_claims(rows: Iterable[Row]) -> tuple[MemoryClaim, ...]:
    """One for each device, runtime, dtype, thread count and set of switches; none where no operator was measured."""
    found = by_place(rows)
    return tuple(_claim(cells, found) for cells in found)


def _claim(cells: Cells, found: Sequence[Cells]) -> MemoryClaim:
    claim = partial(MemoryClaim, place=cells.place, cells=cells)
    if cells.missing:
        return claim(evidence=None, missing=cells.missing)
    evidence = _evidence(cells, found)
    if evidence.slow is None:
        fastest = max(cell.speed for cell in cells.every)
        return claim(evidence=None, missing=f"no cell is slower than half of the fastest, {fastest / 1e9:.3g} GMAC/s")
    return claim(evidence=evidence)


def _evidence(cells: Cells, found: Sequence[Cells]) -> Evidence:
    drawn = weights(cells)
    model = fit(cells, drawn)
    speed = _of(cells, lambda cell: cell.speed)
    fastest = float(speed.max())
    slow = [at for at, cell in enumerate(cells.every) if cell.speed < SLOW * fastest]
    return Evidence(
        ideal=_ideal(cells, speed, drawn),
        moved=association(_of(cells, lambda cell: cell.macs / cell.bytes_moved), speed, drawn),
        model=model,
        slow=model.shares("slow cells", slow) if slow else None,
        operators=tuple(model.shares(label, own) for label, own in _by_operator(cells.every).items()),
        implementations=equal_macs(cells),
        allocators=allocator_effects(cells),
        cold=cold_effects(warm, cells) if (warm := _warm(cells, found)) is not None else (),
    )


def _ideal(cells: Cells, speed: Floats, drawn: Floats) -> Interval | None:
    """None as well where an operator's ideal bytes are not known."""
    if not all(cell.bytes_ideal for cell in cells.every):
        return None
    return association(_of(cells, lambda cell: cell.macs / (cell.bytes_ideal or 1)), speed, drawn)


def _warm(cells: Cells, found: Sequence[Cells]) -> Cells | None:
    """The same place on warm caches, of one on cold ones."""
    if cells.place.cache == "warm":
        return None
    place = replace(cells.place, settings=replace(cells.place.settings, cold_cache=False))
    return next((each for each in found if each.place == place), None)


def _by_operator(cells: Sequence[Cell]) -> dict[str, list[int]]:
    """The numbers of the cells of each operator, and allocator where there are several."""
    several = len({cell.row.unit.allocator for cell in cells}) > 1
    found: dict[str, list[int]] = {}
    for at, cell in enumerate(cells):
        label = f"{cell.row.label}, {cell.row.unit.allocator}" if several else cell.row.label
        found.setdefault(label, []).append(at)
    return found


def _of(cells: Cells, value: Callable[[Cell], float]) -> Floats:
    return np.array([value(cell) for cell in cells.every])


def _verdict(evidence: Evidence) -> str:
    explained, experiment = explains(evidence), follows(evidence)
    with_speed = evidence.moved is not None and (evidence.moved.low or 0.0) > 0
    if explained == "bytes" and with_speed and experiment is not False:
        return HOLDS
    against = explained == "other" or (explained == "open" and not with_speed)
    return DOES_NOT_HOLD if against and not experiment else IN_PART


def explains(evidence: Evidence) -> Explained:
    """What most of the slow cells' time goes into by the model, beyond the intervals."""
    if evidence.slow is None or evidence.model.explained < FITS:
        return "open"
    moved, faults = evidence.slow.of["byte"], evidence.slow.of["page fault"]
    if _low(moved) > MOST:
        return "bytes"
    if _low(moved) + _low(faults) > MOST:
        return "bytes and page faults"
    return "other" if _high(moved) + _high(faults) < MOST else "open"


def follows(evidence: Evidence) -> bool | None:
    """Whether, at equal MACs, more bytes take longer in most decided pairs and less in none; None where few decide."""
    if not evidence.decided or evidence.decided < len(evidence.implementations) / 2:
        return None
    return evidence.more_is_slower > evidence.decided / 2 and not evidence.more_is_faster


def _low(share: Interval) -> float:
    return share.centre if share.low is None else share.low


def _high(share: Interval) -> float:
    return share.centre if share.high is None else share.high
