"""`bench approximate`."""

from typing import Any

import click

from bench.cli.options import ListOf, Whole, one_of
from bench.cli.study_options import image_options, study_options
from bench.plan.subjects import operators

PAIRS = ("dwconv+pwconv", "gconv+pwconv", "pconv+pwconv")  # of Table 2
COUNT, EPOCHS, REPEATS = 40, 40, 3


@click.command()
@click.option(
    "--operators",
    type=ListOf("LIST", one_of("an operator", operators())),
    default=",".join(PAIRS),
    help=f"What takes the convolution's place: {', '.join(operators())}; default the paper's three pairs.",
)
@image_options(COUNT)
@click.option("--epochs", type=Whole(), default=EPOCHS, help=f"At most, of each training; default {EPOCHS}.")
@click.option("--repeats", type=Whole(most=1000), default=REPEATS, help=f"Trainings of each; default {REPEATS}.")
@study_options
@click.pass_context
def approximate(context: click.Context, /, **_: Any) -> int:
    """How well do cheap pairs of convolutions do what a network's 3x3 convolutions do? The paper's Table 2.

    Each pair is trained in the place of the first 3x3 convolution of every stage, on its feature maps.
    """
    from bench.cli.study import run_study

    return run_study(context, "approximate")
