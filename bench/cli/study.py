"""What `bench approximate`, `bench salience` and `bench redundancy` have in common: from options to a run's folder."""

import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click

from bench.cache.store import usable_cache
from bench.cli.console import SturdyConsole
from bench.cli.interrupts import Interrupts, stopped_first
from bench.cli.options import plan_options
from bench.cli.output import print_results, write_files
from bench.cli.progress import Teller
from bench.cli.session import default_folder
from bench.cli.streams import tell
from bench.cli.study_progress import StudyProgress
from bench.devices.file import find_device
from bench.errors import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, UsageError
from bench.host.campaign import Campaign
from bench.host.study import carry_out
from bench.journal import Journal, check_new, read_run
from bench.link.choice import transport_for
from bench.plain_text import LONGEST_MESSAGE, plain_line
from bench.plan.subjects import one_network
from bench.records.run import Plan, Run
from bench.records.study import Study, StudyName, StudyRecord
from reports.results import Results

DEVICE = "cpu"  # this machine's


class _Writer:
    """Begins the run's folder with the first record: what cannot be studied leaves nothing behind."""

    def __init__(self, folder: Path, stack: ExitStack, plan: Callable[[], Plan]) -> None:
        self._folder, self._stack, self._plan = folder, stack, plan
        self._journal: Journal | None = None

    def write(self, record: StudyRecord) -> None:
        """One line of the journal."""
        if self._journal is None:
            self._journal = self._stack.enter_context(Journal.create(self._folder, self._plan()))
        self._journal.append(record)


def run_study(context: click.Context, name: StudyName) -> int:
    """Study, write down, report. Returns the exit code."""
    options, study = context.params, _study(name, context.params)
    _check(study)
    device = find_device(DEVICE, None)
    folder = Path(options["out"]) if options["out"] else default_folder(name, [device])
    check_new(folder)
    progress = StudyProgress(SturdyConsole(stderr=True), quiet=options["no_progress"])
    with ExitStack() as stack:
        campaign = stack.enter_context(closing(Campaign([device], transport_for, usable_cache(), Teller())))
        stack.enter_context(Interrupts(campaign))
        campaign.connect()

        def plan() -> Plan:
            made = campaign.plan(name, sys.argv[1:], plan_options(context), (), (), study.seed)
            return replace(made, study=study)

        def ended(record: StudyRecord) -> None:
            writer.write(record)
            progress.ended(record)

        writer = _Writer(folder, stack, plan)
        stack.enter_context(progress)
        with stopped_first(campaign):
            why = carry_out(campaign.machines[0], study, ended)
        if why and not campaign.stopped:
            writer.write(StudyRecord(failed=why))
    return _report(folder, options["output_format"], interrupted=campaign.stopped)


def _study(name: StudyName, options: dict[str, Any]) -> Study:
    """As the options say that bear the names of its fields; what is not given is left at its default."""
    names = {each.name for each in fields(Study)}
    return Study(name=name, **{key: value for key, value in options.items() if key in names and value is not None})


def _check(study: Study) -> None:
    """UsageError at once for what needs no worker to be refused."""
    try:
        one_network(study.model)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _report(folder: Path, output_format: str, *, interrupted: bool) -> int:
    results = Results(run=read_run(folder))
    print_results(results, folder, write_files(results, folder), output_format)
    if interrupted:
        tell(f"bench: interrupted; {folder} holds what was found until then")
        return EXIT_INTERRUPTED
    for record in results.run.study_records:
        if record.failed:
            tell(f"bench: {plain_line(f'the study broke off: {record.failed}', LONGEST_MESSAGE)}")
    return EXIT_DONE if _is_whole(results.run) else EXIT_FAILED


def _is_whole(run: Run) -> bool:
    """Whether it did not break off, and found anything: pairs that fit no layer are left out with their reason."""
    records = run.study_records
    return not any(record.failed for record in records) and any(
        record.salience or record.redundancy or (record.approximation and record.approximation.fit)
        for record in records
    )
