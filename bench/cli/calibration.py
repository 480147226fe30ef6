"""`--calibration FOLDER`: the pictures that int8 networks are calibrated on, looked at before anything is measured."""

import click

from bench.cli.study_options import WholePath
from bench.plan.calibration import calibration_of
from bench.records.calibration import Calibration

calibration_option = click.option(
    "--calibration",
    type=WholePath(),
    metavar="FOLDER",
    help="Pictures to calibrate int8 networks on, also in folders of its own; default seeded data (docs/precision.md).",
)


def given_calibration(folder: str | None) -> Calibration:
    """The one that the option names; UsageError where the folder has no pictures."""
    return calibration_of(folder) if folder is not None else Calibration()
