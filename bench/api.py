"""The Python surface, whole: measure a network or its layers, read a run, and have its numbers as data frames.

    from bench.api import measure
    row = measure("package.module:factory", runtime="onnxruntime")
    print(row.latency, row.verdict)

What measures or draws is imported where it is used, so that this module imports quickly and without torch.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench import journal
from bench.errors import BenchError, UsageError
from bench.plan.axes import Axes, cells
from bench.plan.runtimes import MODULE_RUNTIME, usual_runtime
from bench.records.answer import MARGIN
from reports.best.choice import Choice, choices
from reports.best.condition import conditions as parse_conditions
from reports.comparisons import Comparison, comparisons
from reports.frame import frame, ledger, samples
from reports.layers.profile import Profile, profiles
from reports.notebook import NotebookRun
from reports.results import Results
from reports.row import Row
from reports.rows import rows
from reports.runs_compared import RunsCompared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn
    from torch.export import ExportedProgram

    from bench.host.campaign import Campaign
    from bench.host.enough import Enough
    from bench.records.device import Device
    from bench.records.origin import Origin
    from bench.records.pair import Pair
    from bench.records.run import Run
    from bench.records.workload import Unit
    from bench.wire.order import TaskKind
    from reports.contributed.fault import Fault

    Table = Callable[[Campaign, Device], tuple[Sequence[Unit], Sequence[Pair]]]

__all__ = [
    "best",
    "check_runs",
    "compare",
    "compare_runs",
    "frame",
    "layers",
    "ledger",
    "measure",
    "read_run",
    "samples",
    "site",
]


def read_run(folder: Path | str) -> NotebookRun:
    """The run in that folder, finished or not; a notebook shows its table.

    Its `figures()` are its pictures, `frame`, `ledger` and `samples` its numbers. BenchError where there is none.
    """
    return NotebookRun(**vars(journal.read_run(Path(folder))))


def measure(
    network: "str | Path | nn.Module | ExportedProgram",
    *,
    runtime: str | None = None,
    device: str = "cpu",
    input_px: int | tuple[int, int] | None = None,
    batch: int | None = None,
    threads: int = 1,
    dtype: str | None = None,
    layout: str = "nchw",
    fused: bool = True,
    rounds: int = 5,
    out: Path | None = None,
) -> Row:
    """One row of `bench models`, by the same protocol.

    `network` is anything that `--model` takes: a name, `timm:NAME`, `package.module:factory`, a path to an .onnx file.
    Without a runtime, ONNX Runtime for an .onnx file and eager for everything else. A factory is imported as it would
    be here: from the folder of the script, the current one, and what else `sys.path` holds. `input_px` is the side of
    the image, or its height and width.

    A live module or exported program cannot be sent to a fresh process: a copy is measured in this one, as it is
    (eager, one round), and its verdict says `unreplicated`; it and the process stay as they were. Records stay in the
    folder `out`, where one is given. Raises BenchError; what a live module itself raised is its cause.
    """
    if isinstance(network, Path):
        network = str(network)
    if runtime is None:
        runtime = usual_runtime(network) if isinstance(network, str) else MODULE_RUNTIME
    try:
        if not isinstance(network, str):
            if runtime != MODULE_RUNTIME or device != "cpu":
                raise UsageError("expected eager on cpu for a live module; name a package.module:factory for the rest")
            from bench.worker.live import measure_live

            return rows(measure_live(network, input_px or 224, batch or 1, threads, dtype or "float32", layout))[0]
        axes = _axes(runtime, batch, threads, dtype, layout, rounds)
        return rows(_run("models", device, _table(network, axes, input_px, fused=fused), axes.seed, out))[0]
    except ValueError as error:
        raise UsageError(str(error)) from error


def layers(
    network: "str | Path",
    *,
    runtime: str | None = None,
    device: str = "cpu",
    input_px: int | tuple[int, int] | None = None,
    batch: int | None = None,
    threads: int = 1,
    dtype: str | None = None,
    layout: str = "nchw",
    fused: bool = True,
    workers: int = 3,
    out: Path | None = None,
) -> Profile:
    """`bench layers NETWORK`: its `layers`, `kinds` and `stages`, each with its time, multiply-adds and bytes.

    `network` is anything that `--model` takes; without a runtime ONNX Runtime for an .onnx file, eager for all others.
    `total` is the sum of its layers, `plain` a call without the profiler. Records stay in the folder `out`, where
    one is given. Raises BenchError, also where its layers cannot be had.
    """
    network = str(network)
    try:
        chosen = runtime or usual_runtime(network)
        axes = _axes(chosen, batch, threads, dtype, layout, workers)
        run = _run("layers", device, _table(network, axes, input_px, fused=fused), axes.seed, out, kind="layers")
    except ValueError as error:
        raise UsageError(str(error)) from error
    found = profiles(run, rows(run))
    if not found:
        raise BenchError(f"expected layers of {network}, got none: {rows(run)[0].reason}")
    return found[0]


def compare(
    first: str,
    second: str,
    *,
    device: str = "cpu",
    pairs: int = 10,
    until: float | None = None,
    budget_s: float | None = None,
    margin: float = MARGIN,
    python_a: Path | str | None = None,
    python_b: Path | str | None = None,
    out: Path | None = None,
) -> Comparison:
    """`bench compare FIRST SECOND`: the time of the second over that of the first, by pairs of live workers.

    Each side is written as there: `"fasternet_t0@onnxruntime"`, `"dwconv,size=96x56x56,allocator=system"`. `until` is
    the relative half-width of the ratio's interval at which it ends, `budget_s` the seconds it may take; `pairs` is the
    most there will be, `margin` the relative change below which none counts. `python_a` and `python_b` are paths of
    Pythons on the device, which run the first and the second with the packages that they hold. Records stay in the
    folder `out`, where one is given. Raises BenchError.
    """
    from bench.host.enough import Enough
    from bench.plan.sides import comparison_pairs, parse_side

    try:
        sides = parse_side(first), parse_side(second)
        origins = _origin(python_a), _origin(python_b)
        axes, enough = Axes(), Enough(until=until, budget_s=budget_s, margin=margin)
        run = _run(
            "compare",
            device,
            lambda campaign, found: ((), comparison_pairs(sides, campaign.inspect, axes, [found], pairs, origins)),
            axes.seed,
            out,
            enough,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    return comparisons(run)[0]


def best(run: "Path | str | Run", conditions: str = "", *, device: str = "") -> tuple[Choice, ...]:
    """`bench best RUN "top1>=75% latency<=20ms"`: a choice for each device of a run of networks, or for that one.

    `meeting` are the rows that surely meet all conditions, `front` those of them that nothing beats in both accuracy
    and time by the middle of its interval, `open_front` those that cannot be told from it, `open` those of which a
    condition is undecided. Raises BenchError where there is no run, or a condition cannot be read.
    """
    read = journal.read_run(Path(run)) if isinstance(run, Path | str) else run
    return choices(Results(run=read), parse_conditions(conditions), device)


def compare_runs(first: Path | str, second: Path | str) -> RunsCompared:
    """`bench compare FIRST SECOND` of two finished runs: its `cells`, and the `differences` of their environments.

    Raises BenchError where there is no run.
    """
    runs = journal.read_run(Path(first)), journal.read_run(Path(second))
    return RunsCompared(first=runs[0], second=runs[1], names=(str(first), str(second)))


def site(runs: "Sequence[Path | str]", out: Path | str) -> Path:
    """`bench site RUNS --out DIR`: a static results page of these runs, or folders of runs, in the folder `out`.

    Returns its first page. What `check_runs` finds does not keep a run out. Raises BenchError where a run cannot be
    read or `out` holds something else, OSError where it cannot be written.
    """
    from reports.site.make import make_site

    return make_site([Path(each) for each in runs], Path(out))


def check_runs(runs: "Sequence[Path | str]") -> "tuple[Fault, ...]":
    """`bench site RUNS --check`: what is wrong with runs that somebody contributes, each with its `path`, `line` and
    `said`.

    Raises BenchError where a folder holds no run.
    """
    from reports.contributed.faults import faults
    from reports.history.folders import run_folders

    return tuple(faults(run_folders(Path(each) for each in runs)))


def _origin(python: Path | str | None) -> "Origin":
    from bench.records.origin import Origin

    return Origin(python=str(Path(python).expanduser().absolute()) if python else "")


def _axes(runtime: str, batch: int | None, threads: int, dtype: str | None, layout: str, rounds: int) -> Axes:
    return Axes(
        runtimes=(runtime,),
        batches=(batch,) if batch else (),
        threads=(threads,),
        dtypes=(dtype,) if dtype else (),
        layouts=(layout,),
        rounds=rounds,
    )


def _table(network: str, axes: Axes, input_px: int | tuple[int, int] | None, *, fused: bool) -> "Table":
    from bench.plan.names import network_workloads
    from bench.plan.schedule import all_rounds

    def table(campaign: "Campaign", found: "Device") -> "tuple[Sequence[Unit], Sequence[Pair]]":
        workloads = network_workloads(
            campaign.inspect, [network], [] if input_px is None else [input_px], forms=("plain",), fused=fused
        )
        return all_rounds(cells(workloads, axes, found, axes.runtimes), axes.rounds), ()

    return table


def _run(
    command: str,
    device: str,
    table: "Table",
    seed: int,
    out: Path | None,
    enough: "Enough | None" = None,
    kind: "TaskKind" = "measure",
) -> "Run":
    """Plan, measure and read back what `table` asks for on one device."""
    from bench.cache.store import usable_cache
    from bench.devices.file import find_device
    from bench.host.campaign import Campaign
    from bench.host.observer import SilentObserver
    from bench.link.choice import transport_for

    campaign = Campaign([find_device(device)], transport_for, usable_cache(), SilentObserver())
    try:
        units, pairs = table(campaign, find_device(device))
        campaign.connect([*units, *(unit for pair in pairs for unit in (pair.first, pair.second))])
        plan = campaign.plan(command, (), (), units, pairs, seed)
        plan = plan if enough is None else replace(plan, margin=enough.margin)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(out or Path(scratch) / "run")
            with journal.Journal.create(folder, plan) as opened:
                problems = campaign.run(opened, plan.units, plan.pairs, plan.seed, enough, kind=kind)
            if problems:
                raise problems[0]
            return journal.read_run(folder)
    finally:
        campaign.close()
