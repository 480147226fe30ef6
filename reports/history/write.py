"""The files of a history."""

from pathlib import Path

from bench.journal import Progress, silent
from reports.formats import history_formats
from reports.history.picture import history_pictures
from reports.history.report import HistoryReport
from reports.plots.style import png, style
from reports.write import replace_file, write_texts


def write_history(report: HistoryReport, folder: Path, progress: Progress = silent) -> tuple[Path, ...]:
    """Tables and a picture per device into that folder, made where it is new; raises OSError where it cannot."""
    written = [*write_texts(history_formats().values(), report, folder)]
    with style():
        for name, figure in history_pictures(report):
            progress(f"{name}.png", 0, 1)
            written.append(replace_file(folder / f"{name}.png", png(figure)))
    return tuple(written)
