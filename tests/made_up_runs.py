"""Runs made up for the tests of reports: the paper's operators and networks at times that a test names."""

import io
from dataclasses import replace

from rich.console import Console

from bench.records.environment import Environment, RuntimeVersion
from bench.records.measurement import Cost, Measurement, NoiseFloor
from bench.records.pair import Pair, PairRecord
from bench.records.record import Record
from bench.records.run import DeviceState, Plan, Run
from bench.records.verdict import Verdict
from bench.records.workload import ModelArguments, Unit, Workload
from reports.paper_tables import paper, table1
from reports.results import Results
from reports.row import Row
from reports.rows import rows
from reports.terminal import TerminalReport
from tests.made_up import environment as small_machine
from tests.made_up import unit as small_unit

SIZES = ((96, 56, 56), (192, 28, 28), (384, 14, 14), (768, 7, 7))
T0 = ["shufflenetv2_x1_5", "mobilenetv2", "mobilevit_xxs", "edgenext_xxs", "fasternet_t0"]
COST = Cost(params=10, macs=1_000_000, bytes_ideal=400, bytes_moved=800)
NETWORK_COST = Cost(params=10, macs=340_000_000, bytes_ideal=None, bytes_moved=1000)
QUIET = NoiseFloor(
    timer_overhead_s=5e-8,
    timer_resolution_s=1e-9,
    spin_samples_s=(1.0, 1.1),
    gemm_samples_s=(2.0, 2.0),
    gemm_size=256,
)


def environment(machine: str = "x86_64", cpu: str = "Test CPU") -> Environment:
    """Two cores and torch."""
    return replace(
        small_machine(), machine=machine, cpu_model=cpu, runtimes=(RuntimeVersion(name="torch", version="2.13.0"),)
    )


def state(name: str = "cpu", machine: str = "x86_64") -> DeviceState:
    """A device whose noise was not measured."""
    return DeviceState(name=name, environment=environment(machine))


def op(name: str = "conv", shape: tuple[int, int, int] = SIZES[0], number: int = 0) -> Unit:
    """An operator under the paper's settings, ten layers, in round `number`."""
    own = small_unit(name, size=shape, round_number=number)
    return replace(own, workload=replace(own.workload, stack=10))


def net(name: str, number: int = 0, device: str = "cpu", px: int | None = None, form: str = "") -> Unit:
    """A network under the paper's settings, at its published input size where it has one."""
    known = paper().by_name.get(name)
    workload = Workload(
        kind="model",
        name=name,
        input_shape=known.input_shape if known and not px else (3, px or 224, px or 224),
        variant=form,
        model=ModelArguments(source=name, form=form),
    )
    return replace(small_unit(device=device, round_number=number), workload=workload)


def measurement(seconds: float, samples: int = 3, verdicts: tuple[Verdict, ...] = ()) -> Measurement:
    """The same time in every sample."""
    return Measurement(
        samples_s=(seconds,) * samples,
        iterations_per_sample=1,
        warmup_iterations=3,
        steady=True,
        precise=True,
        load_s=0.5,
        first_call_s=0.25,
        max_error=1e-6,
        peak_memory_bytes=1000,
        threads_seen=1,
        cpus=(1,),
        verdicts=verdicts,
    )


def done(of: Unit, seconds: float, cost: Cost | None = None, verdicts: tuple[Verdict, ...] = ()) -> Record:
    """The unit ended with that time."""
    plain = COST if of.workload.kind == "op" else NETWORK_COST
    measured = measurement(seconds, verdicts=verdicts)
    return Record(unit=of, attempt=1, status="done", measurement=measured, cost=cost or plain)


def failed(of: Unit, reason: str = "the step took longer than 120 s") -> Record:
    """The unit ended without a number."""
    return Record(unit=of, attempt=1, status="failed", reason_kind="timeout", reason=reason, cost=COST)


def ops_run(units: list[Unit], records: list[Record], env: Environment | None = None) -> Run:
    """`bench ops` on one device whose noise was measured twice."""
    own = DeviceState(name="cpu", environment=env or environment(), noise=(QUIET, QUIET))
    return Run(plan=_plan("ops", units, (), (own,)), records=tuple(records), devices=(own,))


def models_run(
    records: list[Record], pairs: list[PairRecord] | None = None, states: tuple[DeviceState, ...] = (state(),)
) -> Run:
    """`bench models` in which every unit and pair has ended."""
    ended = tuple(pairs or ())
    plan = _plan("models", [record.unit for record in records], tuple(record.pair for record in ended), states)
    return Run(plan=plan, records=tuple(records), pair_records=ended, devices=states)


def _plan(command: str, units: list[Unit], pairs: tuple[Pair, ...], states: tuple[DeviceState, ...]) -> Plan:
    return Plan(
        command=command,
        argv=("bench", command),
        created_utc="2026-01-01T00:00:00Z",
        version="0.1.0",
        code_version="c",
        units=tuple(units),
        pairs=pairs,
        devices=states,
    )


def only(run: Run) -> Row:
    """The one row of a run that has one."""
    (row,) = rows(run)
    return row


def table1_run(rounds: int = 2, factor: float = 2.0, fail: str = "") -> Run:
    """Every operator of Table 1 at `factor` times the paper's CPU time, in every round the same."""
    units, records = [], []
    for number in range(rounds):
        for facts in table1()[:16]:
            own = op(facts.op, facts.shape, number)
            units.append(own)
            cost = Cost(params=1, macs=facts.macs, bytes_ideal=None, bytes_moved=None)
            seconds = factor * (facts.speed.cpu_latency_s or 0)
            records.append(failed(own) if facts.op == fail else done(own, seconds, cost))
    return ops_run(units, records)


def axes_run(rounds: int = 1, sizes: tuple[tuple[int, int, int], ...] = ((32, 14, 14),)) -> Run:
    """Two operators over 24 settings: 2 runtimes x 3 dtypes x 2 layouts x 2 threads; 4 of them fail."""
    units = [
        replace(op(name, size, number), runtime=runtime, dtype=dtype, layout=layout, threads=threads)
        for number in range(rounds)
        for name in ("dwconv+pwconv", "pconv")
        for size in sizes
        for runtime in ("eager", "onnxruntime")
        for dtype in ("float32", "bfloat16", "float16")
        for layout in ("nchw", "channels_last")
        for threads in (1, 2)
    ]
    unable = {unit.id for unit in units if unit.runtime == "onnxruntime" and unit.dtype == "bfloat16"}
    records = [
        failed(unit, "no bfloat16 kernels") if unit.id in unable else done(unit, 3.77e-5 * (1 + 0.03 * unit.round))
        for unit in units
    ]
    return ops_run(units, records)


def paired(first: str, second: str, ratios: list[float], fail: int = 0) -> list[PairRecord]:
    """Pairs in which `first` is that many times faster; the last `fail` of them ended in a crash."""
    records = []
    for number, ratio in enumerate(ratios):
        pair = Pair(first=net(first, number), second=net(second, number))
        crashed = PairRecord(
            pair=pair, attempt=1, status="failed", reason_kind="crash", reason="signal 11 in the second"
        )
        ended = PairRecord(pair=pair, attempt=1, status="done", first_s=(1.0, 2.0), second_s=(ratio, 2 * ratio))
        records.append(crashed if number >= len(ratios) - fail else ended)
    return records


def printed(run: Run, width: int = 100) -> str:
    """What a terminal of that width shows of the run."""
    file = io.StringIO()
    console = Console(width=width, file=file, force_terminal=False)
    console.print(TerminalReport(Results(run=run)))
    return file.getvalue()
