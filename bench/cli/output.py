"""Results on stdout, and where the files are on stderr."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from bench.cli.console import SturdyConsole
from bench.errors import StorageError
from bench.records.run import Run


def write_files(run: Run, folder: Path) -> tuple[Path, ...]:
    """Tables and pictures into the run's folder; StorageError where they cannot be written, the journal being whole."""
    from reports.write import write_reports

    try:
        return write_reports(run, folder)
    except OSError as error:
        raise StorageError(
            f"expected to write the reports into {folder}, got: {os.strerror(error.errno or 0)}; "
            f"free space there, then make them with: bench report {folder}"
        ) from error


def print_results(run: Run, folder: Path, written: Sequence[Path], output_format: str) -> None:
    """The table in the format asked for; nothing else goes to stdout."""
    from reports.ledger.entries import ledger
    from reports.ledger.terminal_ledger import print_ledger
    from reports.rows import rows
    from reports.tables.csv_table import csv_text
    from reports.tables.json_table import json_text
    from reports.tables.markdown_table import markdown_text
    from reports.tables.terminal_table import print_table

    table = rows(run)
    if output_format == "table":
        # A pipe has no width; a hundred columns is what the table is made for.
        width = None if sys.stdout.isatty() else 100
        console = SturdyConsole(width=width)
        print_table(run, table, console)
        print_ledger(ledger(run, table), console)
    elif output_format == "csv":
        click.echo(csv_text(table), nl=False)
    elif output_format == "json":
        click.echo(json_text(table), nl=False)
    else:
        click.echo(markdown_text(run, table), nl=False)
    click.echo(f"results in {folder}: {', '.join(path.name for path in written)}", err=True)
