"""`bench report`."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from bench.cli.ledger import given_ledger, ledger_option
from bench.cli.options import ListOf, format_option, one_of
from bench.errors import UsageError
from reports.plots.page import FORMS, PAGES

_FIGURES = "Pictures in these forms too: png, svg, pdf."
_HTML = "All these runs side by side in one page that needs no network; each run's folder has its own report.html."
_STYLE = "Pictures for a paper, PDF unless --figures, in RUN/STYLE: for a column (3.4 inches) or a page (7)."


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(file_okay=False), metavar="RUN...")
@ledger_option("Set networks beside the figures printed there (docs/ledger.md), not beside those the run was given.")
@format_option("ops", "compare", "layers")
@click.option("--undistilled", is_flag=True, help="Leave networks trained with a teacher out of accuracy pictures.")
@click.option("--figures", type=ListOf("LIST", one_of("a form", FORMS)), default=(), help=_FIGURES)
@click.option("--style", type=click.Choice(tuple(PAGES)), help=_STYLE)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=_HTML)
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks.")
def report(
    runs: tuple[str, ...],
    ledger: str | None,
    undistilled: bool,
    figures: tuple[str, ...],
    style: str | None,
    output_format: str,
    html: Path | None,
    verbose: bool,
) -> int:
    """Make tables, ledger and plots of finished runs again, from their journals alone."""
    from bench.cli.console import SturdyConsole
    from bench.cli.output import print_results, write_drawn, write_files, write_page
    from bench.cli.report_bar import ReportBar
    from bench.garbage import uncollected
    from bench.journal import read_run
    from reports.results import Results

    other = given_ledger(ledger)[1] if ledger else None
    folders = [Path(name) for name in runs]
    if other is not None:
        _check_networks(folders)  # of all of them, before the files of any are replaced
    if undistilled:
        _check_accuracies(folders)
    if html is not None:
        _check_page(html)
    read = []
    for folder in folders:
        with uncollected():
            with ReportBar(SturdyConsole(stderr=True)) as bar:
                results = Results(run=read_run(folder, bar), other=other, undistilled=undistilled)
                files = write_files(results, folder, bar)
                if figures or style:
                    files = (*files, *write_drawn(results, folder, figures or ("pdf",), style or "", bar))
            print_results(results, folder, files, output_format)
        read += [results] * (html is not None)
    if html is not None:
        write_page(folders, read, html)
    return 0


def _check_page(html: Path) -> None:
    """Before anything is written."""
    from bench.journal import PLAN_NAME, RECORDS_NAME

    if html.name in (PLAN_NAME, RECORDS_NAME):
        raise UsageError(f"expected --html FILE for a page, got {html}, as a run's own file is called; name another")
    if html.exists() and not html.is_file():
        raise UsageError(f"expected --html FILE to be a file or a new name, got {html}; name another")
    if not html.parent.is_dir():
        raise UsageError(f"expected --html FILE in a folder that is there, got {html}; make {html.parent} first")
    if not os.access(html.parent, os.W_OK):
        raise UsageError(f"expected --html FILE in a folder that can be written, got {html}; choose another")


def _check_accuracies(folders: Sequence[Path]) -> None:
    """Only pictures of accuracy have what --undistilled leaves out."""
    from bench.journal import read_plan

    for folder in folders:
        plan = read_plan(folder)
        if plan.command == "accuracy" or not any(unit.workload.model for unit in plan.units):
            raise UsageError(
                f"expected runs of networks with --undistilled, got {folder}, one of bench {plan.command}; leave it out"
            )


def _check_networks(folders: Sequence[Path]) -> None:
    from bench.journal import read_plan

    for folder in folders:
        if (command := read_plan(folder).command) != "models":
            raise UsageError(
                f"expected runs of bench models with --ledger, got {folder}, one of bench {command}; leave it out"
            )
