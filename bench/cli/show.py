"""`bench show`."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.errors import EXIT_DONE, UsageError

if TYPE_CHECKING:
    from reports.one_row import Group


@click.command()
@click.argument("run", type=click.Path(file_okay=False, path_type=Path), metavar="RUN")
@click.argument("row", metavar="ROW")
@click.option("--device", default="", help="Of that device of the run.")
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks.")
def show(run: Path, row: str, device: str, verbose: bool) -> int:
    """Print everything that a run knows of one row: numbers, rounds, disturbances, device, how to measure it again.

    \b
      bench show results/models fasternet_t0@onnxruntime
      bench show results/ops "pconv@eager,size=96x56x56"

    A row is written as a side of bench compare, or as so much of that as tells it from the others. Of a run of bench
    compare it is a comparison that has such a side.
    """
    from bench.journal import read_run
    from reports.one_pair import described_pair, found_pair
    from reports.one_row import described, found_row
    from reports.results import Results

    results = Results(run=read_run(run))
    if not results.rows and not results.run.plan.pairs:
        raise UsageError(
            f"expected a run with rows, {run} is one of bench {results.run.plan.command}; "
            f"bench report {shlex.quote(str(run))} shows all of it"
        )
    groups = (
        described(results, found_row(results, row, device))
        if results.rows
        else described_pair(results.run, found_pair(results, row, device))
    )
    for group in groups:
        _print(group)
    return EXIT_DONE


def _print(group: "Group") -> None:
    """On a terminal in its width; in a pipe a line each, so that a command can be cut out whole."""
    from rich.table import Table
    from rich.text import Text

    from bench.cli.console import SturdyConsole
    from reports.untrusted import LONGEST_TEXT, visible

    lines = [(visible(name), visible(said, LONGEST_TEXT)) for name, said in group.lines]
    if not sys.stdout.isatty():
        wide = max((len(name) for name, _ in lines), default=0)
        click.echo("\n".join([group.title, *(f"{name:<{wide}}  {said}" for name, said in lines), ""]))
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, said in lines:
        table.add_row(Text(name), Text(said))
    console = SturdyConsole()
    console.print(Text(group.title, style="bold"))
    console.print(table)
    console.print()
