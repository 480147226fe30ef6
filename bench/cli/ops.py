"""`bench ops`."""

from typing import Any

import click

from bench.cli.options import ListOf, Positive, one_of, positive, ratio, shared_options, size
from bench.cli.request import request
from bench.plan.runtimes import MODULE_RUNTIME
from bench.plan.subjects import TABLE1_OPERATORS, TABLE1_SIZES, OperatorGrid, operator_workloads, operators
from operators.choice import IMPLEMENTATIONS, SELECTIONS


@click.command()
@click.option("--op", type=ListOf("LIST", one_of("an operator", operators())), help=f"{', '.join(operators())}.")
@click.option("--size", "sizes", type=ListOf("LIST", size), help="CxHxW,...; default Table 1's four.")
@click.option(
    "--variant",
    type=ListOf("LIST", one_of("a variant", IMPLEMENTATIONS)),
    default="split_cat",
    help=f"PConv's implementation: {', '.join(IMPLEMENTATIONS)}.",
)
@click.option(
    "--channels",
    type=ListOf("LIST", one_of("a choice of channels", SELECTIONS)),
    default="first",
    help=f"Which channels PConv takes: {', '.join(SELECTIONS)}.",
)
@click.option("--kernel", type=ListOf("LIST", positive), default="3", help="Kernel sizes, odd.")
@click.option("--ratio", "ratios", type=ListOf("LIST", ratio), default="1/4", help="PConv's share of the channels.")
@click.option("--groups", type=ListOf("LIST", positive), default="16", help="GConv's groups.")
@click.option("--stack", type=ListOf("LIST", positive), default="10", help="Layers on top of each other.")
@click.option("--dilation", type=Positive(), default=1)
@click.option("--stride", type=Positive(), default=1)
@shared_options
@click.pass_context
def ops(context: click.Context, /, **options: Any) -> int:
    """Measure bare operators: the default grid is the paper's Table 1, on this CPU, one thread, five rounds."""
    from bench.cli.session import run_command

    grid = OperatorGrid(
        operators=options["op"] or TABLE1_OPERATORS,
        sizes=options["sizes"] or TABLE1_SIZES,
        implementations=options["variant"],
        selections=options["channels"],
        kernels=options["kernel"],
        ratios=options["ratios"],
        groups=options["groups"],
        stacks=options["stack"],
        dilation=options["dilation"],
        stride=options["stride"],
    )
    return run_command(request(context, (MODULE_RUNTIME,), lambda _: operator_workloads(grid)))
