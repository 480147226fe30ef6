"""`bench ops`."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import click

from bench.cli.options import F, ListOf, Whole, budget_option, limit_option, one_of, shared_options, sustain_option
from bench.cli.request import request, rows_of
from bench.plan.runtimes import MODULE_RUNTIME
from bench.plan.subjects import TABLE1_OPERATORS, TABLE1_SIZES, OperatorGrid, operator_workloads, operators
from bench.plan.values import positive, ratio, size
from operators.axes import Axis
from operators.spec import AXES


def _axis_options(command: F) -> F:
    """Add an option for each axis, first those whose values are words."""
    for name, row in sorted(AXES.items(), key=lambda item: not item[1].choices)[::-1]:
        kind = ListOf("LIST", _parse(row)) if row.many else Whole()
        shown = f"{row.help}: {', '.join(row.choices)}." if row.choices else row.help
        flags = (f"--{row.option or name}", _parameter(name, row))
        command = click.option(*flags, type=kind, default=str(row.default), help=shown)(command)
    return command


def _parameter(name: str, row: Axis) -> str:
    return row.parameter or row.option or name


def _parse(row: Axis) -> Callable[[str], object]:
    if row.choices:
        return one_of(row.called, row.choices)
    return ratio if isinstance(row.default, Fraction) else positive


@click.command()
@click.option("--op", type=ListOf("LIST", one_of("an operator", operators())), help=f"{', '.join(operators())}.")
@click.option("--size", "sizes", type=ListOf("LIST", size), help="CxHxW,...; default Table 1's four.")
@_axis_options
@sustain_option
@budget_option
@limit_option
@shared_options
@click.pass_context
def ops(context: click.Context, /, **options: Any) -> int:
    """Measure bare operators: the default grid is the paper's Table 1, on this CPU, one thread, five rounds."""
    from bench.cli.session import run_command

    asked = {name: options[_parameter(name, row)] for name, row in AXES.items()}
    grid = OperatorGrid(
        operators=options["op"] or TABLE1_OPERATORS,
        sizes=options["sizes"] or TABLE1_SIZES,
        axes={name: values if isinstance(values, tuple) else (values,) for name, values in asked.items()},
    )
    return run_command(request(context, rows_of(context, (MODULE_RUNTIME,), lambda _: operator_workloads(grid))))
