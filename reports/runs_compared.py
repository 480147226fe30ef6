"""Two finished runs beside each other, cell by cell: information, since neither was interleaved with the other.

Cells are matched by everything that decides a number but the time and the code. What else differs is named; where
anything does, a ratio says nothing of the workload alone and gets no answer but OTHER.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from bench.errors import UsageError
from bench.records.answer import Answer, answer
from bench.records.environment import Environment, changed
from bench.records.run import Run
from bench.records.verdict import Verdict, worst
from bench.records.workload import Unit
from bench.statistics import Interval
from reports.cell_identity import digest, identity
from reports.row import Row
from reports.rows import rows
from reports.tables.csv_table import OF_UNIT
from reports.welch import Logs, Ratio

OTHER: Literal["other environment"] = "other environment"
_MORE = (
    "governor",
    "max_frequency_hz",
    "allowed_cpus",
    "cleared_variables",
    "python",
)  # beside the fingerprint's parts
_NEAR = 2  # so many settings apart, a cell of the other run is worth naming


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing about a device that is not the same in both runs."""

    device: str
    name: str
    first: str
    second: str


@dataclass(frozen=True, kw_only=True)
class CellComparison:
    """One cell of the second run beside the same one of the first.

    ratio: its time over that in the first run, above 1 it became slower; None where one of them has no time.
    answer: UNMEASURED where no interval can be made, OTHER where the environments are not alike.
    smallest: the smallest change that these rounds would have shown, relative.
    """

    unit: Unit  # without round, code and fingerprint
    first: Row | None
    second: Row | None
    ratio: Interval | None
    answer: Answer | Literal["other environment"]
    smallest: float | None = None
    reason: str = ""

    @property
    def verdict(self) -> Verdict | None:
        """The worst that either run says of its number."""
        said = [row.verdict for row in (self.first, self.second) if row is not None and row.verdict is not None]
        return worst(said) if said else None


@dataclass(frozen=True, kw_only=True)
class RunsCompared:
    """Two runs by name; UsageError where one holds no table of rows."""

    first: Run
    second: Run
    names: tuple[str, str]

    def __post_init__(self) -> None:
        for run, name in zip((self.first, self.second), self.names, strict=True):
            if not run.plan.units:
                raise UsageError(f"expected a run of `bench ops` or `bench models`, got {name} of {run.plan.command}")

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """What is not the same about the devices that both runs name."""
        devices = dict.fromkeys(unit.device for unit in self.first.plan.units)
        shared = [each for each in devices if any(unit.device == each for unit in self.second.plan.units)]
        return tuple(
            Difference(device=device, name=name, first=old, second=new)
            for device in shared
            for name, old, new in self._of_device(device)
        )

    @cached_property
    def cells(self) -> tuple[CellComparison, ...]:
        """Every cell of either run: those that both have, then those of the first alone, then of the second alone."""
        first, second = ({identity(row.unit): row for row in rows(run)} for run in (self.first, self.second))
        unlike = {each.device for each in self.differences}
        both_first = sorted(dict.fromkeys([*first, *second]), key=lambda unit: unit not in first or unit not in second)
        return tuple(
            _cell(unit, first.get(unit), second.get(unit), self._hint(unit, first, second), unit.device in unlike)
            for unit in both_first
        )

    def _of_device(self, device: str) -> list[tuple[str, str, str]]:
        old, new = (run.device(device).environment for run in (self.first, self.second))
        codes = self.first.plan.code_version, self.second.plan.code_version
        found = [("code version", *codes)] if codes[0] != codes[1] else []
        return [*found, *environment_changes(old, new)]

    def _hint(self, unit: Unit, first: Mapping[Unit, Row], second: Mapping[Unit, Row]) -> str:
        """Why a cell is in one run alone, and the nearest one of the other."""
        if unit in first and unit in second:
            return ""
        own, name, others = (*(self.names[0],), self.names[1], second) if unit in first else (*self.names[::-1], first)
        near = _nearest(unit, list(others))
        return f"only in {own}" + (f"; {name} has it with {near}" if near else "")


def environment_changes(old: Environment | None, new: Environment | None) -> list[tuple[str, str, str]]:
    """What of a device that may decide a number is not the same: its name, what it was, what it is."""
    if old is None or new is None:
        return [("environment", "known" if old else "unknown", "known" if new else "unknown")]
    return [*changed(old, new), *_more(old, new)]


def _more(old: Environment, new: Environment) -> list[tuple[str, str, str]]:
    pairs = [(name, getattr(old, name), getattr(new, name)) for name in _MORE]
    return [(name.replace("_", " "), str(a or "unknown"), str(b or "unknown")) for name, a, b in pairs if a != b]


def _nearest(unit: Unit, others: Sequence[Unit]) -> str:
    """`dtype float16`: the settings of the most like cell of the same workload; empty where none is near."""
    settings = [name for name in OF_UNIT if name not in ("kind", "name", "variant", "input_shape", "stack", "round")]
    apart = [
        [f"{name} {OF_UNIT[name](other)}" for name in settings if OF_UNIT[name](other) != OF_UNIT[name](unit)]
        for other in others
        if other.workload == unit.workload
    ]
    nearest = min((each for each in apart if each), key=len, default=[])
    return ", ".join(nearest) if len(nearest) <= _NEAR else ""


def _cell(unit: Unit, first: Row | None, second: Row | None, hint: str, other: bool) -> CellComparison:
    times = [row.time if row is not None else None for row in (first, second)]
    old, new = times
    if old is None or new is None:
        said = [f"{row.status}: {row.reason}" for row in (first, second) if row is not None and row.time is None]
        return CellComparison(
            unit=unit, first=first, second=second, ratio=None, answer="UNMEASURED", reason=hint or "; ".join(said)
        )
    taken = [[math.log(each.seconds) for each in row.medians] for row in (first, second) if row is not None]
    if min(map(len, taken)) < 2:
        return CellComparison(
            unit=unit,
            first=first,
            second=second,
            ratio=Interval(centre=new.centre / old.centre),
            answer="UNMEASURED",
            reason="one round has no interval; measure with --rounds",
        )
    ratio = Ratio(first=Logs.of(taken[0]), second=Logs.of(taken[1]))
    return CellComparison(
        unit=unit,
        first=first,
        second=second,
        ratio=ratio.interval,
        answer=OTHER if other else answer(ratio.interval),
        smallest=math.expm1(min(ratio.half, 700.0)),
        reason=_network(first, second),
    )


def _network(first: Row | None, second: Row | None) -> str:
    digests = {digest(row.unit) for row in (first, second) if row is not None}
    return "the network is another version" if len(digests) > 1 else ""
