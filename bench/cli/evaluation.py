"""From the options of `bench accuracy` to a run's folder, which a later process may go on with."""

import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from bench.cache.store import usable_cache
from bench.cli.accuracy_progress import AccuracyProgress
from bench.cli.calibration import given_calibration
from bench.cli.capacity import check_capacity
from bench.cli.console import SturdyConsole
from bench.cli.interrupts import Interrupts, stopped_first
from bench.cli.options import given_options, plan_options
from bench.cli.output import print_results, write_files
from bench.cli.progress import Teller
from bench.cli.resume import check_options, check_same
from bench.cli.session import default_folder
from bench.cli.streams import tell
from bench.devices.file import find_device
from bench.errors import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, UsageError
from bench.host.campaign import Campaign
from bench.host.evaluation import carry_out, check_can_start
from bench.journal import Journal, check_new, read_plan, read_run
from bench.link.choice import transport_for
from bench.plain_text import LONGEST_MESSAGE, plain_line
from bench.plan.axes import Axes, cells
from bench.plan.checkpoints import checkpoint_of
from bench.plan.class_numbers import read_classes
from bench.plan.image_folder import image_folder
from bench.plan.names import network_workloads
from bench.plan.runtimes import usual_runtime
from bench.plan.subjects import networks
from bench.plan.values import pixels
from bench.records.accuracy import Asked, Evaluation, EvaluationRecord
from bench.records.run import Plan
from bench.records.workload import Unit, Workload
from bench.wire.order import Order
from models.registry import NetworkEntry
from reports.accuracy.outcome import outcome_of
from reports.results import Results

DEVICE = "cpu"  # this machine's: the images are here


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """What is to be asked, by this process and those before it; no journal yet where nothing is written down."""

    folder: Path
    plan: Plan
    evaluation: Evaluation  # what is left of it
    journal: Journal | None = None
    known: Asked | None = None  # by an earlier process
    whole: bool = False

    @property
    def unit(self) -> Unit:
        return self.plan.units[0]


class _Writer:
    """Begins a new run's folder with the first record: what cannot be asked leaves nothing behind."""

    def __init__(self, begun: _Begun, stack: ExitStack, progress: AccuracyProgress) -> None:
        self._begun, self._stack, self._progress = begun, stack, progress
        self._journal = begun.journal

    def write(self, record: EvaluationRecord) -> None:
        """One line of the journal, and of what the user sees; UsageError where an earlier process asked otherwise."""
        begun, known = self._begun, self._begun.known
        if record.asked and known and replace(record.asked, notes=()) != replace(known, notes=()):
            raise UsageError(
                f"--resume {begun.folder}: {_changed(known, record.asked)} is not what it was; start a new run"
            )
        if self._journal is None:
            self._journal = self._stack.enter_context(Journal.create(begun.folder, begun.plan))
        if not (record.asked and known):
            self._journal.append(record)
        self._progress.ended(record, begun.unit, begun.evaluation)


def _changed(was: Asked, now: Asked) -> str:
    words = {"artifact": "the network's file", "checkpoint": "the checkpoint", "data": "the folder of images"}
    return next((text for name, text in words.items() if getattr(was, name) != getattr(now, name)), "the question")


def run_evaluation(context: click.Context) -> int:
    """Ask, write down, report. Returns the exit code."""
    options = context.params
    begin = _resumed if options["resume"] else _planned
    with ExitStack() as stack:
        campaign = stack.enter_context(
            closing(Campaign([find_device(DEVICE, None)], transport_for, usable_cache(), Teller()))
        )
        begun = begin(context, campaign, stack)
        if not begun.whole:
            progress = AccuracyProgress(SturdyConsole(stderr=True), quiet=options["no_progress"])
            writer = _Writer(begun, stack, progress)
            stack.enter_context(progress)
            why = _asked(campaign, begun, writer.write)
            if why and not campaign.stopped:
                writer.write(EvaluationRecord(failed=why))
    return _report(begun.folder, options["output_format"], interrupted=campaign.stopped)


# --- what is asked


def _planned(context: click.Context, campaign: Campaign, stack: ExitStack) -> _Begun:
    options = context.params
    entry, asked = _checked(options)
    folder = Path(options["out"]) if options["out"] else default_folder("accuracy", [find_device(DEVICE, None)])
    check_new(folder)
    stack.enter_context(Interrupts(campaign))
    campaign.connect()
    unit = _unit(options, _workload(options, entry, campaign), campaign)
    plan = campaign.plan("accuracy", sys.argv[1:], plan_options(context), [unit], (), asked.seed)
    return _Begun(folder=folder, plan=replace(plan, evaluation=asked), evaluation=asked)


def _checked(options: dict[str, Any]) -> tuple[NetworkEntry, Evaluation]:
    """The network and the question; UsageError at once for what needs no worker to be refused."""
    for name, example in (("model", "a network, such as fasternet_t0 or mynet.onnx"), ("data", "--data FOLDER")):
        if not options[name]:
            raise UsageError(f"expected {example}, got none; see bench accuracy --help")
    names = ("labels", "classes", "unlabelled", "agreement", "limit", "crop", "interpolation", "mean", "seed")
    given = {name: options[name] for name in names if options[name] is not None}
    try:
        (entry,) = _one(networks([options["model"]]))
        asked = Evaluation(folder=options["data"], deviation=options["std"] or (), **given)
        images = image_folder(Path(asked.folder), asked.labels, unlabelled=asked.unlabelled)
        if asked.classes:
            read_classes(asked.classes)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if asked.unlabelled and asked.labels:
        raise UsageError("expected --labels or --unlabelled, got both; leave one out")
    if asked.classes and not images.words:
        raise UsageError(f"expected labels for --classes to number, got none in {asked.folder}; give --labels FILE")
    if images.words and not options["checkpoint"] and entry.library not in ("onnx", "factory"):
        raise UsageError(
            f"expected --checkpoint FILE for {entry.name}, got none: its weights are random here; give its own, or"
            " --unlabelled to see only whether it answers as fp32 eager does"
        )
    return entry, asked


def _one(entries: tuple[NetworkEntry, ...]) -> tuple[NetworkEntry, ...]:
    if len(entries) != 1:
        raise ValueError(f"expected one network, got a group of {len(entries)}; name one, such as fasternet_t0")
    return entries


def _workload(options: dict[str, Any], entry: NetworkEntry, campaign: Campaign) -> Workload:
    size = [pixels(options["input_px"])] if options["input_px"] else []
    checkpoint = checkpoint_of(options["checkpoint"], [entry.name])
    found = network_workloads(campaign.inspect, [entry.name], size, forms=("plain",), fused=True, checkpoint=checkpoint)
    return found[0]


def _unit(options: dict[str, Any], workload: Workload, campaign: Campaign) -> Unit:
    cpus = len(campaign.environments[DEVICE].allowed_cpus)
    axes = Axes(
        runtimes=(options["runtime"] or usual_runtime(workload.name),),
        dtypes=(options["dtype"],) if options["dtype"] else (),
        batches=(options["batch"],) if options["batch"] else (),
        threads=(options["threads"] or max(1, cpus // 2),),
        rounds=1,
        calibration=given_calibration(options["calibration"]),
    )
    (unit,) = cells([workload], axes, find_device(DEVICE, None), ())
    check_capacity(unit.device, campaign.environments[DEVICE], unit.threads, realtime=False)
    return unit


def _resumed(context: click.Context, campaign: Campaign, stack: ExitStack) -> _Begun:
    folder = Path(context.params["resume"])
    if context.params["out"]:
        raise UsageError(f"expected --out or --resume, got both; results stay in {folder}")
    plan = read_plan(folder)
    if plan.evaluation is None or len(plan.units) != 1:
        raise UsageError(f"{folder} is a run of `bench {plan.command}`; resume it with that command")
    check_options(plan, folder, plan_options(context), given_options(context))
    journal = stack.enter_context(Journal.open(folder))
    run = read_run(folder)
    found = outcome_of(run)
    if not (whole := found is not None and found.is_whole):
        stack.enter_context(Interrupts(campaign))
        campaign.connect()
        check_same(run, campaign, folder)
    return _Begun(
        folder=folder,
        plan=plan,
        evaluation=replace(plan.evaluation, start=len(found.answers) if found else 0),
        journal=journal,
        known=found.asked if found else None,
        whole=whole,
    )


# --- and what comes of it


def _asked(campaign: Campaign, begun: _Begun, passed_on: Callable[[EvaluationRecord], None]) -> str:
    machine = campaign.machines[0]
    with stopped_first(campaign), campaign.prepared(begun.unit) as (artifact, store):
        check_can_start(begun.unit, machine, artifact)
        order = Order(unit=begun.unit, model=artifact.model)
        threads = len(campaign.environments[DEVICE].allowed_cpus)
        return carry_out(machine, store, order, begun.evaluation, threads, passed_on)


def _report(folder: Path, output_format: str, *, interrupted: bool) -> int:
    results = Results(run=read_run(folder))
    print_results(results, folder, write_files(results, folder), output_format)
    found, failed = outcome_of(results.run), [each.failed for each in results.run.evaluation_records if each.failed]
    if found is not None and found.is_whole:
        return EXIT_DONE if found.read else EXIT_FAILED
    if failed:
        tell(f"bench: {plain_line(f'it broke off: {failed[-1]}', LONGEST_MESSAGE)}")
    tell(f"bench: the run is not complete; go on with: bench accuracy --resume {folder}")
    return EXIT_INTERRUPTED if interrupted else EXIT_FAILED
