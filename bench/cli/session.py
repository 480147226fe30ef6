"""What `bench ops` and `bench models` have in common: from options to a folder of results and an exit code."""

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from bench.cache.store import default_cache
from bench.cli.console import SturdyConsole
from bench.cli.interrupts import Interrupts
from bench.cli.output import print_results, write_files
from bench.cli.progress import ConsoleObserver, time_text
from bench.cli.request import Request
from bench.errors import EXIT_DEVICE, EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, BenchError, UsageError
from bench.host.campaign import Campaign
from bench.journal import Journal, check_new, read_plan, read_run
from bench.link.choice import transport_for
from bench.plain_text import LONGEST_MESSAGE, plain_line
from bench.plan.axes import cells
from bench.plan.code_version import code_version
from bench.plan.estimate import expected_pair_s, expected_s
from bench.plan.schedule import all_rounds
from bench.records.device import Device
from bench.records.environment import difference
from bench.records.pair import Pair
from bench.records.run import Plan, Run
from bench.records.workload import Unit


def run_command(request: Request) -> int:
    """Plan or resume, measure, report. Returns the exit code."""
    observer = ConsoleObserver(SturdyConsole(stderr=True), quiet=request.quiet)
    if request.resume is not None:
        return _resumed_run(request.resume, request, observer)
    devices = _devices(request.devices, request)
    with closing(Campaign(devices, transport_for, default_cache(), observer)) as campaign:
        return _new_run(campaign, devices, request, observer)


def _new_run(campaign: Campaign, devices: Sequence[Device], request: Request, observer: ConsoleObserver) -> int:
    axes = request.axes
    folder = request.out or _default_folder(request.command, devices)
    check_new(folder)  # before anything is inspected or reached
    workloads = request.workloads(campaign)
    table = [unit for device in devices for unit in cells(workloads, axes, device, request.runtimes)]
    pairs = request.pairs(table)
    units = all_rounds(table, axes.rounds)
    if request.dry_run:
        _show_plan(table, axes.rounds, pairs)
        return EXIT_DONE
    with Interrupts(campaign):
        campaign.connect()
    _check_threads(units, campaign)
    plan = campaign.plan(request.command, request.argv, request.options, units, pairs, axes.seed)
    with Journal.create(folder, plan) as journal:
        return _measure(campaign, journal, plan, plan.units, plan.pairs, request, observer)


def _resumed_run(folder: Path, request: Request, observer: ConsoleObserver) -> int:
    plan, retry = _plan_to_resume(folder, request), request.retry_failed
    if request.dry_run:
        units, pairs = _left(plan, read_run(folder), retry)
        _show_plan(units, 1, pairs)
        return EXIT_DONE
    # The lock first: until it is ours, another process may still be writing what is read.
    with Journal.open(folder) as journal:
        run = read_run(folder)
        units, pairs = _left(plan, run, retry)
        if not units and not pairs:
            return _report(folder, request.output_format, [], interrupted=False)
        devices = _devices(_names(plan, units, pairs), request)
        with closing(Campaign(devices, transport_for, default_cache(), observer)) as campaign:
            with Interrupts(campaign):
                campaign.connect()
            _check_threads(units, campaign)
            _check_same(run, campaign, folder)
            return _measure(campaign, journal, plan, units, pairs, request, observer)


def _check_same(run: Run, campaign: Campaign, folder: Path) -> None:
    # The journal's word: a device that was away at planning has none in the plan.
    for state in run.devices:
        now = campaign.environments.get(state.name)
        if now is not None and state.environment is not None and (changed := difference(state.environment, now)):
            raise UsageError(f"--resume {folder}: {state.name} is not what it was: {changed}; start a new run")


def _left(plan: Plan, run: Run, retry_failed: bool) -> tuple[list[Unit], list[Pair]]:
    """What a resumed run has to measure."""
    again = {"lost"} | ({"failed"} if retry_failed else set())
    ended = {record.unit.id for record in run.records if record.status not in again}
    pairs_ended = {record.pair.id for record in run.pair_records if record.status not in again}
    units = [unit for unit in plan.units if unit.id not in ended]
    return units, [pair for pair in plan.pairs if pair.id not in pairs_ended]


def _measure(
    campaign: Campaign,
    journal: Journal,
    plan: Plan,
    units: Sequence[Unit],
    pairs: Sequence[Pair],
    request: Request,
    observer: ConsoleObserver,
) -> int:
    observer.plan(units, pairs, [device for machine in campaign.machines for device in machine.devices])
    observer.start()
    try:
        with Interrupts(campaign):
            problems = campaign.run(journal, units, pairs, plan.seed)
    finally:
        observer.stop()
    return _report(journal.folder, request.output_format, problems, interrupted=campaign.stopped)


def _report(folder: Path, output_format: str, problems: Sequence[BenchError], *, interrupted: bool) -> int:
    run = read_run(folder)
    written = write_files(run, folder)
    print_results(run, folder, written, output_format)
    for problem in problems:
        click.echo(f"bench: {plain_line(str(problem), LONGEST_MESSAGE)}", err=True)
    code = exit_code(run, bool(problems), interrupted)
    if interrupted or code == EXIT_DEVICE:
        click.echo(f"bench: the run is not complete; go on with: bench {run.plan.command} --resume {folder}", err=True)
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


def _plan_to_resume(folder: Path, request: Request) -> Plan:
    """The plan in the folder; UsageError where an option given beside it disagrees."""
    plan = read_plan(folder)
    if plan.command != request.command:
        raise UsageError(f"{folder} is a run of `bench {plan.command}`; resume it with that command")
    stored = {option.name: option.value for option in plan.options}
    asked = {option.name: option.value for option in request.options}
    for name in sorted(request.given & asked.keys()):
        has = stored.get(name) or _planned(plan, name)
        if has != asked[name]:
            flag = "--" + name.replace("_", "-")
            raise UsageError(
                f"{flag} {asked[name]} disagrees with the run in {folder}, which "
                f"{f'has {has}' if has else 'was begun without it'}; leave it out, or start a new run"
            )
    if plan.code_version != code_version():
        raise UsageError(
            f"the run in {folder} was made by code {plan.code_version}, this is {code_version()}; "
            "numbers of both don't belong in one table: start a new run, or check that code out"
        )
    return plan


def _planned(plan: Plan, option: str) -> str:
    """What an option that was left to its default came to, as the command line would write it."""
    values: dict[str, list[object]] = {
        "rounds": [plan.rounds],
        "runtime": [unit.runtime for unit in plan.units],
        "batch": [unit.batch for unit in plan.units],
        "threads": [unit.threads for unit in plan.units],
        "op": [unit.workload.name for unit in plan.units],
        "sizes": ["x".join(map(str, unit.workload.input_shape)) for unit in plan.units],
    }
    return ",".join(dict.fromkeys(map(str, values.get(option, []))))


def _devices(names: Sequence[str], request: Request) -> list[Device]:
    from bench.devices.file import find_device

    return [find_device(name, request.devices_file) for name in names]


def _names(plan: Plan, units: Sequence[Unit], pairs: Sequence[Pair]) -> list[str]:
    """The devices that what is left needs, in the plan's order: the others may be off, or have changed since."""
    needed = {unit.device for unit in units} | {pair.first.device for pair in pairs}
    return [state.name for state in plan.devices if state.name in needed]


def _check_threads(units: Sequence[Unit], campaign: Campaign) -> None:
    for unit in units:
        environment = campaign.environments.get(unit.device)
        if environment is not None and unit.threads > len(environment.allowed_cpus):
            raise UsageError(
                f"expected at most {len(environment.allowed_cpus)} threads on {unit.device} "
                f"(the CPUs this process may use there), got {unit.threads}; give fewer --threads"
            )


def _default_folder(command: str, devices: Sequence[Device]) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    names = "+".join(device.name.replace(":", "") for device in devices)
    folder = Path("results") / f"{stamp}-{command}-{names}"
    # Two runs may begin within one second.
    return next(
        path for path in (folder, *(Path(f"{folder}-{number}") for number in range(2, 1000))) if not path.exists()
    )


def _show_plan(table: Sequence[Unit], rounds: int, pairs: Sequence[Pair]) -> None:
    seconds = rounds * sum(expected_s(unit, shared=unit.workload.kind == "op") for unit in table)
    seconds += sum(map(expected_pair_s, pairs))
    for unit in table:
        size = "x".join(map(str, unit.workload.input_shape))
        parts = (unit.device, unit.runtime, unit.workload.name, unit.workload.variant, size)
        click.echo(
            " ".join(filter(None, parts))
            + f" batch {unit.batch}, {unit.threads} thread{'s' * (unit.threads > 1)}, {unit.dtype}, {unit.layout}"
        )
    click.echo(
        f"{len(table)} rows x {rounds} round{'s' * (rounds > 1)} = {len(table) * rounds} units"
        + (f", {len(pairs)} pairs" if pairs else "")
        + f"; about {time_text(seconds)} on this machine, exports apart"
    )
