"""All reports of a run, written into its folder; may be repeated at any time."""

import errno
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from bench.journal import Progress, silent
from reports.formats import Format, Made, formats_of
from reports.plots.page import PAGES
from reports.plots.pictures import pictures
from reports.plots.style import drawn, style
from reports.results import Results
from reports.tables.latex_table import latex


def write_reports(results: Results, folder: Path, progress: Progress = silent) -> tuple[Path, ...]:
    """Writes the tables, the ledger and the pictures; each file is replaced whole or not at all.

    Raises OSError where the folder cannot be written. The same run gives the same bytes.
    """
    # Tables first: they are there even if a picture cannot be drawn.
    files = [row for row in formats_of(results.run.plan.command).values() if row.file]
    written = []
    for number, row in enumerate(files):
        progress(row.file, number, len(files))
        written.append(replace_file(folder / row.file, row.text(results).encode()))
    progress("pictures", 0, 1)
    return (*written, *write_pictures(pictures(results), folder, progress))


def write_pictures(named: Iterable[tuple[str, Figure]], folder: Path, progress: Progress = silent) -> tuple[Path, ...]:
    """Each as NAME.png, drawn when its turn comes; raises OSError where the folder cannot be written."""
    written = []
    with style():
        for name, figure in named:
            progress(f"{name}.png", 0, 1)
            written.append(replace_file(folder / f"{name}.png", drawn(figure)))
    return tuple(written)


def write_figures(results: Results, folder: Path, forms: Sequence[str], place: str, progress: Progress) -> list[Path]:
    """The pictures in these forms: beside the others, or where `place` is one of PAGES in a folder of that name.

    There each has the width of the page, and NAME.tex includes it with its headline as the caption. Raises OSError
    where nothing can be written.
    """
    page = PAGES.get(place)
    target = folder / place if page else folder
    target.mkdir(exist_ok=True)
    written = []
    with style(page):
        for name, figure in pictures(results):
            progress(name, 0, 1)
            written += [replace_file(target / f"{name}.{form}", drawn(figure, form)) for form in forms]
            if page is not None:
                written.append(replace_file(target / f"{name}.tex", _included(name, figure).encode()))
    return written


def _included(name: str, figure: Figure) -> str:
    picture, caption = f"\\includegraphics[width=\\linewidth]{{{name}}}", latex(str(figure.get_label()))
    lines = ("\\centering", picture, f"\\caption{{{caption}}}")
    return "\n  ".join(("\\begin{figure}", *lines)) + "\n\\end{figure}\n"


def write_texts(rows: Iterable[Format], made: Made, folder: Path) -> tuple[Path, ...]:
    """The files of these forms into that folder, made where it is new; raises OSError where it cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(replace_file(folder / row.file, row.text(made).encode()) for row in rows if row.file)


def replace_file(path: Path, content: bytes) -> Path:
    """Writes beside the target and renames: a reader never sees half a file.

    Raises OSError where it cannot be written, or what is there is no file: a rename would put one in a device's place.
    """
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)  # mkstemp makes it private, which a shared results folder is not
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
