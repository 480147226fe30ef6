"""`bench show`."""

from pathlib import Path

import click

from bench.errors import EXIT_DONE


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

    A row is written as a side of bench compare, or as so much of that as tells it from the others.
    """
    from rich.table import Table
    from rich.text import Text

    from bench.cli.console import SturdyConsole
    from bench.journal import read_run
    from reports.one_row import described, found_row
    from reports.results import Results
    from reports.untrusted import visible

    results = Results(run=read_run(run))
    console = SturdyConsole()
    for group in described(results, found_row(results, row, device)):
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for name, said in group.lines:
            table.add_row(Text(visible(name)), Text(visible(said)))
        console.print(Text(group.title, style="bold"))
        console.print(table)
        console.print()
    return EXIT_DONE
