"""Results on stdout, and where the files are on stderr."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.console import stdout_console
from bench.cli.streams import tell
from bench.errors import StorageError, UsageError
from bench.journal import Progress, silent

if TYPE_CHECKING:
    from rich.console import RenderableType

    from reports.results import Results


@contextmanager
def writing(folder: Path, again: str) -> Iterator[None]:
    """Reports go into that folder; StorageError where they cannot be written, `again` being what makes them then."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"expected to write the reports into {folder}, got: {os.strerror(error.errno or 0)}; "
            f"free space there, then make them with: {again}"
        ) from error


def write_files(results: "Results", folder: Path, progress: Progress = silent) -> tuple[Path, ...]:
    """Tables and pictures into the run's folder; StorageError where they cannot be written, the journal being whole."""
    from reports.write import write_reports

    with writing(folder, f"bench report {folder}"):
        return write_reports(results, folder, progress)


def write_drawn(
    results: "Results", folder: Path, forms: Sequence[str], place: str, progress: Progress = silent
) -> tuple[Path, ...]:
    """The pictures in other forms, or for a page; StorageError where they cannot be written."""
    from reports.write import write_figures

    with writing(folder, f"bench report {folder}"):
        return tuple(write_figures(results, folder, forms, place, progress))


def write_page(folders: Sequence[Path], read: Sequence["Results"], file: Path) -> None:
    """The runs of these folders as one page; StorageError where it cannot be written."""
    from reports.html.page import html_page, html_report
    from reports.write import replace_file

    names = [folder.resolve().name for folder in folders]
    page = html_report(read[0]) if len(read) == 1 else html_page(list(zip(names, read, strict=True)))
    with writing(file.parent, f"bench report --html {file}"):
        replace_file(file, page.encode())
    tell(f"page: {file}")


def show(shown: "RenderableType", whole: str) -> None:
    """What a format made, on stdout and nothing else; StorageError where it cannot be written. `whole`: what is."""
    try:
        if isinstance(shown, str):
            click.echo(shown, nl=False)
        else:
            stdout_console().print(shown)
    except BrokenPipeError:  # nobody reads, and nothing is lost
        raise
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise StorageError(f"expected to write the results to stdout, got: {why}; {whole}") from error


def print_results(results: "Results", folder: Path, files: Sequence[Path], output_format: str) -> None:
    """The table in the format asked for; nothing else goes to stdout."""
    from reports.formats import formats_of, stdout_formats

    own = formats_of(results.run.plan.command)
    if output_format not in own:
        shown_ones = ", ".join(stdout_formats(results.run.plan.command))
        raise UsageError(
            f"expected --format of {shown_ones} for a run of bench {results.run.plan.command}, "
            f"got {output_format}; choose one"
        )
    show(own[output_format].shown(results), f"they are whole in {folder}")
    tell(f"results in {folder}: {', '.join(path.name for path in files)}")
