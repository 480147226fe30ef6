"""`bench site`."""

from pathlib import Path

import click

from bench.cli.streams import tell
from bench.errors import EXIT_DONE, EXIT_USAGE, UsageError


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Make the site there.")
@click.option("--check", is_flag=True, help="Make nothing: say what is wrong with the runs, a line for each finding.")
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks.")
def site(runs: tuple[Path, ...], out: Path | None, check: bool, verbose: bool) -> int:
    """Make a static results page of many runs, fit for GitHub Pages; or check runs that somebody contributes to one.

    \b
      bench site boards --out site
      bench site boards --check

    RUN is a run's folder, or a folder that holds some. The site is made from their journals alone: a row for each
    device and network or operator, with filters, each leading to the run's own page and raw samples. The check ends
    with 2 where a journal is damaged or holds hostile text, personal data, or values that cannot be.
    """
    if check == (out is not None):
        raise UsageError("expected either --out DIR or --check, got " + ("both" if check else "none") + "; give one")
    return _make(runs, out) if out is not None else _check(runs)


def _make(runs: tuple[Path, ...], out: Path) -> int:
    from bench.cli.console import SturdyConsole
    from bench.cli.output import writing
    from bench.cli.report_bar import ReportBar
    from reports.site.make import make_site

    with writing(out, f"bench site --out {out}"), ReportBar(SturdyConsole(stderr=True)) as bar:
        page = make_site(runs, out, progress=bar)
    tell(f"site: {page}")
    return EXIT_DONE


def _check(runs: tuple[Path, ...]) -> int:
    from reports.contributed.faults import faults
    from reports.history.folders import run_folders

    folders, found = run_folders(runs), 0
    for fault in faults(folders):
        click.echo(str(fault))
        found += 1
    tell(f"{len(folders)} run{'s' * (len(folders) != 1)} checked: {found or 'nothing'} wrong")
    return EXIT_USAGE if found else EXIT_DONE
