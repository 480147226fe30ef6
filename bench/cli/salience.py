"""`bench salience`."""

from typing import Any

import click

from bench.cli.study_options import study_options


@click.command()
@study_options
@click.pass_context
def salience(context: click.Context, /, **_: Any) -> int:
    """Where in their kernels are a network's filters strongest? The paper: most often in the centre.

    It looks at the weights alone, so random ones tell what chance does.
    """
    from bench.cli.study import run_study

    return run_study(context, "salience")
