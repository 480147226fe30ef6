"""`--accuracy`: accuracies of timm's networks from a file, or of any network from runs of `bench accuracy`."""

from collections.abc import Sequence
from pathlib import Path

import click

from bench.errors import UsageError
from bench.journal import read_run
from bench.plain_text import spelled_out
from bench.records.accuracy import MeasuredAccuracy

accuracy_option = click.option(
    "--accuracy",
    type=click.Path(),
    multiple=True,
    metavar="FILE.csv|RUN",
    help="Top-1 of networks named timm:NAME, as timm's results-imagenet.csv has it (docs/models.md), or what a run of"
    " bench accuracy has found (docs/accuracy.md); may be given several times.",
)


def given_accuracies(paths: Sequence[str]) -> tuple[str, tuple[MeasuredAccuracy, ...]]:
    """The text of the file, empty without one, and what the runs have found; a run keeps both.

    UsageError where one of them is neither, or two files are given.
    """
    from reports.ledger.read_accuracy import read_accuracies

    files = [path for path in paths if not Path(path).is_dir()]
    if len(files) > 1:
        raise UsageError(f"expected one file of --accuracy, got {' and '.join(files)}; put their lines into one")
    text = read_accuracies(Path(files[0])) if files else ""
    return text, tuple(_of_run(Path(path)) for path in paths if path not in files)


def _of_run(folder: Path) -> MeasuredAccuracy:
    from reports.accuracy.outcome import outcome_of

    run = read_run(folder)
    if run.plan.evaluation is None or not run.plan.units:
        raise UsageError(
            f"expected a run of bench accuracy for --accuracy, got {folder}, one of bench {run.plan.command}"
        )
    found = outcome_of(run)
    if found is None or not found.is_whole:
        raise UsageError(f"expected a whole run for --accuracy, got {folder}; bench accuracy --resume {folder} goes on")
    made = found.accuracy(run.plan.units[0], spelled_out(folder.resolve().name))
    if made is None:
        raise UsageError(
            f"expected a run with labels for --accuracy, got {folder}, which tells agreement alone;"
            " give labels to bench accuracy"
        )
    return made
