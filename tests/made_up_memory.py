"""Runs of operators whose times follow a law: so much for each MAC, byte, page fault and call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.plan.subjects import OperatorGrid, operator_spec, operator_workloads
from bench.records.measurement import Cost, Disturbances
from bench.records.record import Record
from bench.records.run import Run
from bench.records.workload import Settings, Unit
from operators.cost import operator_cost
from tests.made_up_runs import SIZES, done, op, ops_run

ALL = ("conv", "gconv", "dwconv", "pconv")
FAULT_S = 1e-6
PAGE = 4096


@dataclass(frozen=True, kw_only=True)
class Law:
    """Seconds for one of each. `faulting`: faults for each page of what is moved, under the C library's own malloc."""

    mac: float = 2e-11
    byte: float = 0.0
    fault: float = 0.0
    call: float = 0.0
    cold_byte: float = 0.0  # in place of `byte` on cold caches
    faulting: float = 0.5

    def seconds(self, unit: Unit, cost: Cost) -> float:
        """Of a call."""
        byte = self.cold_byte if unit.settings.cold_cache else self.byte
        moved, macs = cost.bytes_moved or 0, cost.macs or 0
        return self.mac * macs + byte * moved + self.fault * self.faults(unit, cost) + self.call

    def faults(self, unit: Unit, cost: Cost) -> float:
        """In a call."""
        return self.faulting * (cost.bytes_moved or 0) / PAGE if unit.allocator == "system" else 0.0


def memory_run(
    law: Law,
    *,
    operators: Sequence[str] = ALL,
    sizes: Sequence[tuple[int, int, int]] = SIZES,
    implementations: Sequence[str] = ("split_cat",),
    allocators: Sequence[str] = ("retained",),
    caches: Sequence[bool] = (False,),
    rounds: int = 2,
    noise: Callable[[int], float] = lambda number: 1.0,
) -> Run:
    """Every combination in each round; `noise` is a factor for each record, by its number."""
    grid = OperatorGrid(operators=tuple(operators), sizes=tuple(sizes), axes={"implementation": tuple(implementations)})
    units = [
        replace(op(), workload=workload, allocator=allocator, settings=Settings(cold_cache=cold), round=number)
        for number in range(rounds)
        for workload in operator_workloads(grid)
        for allocator in allocators
        for cold in caches
    ]
    return ops_run(units, [_record(law, unit, noise(at)) for at, unit in enumerate(units)])


def cost_of(unit: Unit) -> Cost:
    """By the closed formulas, float32."""
    found = operator_cost(operator_spec(unit.workload), unit.batch)
    return Cost(
        params=found.params, macs=found.macs, bytes_ideal=4 * found.elements_ideal, bytes_moved=4 * found.elements_moved
    )


def _record(law: Law, unit: Unit, factor: float) -> Record:
    cost = cost_of(unit)
    made = done(unit, law.seconds(unit, cost) * factor, cost)
    assert made.measurement is not None
    seen = Disturbances(page_faults_per_call=law.faults(unit, cost), page_fault_s=law.fault)
    return replace(made, measurement=replace(made.measurement, disturbances=seen))
