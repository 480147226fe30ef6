"""`bench salience`."""

from typing import Any

import click

from bench.cli.study_options import study_options
from bench.records.study import Study


@click.command()
@study_options
@click.pass_context
def salience(context: click.Context, /, **options: Any) -> int:
    """Where in their kernels are a network's filters strongest? The paper: most often in the centre.

    It looks at the weights alone, so random ones tell what chance does.
    """
    from bench.cli.study import run_study

    weights = options["weights"] or ""
    return run_study(context, Study(name="salience", model=options["model"], weights=weights, seed=options["seed"]))
