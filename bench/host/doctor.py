"""One device under examination: what it is, how it is set, its noise floor, and a workload compared with itself."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import BenchError
from bench.host.campaign import Campaign
from bench.host.enough import Enough
from bench.journal import Journal, read_run
from bench.plan.axes import Axes, cells
from bench.plan.runtimes import GRAPH_RUNTIME, MODULE_RUNTIME, runtime
from bench.plan.subjects import OperatorGrid, operator_workloads
from bench.records.device import Device
from bench.records.environment import Environment
from bench.records.health import Health
from bench.records.measurement import NoiseFloor
from bench.records.pair import Pair, PairRecord
from bench.records.record import Record
from bench.records.workload import Unit

# Small enough for a board, of which a call takes a millisecond here.
OPERATOR, SIZE = "pconv", (96, 28, 28)
MOST_THREADS = 8  # that are tried at once
PAIRS_S = 21.0  # after which no pair begins that would, like the longest so far, end later
FEWEST, MOST = 3, 6  # pairs: with fewer their spread is a guess


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What was found. `pairs` are of one workload on both sides; `reason` says why some of it is missing."""

    device: Device
    environment: Environment
    health: Health | None = None
    noise: NoiseFloor | None = None
    workload: Unit | None = None
    pairs: tuple[PairRecord, ...] = ()
    reason: str = ""


class _InTime(Enough):
    """As many pairs as there is time for, from the first one on, but never too few for a spread."""

    def __init__(self) -> None:
        super().__init__(budget_s=PAIRS_S)
        self._asked = self._done = 0

    def ended(self, record: Record | PairRecord, *, here: bool = True) -> None:
        super().ended(record, here=here)
        self._done += 1

    def has(self, pair: Pair) -> bool:
        """Whether there is no time for it; exports came first and do not count."""
        self._started = self._started if self._asked else time.monotonic()
        self._asked += 1
        return self._done >= FEWEST and super().has(pair)


def examine(campaign: Campaign, device: Device, priority: str = "") -> Examination:
    """Look at a connected device, half a minute long; DeviceError where it is lost.

    `priority` is that of the workers that compare a workload with itself; empty: as the device's entry says.
    """
    (machine,) = campaign.machines
    environment = machine.environments[device.name]
    quota = environment.cpu_quota or environment.physical_cores
    threads = max(1, min(environment.physical_cores, len(environment.allowed_cpus), int(quota), MOST_THREADS))
    found = Examination(device=device, environment=environment)
    health, why = machine.answer("health", threads)
    noise, _ = machine.answer("noise")
    found = replace(
        found,
        health=health if isinstance(health, Health) else None,
        noise=noise if isinstance(noise, NoiseFloor) else None,
        reason=why,
    )
    return found if campaign.stopped else _compared_with_itself(campaign, found, Axes(priority=priority, threads=(1,)))


def _compared_with_itself(campaign: Campaign, found: Examination, axes: Axes) -> Examination:
    unit = _workload(found, axes)
    if unit is None:
        return replace(found, reason="neither ONNX Runtime nor PyTorch is installed there")
    pairs = [Pair(first=each, second=each) for each in (replace(unit, round=i) for i in range(MOST))]
    plan = campaign.plan("compare", (), (), (), pairs, unit.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        with Journal.create(folder, plan) as journal:
            problems = campaign.run(journal, (), plan.pairs, plan.seed, _InTime())
        records = read_run(folder).pair_records
    return replace(found, workload=unit, pairs=records, reason=_why(records, problems) or found.reason)


def _workload(found: Examination, axes: Axes) -> Unit | None:
    """A small operator in the runtime that is there."""
    names = (MODULE_RUNTIME,) if found.device.accelerator else (GRAPH_RUNTIME, MODULE_RUNTIME)
    there = [name for name in found.device.runtimes or names if found.environment.runtime(runtime(name).package)]
    if not there:
        return None
    workloads = operator_workloads(OperatorGrid(operators=(OPERATOR,), sizes=(SIZE,)))
    return cells(workloads, replace(axes, runtimes=(there[0],)), found.device, ())[0]


def _why(records: Sequence[PairRecord], problems: Sequence[BenchError]) -> str:
    failed = [record.reason or record.reason_kind for record in records if record.status != "done"]
    return next(iter([*failed, *map(str, problems)]), "")
