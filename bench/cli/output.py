"""Results on stdout, and where the files are on stderr."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.console import SturdyConsole
from bench.errors import StorageError
from bench.records.run import Run

if TYPE_CHECKING:
    from reports.results import Results


@dataclass(frozen=True, kw_only=True)
class Written:
    """The files of a run's folder, and what they were made from: stdout shows the same."""

    files: tuple[Path, ...]
    results: "Results"


def write_files(run: Run, folder: Path) -> Written:
    """Tables and pictures into the run's folder; StorageError where they cannot be written, the journal being whole."""
    from reports.results import Results
    from reports.write import write_reports

    results = Results(run=run)
    try:
        return Written(files=write_reports(results, folder), results=results)
    except OSError as error:
        raise StorageError(
            f"expected to write the reports into {folder}, got: {os.strerror(error.errno or 0)}; "
            f"free space there, then make them with: bench report {folder}"
        ) from error


def print_results(run: Run, folder: Path, written: Written, output_format: str) -> None:
    """The table in the format asked for; nothing else goes to stdout."""
    from reports.formats import FORMATS

    shown = FORMATS[output_format].shown(written.results)
    if isinstance(shown, str):
        click.echo(shown, nl=False)
    else:
        # A pipe has no width; a hundred columns is what the table is made for.
        SturdyConsole(width=None if sys.stdout.isatty() else 100).print(shown)
    click.echo(f"results in {folder}: {', '.join(path.name for path in written.files)}", err=True)
