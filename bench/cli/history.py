"""`bench history`."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from bench.cli.options import ListOf
from bench.errors import EXIT_DONE, EXIT_FAILED, UsageError
from reports.formats import history_formats

_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?")


def _is_time(text: str) -> bool:
    try:
        return bool(_TIME.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        return False


class Since(click.ParamType[str]):
    """`2026-01-31` or `2026-01-31T12:00:00Z`, as runs write their time."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _is_time(str(value)):
            self.fail(
                f"expected a date such as 2026-01-31 or 2026-01-31T12:00:00Z, got {str(value)[:40]!r}", param, ctx
            )
        return str(value)


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--op", "operators", type=ListOf("LIST", str), help="Only these operators.")
@click.option("--model", "models", type=ListOf("LIST", str), help="Only these networks.")
@click.option("--runtime", "runtimes", type=ListOf("LIST", str), help="Only these runtimes.")
@click.option("--device", "devices", type=ListOf("LIST", str), help="Only these devices.")
@click.option("--since", type=Since(), help="Only runs begun from then on, UTC.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write tables and pictures there.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(tuple(history_formats())),
    default="table",
    help="What goes to stdout.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks.")
def history(runs: tuple[Path, ...], out: Path | None, output_format: str, verbose: bool, **options: Any) -> int:
    """Show each cell over many runs, and where it changed.

    RUN is a run's folder, or a folder that holds some.
    """
    from bench.cli.console import SturdyConsole
    from bench.cli.output import show, writing
    from bench.cli.report_bar import ReportBar
    from reports.history.read import read_history
    from reports.history.report import HistoryReport
    from reports.history.wanted import Wanted
    from reports.history.write import write_history

    wanted = Wanted(**{name: value for name, value in options.items() if value})
    with ReportBar(SturdyConsole(stderr=True)) as bar:
        found = read_history(runs, wanted, bar)
        if not found.series:
            raise UsageError(
                f"expected rows of what was asked for in {len(found.runs)} runs, got none; leave out --op, --model and"
                " the like, or give other runs"
            )
        report = HistoryReport(history=found)
        if out is not None:
            with writing(out, f"bench history --out {out}"):
                write_history(report, out, bar)
    show(history_formats()[output_format].shown(report), "run it again, or give --out")
    return EXIT_FAILED if found.damage else EXIT_DONE
