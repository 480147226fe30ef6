"""`bench report`."""

from pathlib import Path

import click

from bench.cli.options import format_option


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(file_okay=False), metavar="RUN...")
@format_option("ops", "compare")
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks.")
def report(runs: tuple[str, ...], output_format: str, verbose: bool) -> int:
    """Make tables, ledger and plots of finished runs again, from their journals alone."""
    from bench.cli.console import SturdyConsole
    from bench.cli.output import print_results, write_files
    from bench.cli.report_bar import ReportBar
    from bench.journal import read_run
    from reports.results import Results

    for name in runs:
        folder = Path(name)
        with ReportBar(SturdyConsole(stderr=True)) as bar:
            results = Results(run=read_run(folder, bar))
            files = write_files(results, folder, bar)
        print_results(results, folder, files, output_format)
    return 0
