"""What one call of an operator computes, moves and takes: the rows that the claim is tested on, by place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bench.records.workload import Settings, Unit
from reports.row import Row
from reports.rows import settings_text

FEWEST = 8  # combinations of operator and size, from which on anything is said
FAULTING = 0.05  # of a row's time, from which on its page faults are more than chance


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and how operators were timed: what may not differ between cells that are held against each other."""

    device: str
    runtime: str
    dtype: str
    threads: int
    mode: str
    settings: Settings
    switches: str = field(compare=False)  # in words, those that differ from the default

    @property
    def cache(self) -> str:
        """What a call found in the caches."""
        return "cold" if self.settings.cold_cache else "warm"

    @property
    def how(self) -> str:
        """All but the device, in words."""
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        return ", ".join(filter(None, [self.runtime, self.dtype, threads, self.switches]))

    @property
    def text(self) -> str:
        """In words (not escaped)."""
        return f"{self.device}, {self.how}"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One row: `macs`, `bytes_moved`, `bytes_ideal` and `page_faults` of a call of the whole batch."""

    row: Row
    macs: float
    bytes_moved: float
    bytes_ideal: float | None
    page_faults: float  # 0 where they were not counted, as on a GPU, and where no row of the place has many
    seconds: float

    @property
    def speed(self) -> float:
        """MAC/s."""
        return self.macs / self.seconds

    @property
    def workload(self) -> tuple[object, ...]:
        """What cells share that differ in their allocator alone: they are no evidence apart from each other."""
        unit = self.row.unit
        return (self.row.label, self.row.size, unit.workload.stack, unit.batch, unit.layout)


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Those of one place that tell all that is needed, and how many rows of operators there are."""

    place: Place
    every: tuple[Cell, ...]
    rows: int

    @cached_property
    def workloads(self) -> tuple[tuple[object, ...], ...]:
        """Each once, in the order of the plan."""
        return tuple(dict.fromkeys(cell.workload for cell in self.every))

    @property
    def missing(self) -> str:
        """What keeps the claim from being tested, in a line; empty where nothing does."""
        operators = {cell.row.label for cell in self.every}
        sizes = {cell.row.size for cell in self.every}
        if len(self.workloads) >= FEWEST and len(operators) > 1 and len(sizes) > 1:
            return ""
        return (
            f"needs {FEWEST} combinations of operator and size, two of each at least, with a time, MACs and bytes "
            f"moved; has {len(self.workloads)} of {len(operators)} operators at {len(sizes)} sizes in {self.rows} rows"
        )


def by_place(rows: Iterable[Row]) -> tuple[Cells, ...]:
    """The operators of a run, in the order of the plan."""
    groups: dict[Place, list[Row]] = {}
    for row in rows:
        if row.unit.workload.kind == "op":
            groups.setdefault(_place(row.unit), []).append(row)
    return tuple(Cells(place=place, every=_cells(own), rows=len(own)) for place, own in groups.items())


def _place(unit: Unit) -> Place:
    return Place(
        device=unit.device,
        runtime=unit.runtime,
        dtype=unit.dtype,
        threads=unit.threads,
        mode=unit.mode,
        settings=unit.settings,
        switches=settings_text(unit),
    )


def _cells(rows: Sequence[Row]) -> tuple[Cell, ...]:
    # A fault or two here and there would be fitted at any price.
    faulting = any((row.page_fault_share or 0.0) > FAULTING for row in rows)
    return tuple(
        Cell(
            row=row,
            macs=float(row.macs * row.unit.batch),
            bytes_moved=float(row.cost.bytes_moved),
            bytes_ideal=row.cost.bytes_ideal,
            page_faults=(row.page_faults_per_call or 0.0) * faulting,
            seconds=row.time.centre,
        )
        for row in rows
        if row.time is not None and row.macs and row.cost is not None and row.cost.bytes_moved
    )
