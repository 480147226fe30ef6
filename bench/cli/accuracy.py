"""`--accuracy FILE.csv`: accuracies of timm's networks, understood before anything is measured."""

from pathlib import Path

import click

accuracy_option = click.option(
    "--accuracy",
    type=click.Path(dir_okay=False),
    metavar="FILE.csv",
    help="Top-1 of networks named timm:NAME, as timm's results-imagenet.csv has it (docs/models.md).",
)


def given_accuracies(path: str | None) -> str:
    """The text of that file, which a run keeps; empty without one. UsageError where it is no such file."""
    from reports.ledger.read_accuracy import read_accuracies

    return read_accuracies(Path(path)) if path is not None else ""
