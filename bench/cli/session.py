"""What the commands that measure have in common: from options to a folder of results and an exit code."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.cache.store import default_cache, usable_cache
from bench.cli.capacity import check_capacity
from bench.cli.console import SturdyConsole
from bench.cli.gate import comparison_code
from bench.cli.interrupts import Interrupts
from bench.cli.output import print_results, write_files
from bench.cli.plan_text import show_plan, tell_budget
from bench.cli.progress import ConsoleObserver
from bench.cli.request import Request
from bench.cli.resume import check_same, device_names, left, plan_to_resume, take_limits
from bench.cli.streams import tell
from bench.errors import EXIT_DEVICE, EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, BenchError, UsageError
from bench.host.campaign import Campaign
from bench.host.ceilings import MAX_AGE_S, CeilingSource
from bench.host.peak_cache import PeakCache
from bench.journal import Journal, check_new, read_run
from bench.link.choice import transport_for
from bench.plain_text import LONGEST_MESSAGE, plain_line
from bench.plan.schedule import all_rounds
from bench.records.device import Device
from bench.records.pair import Pair, PairRecord
from bench.records.record import Record
from bench.records.run import DeviceState, Plan, Run
from bench.records.workload import Unit
from reports.budget import too_few
from reports.results import Results

Also = Callable[[Results], Sequence[Path]]  # writes what else was asked for, gives the files
LONGEST_NAMES = 100  # characters of a folder's name; a file system takes 255 bytes


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """What is to be measured, its folder open and its machines reached; no campaign where nothing is left."""

    plan: Plan
    folder: Path
    journal: Journal | None = None
    campaign: Campaign | None = None
    units: Sequence[Unit] = ()
    pairs: Sequence[Pair] = ()
    known: Sequence[DeviceState] = ()  # of an earlier process of the run


def run_command(request: Request, also: Also = lambda _: ()) -> int:
    """Plan or resume, measure, report; `also` writes files beyond those of the run. Returns the exit code."""
    observer = ConsoleObserver(SturdyConsole(stderr=True), quiet=request.quiet)
    if request.dry_run:
        return _dry_run(request, observer)
    problems: Sequence[BenchError] = ()
    interrupted = False
    begin = _planned if request.resume is None else _resumed
    with begin(request, observer) as begun:
        if begun.campaign is not None and begun.journal is not None:
            campaign = begun.campaign
            devices = [device for machine in campaign.machines for device in machine.devices]
            sure = [pair for pair in begun.pairs if not pair.again]
            with observer.watching(begun.units, sure, devices, request.enough.left_s), Interrupts(campaign):
                problems = campaign.run(
                    begun.journal,
                    begun.units,
                    begun.pairs,
                    begun.plan.seed,
                    request.enough,
                    _ceilings(begun),
                    "layers" if begun.plan.command == "layers" else "measure",
                )
            interrupted = campaign.stopped
        return _report(begun.folder, request.output_format, problems, also, interrupted=interrupted)


def _ceilings(begun: _Begun) -> CeilingSource | None:
    """Where the limits of rows come from; None where there are none, or nobody wants them."""
    plan = begun.plan
    if not begun.units or plan.flag("no_limit"):
        return None
    return CeilingSource(
        cache=PeakCache(usable_cache()),
        max_age_s=math.inf if plan.flag("quick") else MAX_AGE_S,
        measure=plan.budget_s is None and plan.command != "layers",  # whose time is their own
        known={state.name: state.ceilings for state in begun.known},
    )


@contextmanager
def _planned(request: Request, observer: ConsoleObserver) -> Iterator[_Begun]:
    devices = _devices(request.devices, request)
    folder = request.out or default_folder(request.command, devices)
    check_new(folder)  # before anything is inspected or reached
    with closing(Campaign(devices, transport_for, usable_cache(), observer)) as campaign:
        table, pairs = _table(request, campaign, devices)
        _check_budget(request, devices)
        units = all_rounds(table, request.axes.rounds)
        _reach(campaign, units, pairs)
        tell_budget(request, table, observer)
        plan = campaign.plan(request.command, request.argv, request.options, units, pairs, request.axes.seed)
        plan = replace(plan, base=request.base, margin=request.margin, ledger=request.ledger)
        plan = replace(plan, accuracy=request.accuracy, accuracies=request.accuracies)
        with Journal.create(folder, plan) as journal:
            yield _Begun(
                plan=plan, folder=folder, journal=journal, campaign=campaign, units=plan.units, pairs=plan.pairs
            )


@contextmanager
def _resumed(request: Request, observer: ConsoleObserver) -> Iterator[_Begun]:
    plan, folder = plan_to_resume(request)
    take_limits(request.enough, plan)
    # The lock first: until it is ours, another process may still be writing what is read.
    with Journal.open(folder) as journal:
        run = read_run(folder)
        units, pairs = left(plan, run, request.retry_failed)
        if not units and not pairs:
            yield _Begun(plan=plan, folder=folder)
            return
        devices = _devices(device_names(plan, units, pairs), request)
        with closing(Campaign(devices, transport_for, usable_cache(), observer)) as campaign:
            _reach(campaign, units, pairs)
            ended: tuple[Record | PairRecord, ...] = (*run.records, *run.pair_records)
            for record in ended:
                if record.status != "failed" or not request.retry_failed:
                    request.enough.ended(record, here=False)
            check_same(run, campaign, folder)
            yield _Begun(
                plan=plan,
                folder=folder,
                journal=journal,
                campaign=campaign,
                units=units,
                pairs=pairs,
                known=run.devices,
            )


def _dry_run(request: Request, observer: ConsoleObserver) -> int:
    """Show what would be measured; networks from outside the zoo are built for it, nothing is reached or written."""
    if request.resume is not None:
        plan, folder = plan_to_resume(request)
        take_limits(request.enough, plan)
        show_plan(*left(plan, read_run(folder), request.retry_failed), rounds=1, enough=request.enough)
        return EXIT_DONE
    devices = _devices(request.devices, request)
    check_new(request.out or default_folder(request.command, devices))
    with closing(Campaign(devices, transport_for, default_cache(), observer)) as campaign:
        table, pairs = _table(request, campaign, devices)
    _check_budget(request, devices)
    rounds = 1 if request.enough.rows else request.axes.rounds
    show_plan(table, pairs, rounds=rounds, enough=request.enough)
    tell_budget(request, table, observer)
    return EXIT_DONE


def _table(request: Request, campaign: Campaign, devices: Sequence[Device]) -> tuple[Sequence[Unit], Sequence[Pair]]:
    table, pairs = request.table(campaign, devices)
    planned = (*table, *(unit for pair in pairs for unit in (pair.first, pair.second)))
    if request.axes.calibration.digest and not any(unit.calibration.digest for unit in planned):
        raise UsageError(
            "expected --calibration with a network in int8, got none; ask for --dtype int8, or leave it out"
        )
    return table, pairs


def _check_budget(request: Request, devices: Sequence[Device]) -> None:
    machines = [device.machine for device in devices]
    if request.enough.rows is not None and len(set(machines)) < len(machines):
        raise UsageError("expected --budget with one device a machine, got two that share one; give each its own run")


def _reach(campaign: Campaign, units: Sequence[Unit], pairs: Sequence[Pair]) -> None:
    with Interrupts(campaign):
        campaign.connect([*units, *(unit for pair in pairs for unit in (pair.first, pair.second))])
    measured = [*units, *(pair.first for pair in pairs)]
    for unit in measured:
        if (found := campaign.environments.get(unit.device)) is not None:
            check_capacity(unit.device, found, unit.threads, realtime=unit.settings.realtime)


def _report(folder: Path, output_format: str, problems: Sequence[BenchError], also: Also, *, interrupted: bool) -> int:
    run = read_run(folder)
    results = Results(run=run)
    files = write_files(results, folder)
    more = also(results)
    print_results(results, folder, files, output_format)
    for path in more:
        tell(f"{path} written")
    for problem in problems:
        tell(f"bench: {plain_line(str(problem), LONGEST_MESSAGE)}")
    code = exit_code(run, bool(problems), interrupted)
    if run.plan.command == "compare" and code in (EXIT_DONE, EXIT_FAILED):
        code = comparison_code(results, code)
    if code == EXIT_DONE and too_few(run, results.rows):
        code = EXIT_FAILED
    if interrupted or code == EXIT_DEVICE:
        tell(f"bench: the run is not complete; go on with: bench {run.plan.command} --resume {folder}")
    return code


def exit_code(run: Run, device_lost: bool, interrupted: bool) -> int:
    """130 before 4 before 3: what ended the run, in the contract's order."""
    if interrupted:
        return EXIT_INTERRUPTED
    if device_lost:
        return EXIT_DEVICE
    statuses = [record.status for record in run.records] + [record.status for record in run.pair_records]
    if "failed" in statuses or "lost" in statuses or "done" not in statuses:
        return EXIT_FAILED
    return EXIT_DONE


def _devices(names: Sequence[str], request: Request) -> list[Device]:
    from bench.devices.file import find_device

    return [find_device(name, request.devices_file) for name in names]


def default_folder(command: str, devices: Sequence[Device]) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    names = "+".join(device.name.replace(":", "") for device in devices)
    if len(names) > LONGEST_NAMES:
        names = f"{len(devices)}-devices"
    folder = Path("results") / f"{stamp}-{command}-{names}"
    # Two runs may begin within one second.
    return next(
        path for path in (folder, *(Path(f"{folder}-{number}") for number in range(2, 1000))) if not path.exists()
    )
