"""`bench ops`."""

from typing import Any

import click

from bench.cli.axis_options import asked_values, axis_options
from bench.cli.options import ListOf, budget_option, limit_option, one_of, shared_options, sustain_option
from bench.cli.request import request, rows_of
from bench.plan.runtimes import MODULE_RUNTIME
from bench.plan.subjects import TABLE1_OPERATORS, TABLE1_SIZES, OperatorGrid, operator_workloads, operators
from bench.plan.values import size
from operators.spec import AXES


@click.command()
@click.option("--op", type=ListOf("LIST", one_of("an operator", operators())), help=f"{', '.join(operators())}.")
@click.option("--size", "sizes", type=ListOf("LIST", size), help="CxHxW,...; default Table 1's four.")
@axis_options(AXES)
@sustain_option
@budget_option
@limit_option
@shared_options
@click.pass_context
def ops(context: click.Context, /, **options: Any) -> int:
    """Measure bare operators: the default grid is the paper's Table 1, on this CPU, one thread, five rounds."""
    from bench.cli.session import run_command

    grid = OperatorGrid(
        operators=options["op"] or TABLE1_OPERATORS,
        sizes=options["sizes"] or TABLE1_SIZES,
        axes=asked_values(AXES, options),
    )
    return run_command(request(context, rows_of(context, (MODULE_RUNTIME,), lambda _: operator_workloads(grid))))
