"""How fast memory is read, written and copied at each of its levels, by all threads at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any

from bench.records.ceilings import ACCESSES, DRAM, Access, Bandwidth, Ceilings, Unmeasured
from bench.system.caches import cache_levels
from bench.system.tuning import memory_bytes
from bench.wire.order import Visit
from bench.worker.measuring.clock import Clock
from bench.worker.measuring.page_faults import page_fault_s
from bench.worker.peak.crew import Crew
from bench.worker.peak.ways import SLIDE_BYTES, SMALL_BYTES, Way, ways

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

SAMPLE_S = 0.002  # of one pass: over which the start of threads does not count, and often none is interrupted
SPENT_S = 0.02  # on each way of each access at each level, in passes of which the fastest counts
FEWEST_PASSES = 3
MOST_TIMES = 1 << 18  # over the same bytes in one pass
LEAST_DRAM = 32 << 20
# Working sets where the machine does not tell its caches, and memory far beyond any cache that such a one has.
SWEEP = (16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20)
SWEPT_DRAM = 256 << 20
PARTS = 8  # of memory itself, each far larger than the caches but the last
ARRAYS: dict[Access, int] = {"read": 1, "write": 1, "copy": 2, "triad": 3}
_PAGE = 4096
_VECTORS, _ROWS = 256, 16 << 10  # sizes are whole vectors, large ones whole rows of a vector product's two halves
_NO_BUFFER = 16  # elements, numpy's least: rows longer than its buffer are worked on in place


def visit_memory(visit: Visit, cpus: Sequence[int], clock: Clock) -> Ceilings:
    """Every access at every level, once, and the price of a page fault."""
    levels, missing = levels_of(cpus)
    with Crew(cpus, clock) as crew:
        found = tuple(bandwidth for level in levels for bandwidth in _of_level(level, crew))
    return Ceilings(
        dtype=visit.dtype,
        threads=len(cpus),
        bandwidths=found,
        page_fault_s=(max(page_fault_s(clock), 1e-12),),
        unmeasured=missing,
    )


@dataclass(frozen=True, kw_only=True)
class Level:
    """What is measured as one: `set_bytes` lie within it and beyond the one below."""

    name: str
    size_bytes: int  # 0: memory itself
    set_bytes: int

    @property
    def parts(self) -> int:
        """That are gone over in turn; a cache is gone over as a whole."""
        return 1 if self.size_bytes else PARTS


def levels_of(cpus: Sequence[int]) -> tuple[list[Level], tuple[Unmeasured, ...]]:
    """Each cache and memory itself; and why memory itself is not measured."""
    caches = cache_levels(cpus)
    levels = [Level(name=each.name, size_bytes=each.size_bytes, set_bytes=each.size_bytes // 2) for each in caches]
    levels = levels or [Level(name=f"{size >> 10}KiB", size_bytes=size, set_bytes=size) for size in SWEEP]
    wanted = max(4 * caches[-1].size_bytes, LEAST_DRAM) if caches else SWEPT_DRAM
    free = memory_bytes().get("MemAvailable")
    if free is not None and wanted > free // 4:
        why = f"{DRAM} takes arrays of {wanted >> 20} MiB, a quarter of what is free is {free // 4 >> 20} MiB"
        return levels, (Unmeasured(part="memory", reason=why),)
    return [*levels, Level(name=DRAM, size_bytes=0, set_bytes=wanted)], ()


def _of_level(level: Level, crew: Crew) -> Iterator[Bandwidth]:
    for access in ACCESSES:
        size = bytes_each(level, access, crew.size)
        arrays = crew.each(partial(arrays_of, ARRAYS[access], size))
        yield Bandwidth(
            level=level.name,
            level_bytes=level.size_bytes,
            access=access,
            set_bytes=size * ARRAYS[access] * crew.size,
            bytes_per_s=(max(rate(way, arrays, crew, level.parts) for way in ways(access, size)),),
        )


def bytes_each(level: Level, access: Access, threads: int) -> int:
    """Of one array, so that all arrays of all threads are the level's set."""
    size = level.set_bytes // threads // ARRAYS[access]
    unit = _VECTORS if size <= SMALL_BYTES else _ROWS
    return max(size // unit * unit, _VECTORS)


def arrays_of(count: int, size: int) -> "list[Bytes]":
    """Arrays of bytes, each at the start of a page, with room behind it; to be made in the thread that uses them."""
    import numpy as np

    np.setbufsize(_NO_BUFFER)  # of this thread alone
    pitch = -(-(size + SLIDE_BYTES) // _PAGE) * _PAGE
    room = np.ones(count * pitch + _PAGE, dtype=np.uint8)  # written, so that all its pages are there
    start = -room.ctypes.data % _PAGE
    return [room[start + number * pitch :][:size] for number in range(count)]


def rate(way: Way, arrays: "Sequence[list[Bytes]]", crew: Crew, parts: int = 1) -> float:
    """Bytes a second of the fastest pass, all threads together, over each of so many parts of the arrays in turn.

    Short passes are often not interrupted; a part has left the caches when its turn comes again.
    """
    cut = [[[_part(array, number, parts) for array in own] for own in arrays] for number in range(parts)]
    times = _times(way, cut[0], crew) if parts == 1 else 1
    turns = cycle([[way.make(times, *own) for own in each] for each in cut])
    best, spent, done = float("inf"), 0.0, 0
    while done < FEWEST_PASSES * parts or spent < SPENT_S:
        seconds = crew.seconds(next(turns))
        best, spent, done = min(best, seconds), spent + seconds, done + 1
    return times * way.passes * sum(array.nbytes for own in cut[0] for array in own) / best


def _part(array: "Bytes", number: int, parts: int) -> "Bytes":
    size = array.nbytes // parts // _ROWS * _ROWS or array.nbytes
    return array[number * size :][:size]


def _times(way: Way, arrays: "Sequence[list[Bytes]]", crew: Crew) -> int:
    """How often to go over the arrays in one pass: a short one is mostly the start of its threads."""
    times = 1
    while (seconds := crew.seconds([way.make(times, *own) for own in arrays])) < SAMPLE_S / 2 and times < MOST_TIMES:
        times = min(max(2 * times, int(times * SAMPLE_S / seconds)), MOST_TIMES)
    return times
