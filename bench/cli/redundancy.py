"""`bench redundancy`."""

from typing import Any

import click

from bench.cli.study_options import image_options, study_options

COUNT = 16


@click.command()
@click.option("--layer", metavar="NAME", help="Whose maps are drawn; default the first 3x3 convolution of a stage.")
@image_options(COUNT)
@study_options
@click.pass_context
def redundancy(context: click.Context, /, **_: Any) -> int:
    """How alike are the channels of a network's feature maps? The numbers and the picture of the paper's Fig. 3."""
    from bench.cli.study import run_study

    return run_study(context, "redundancy")
