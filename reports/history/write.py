"""The files of a history."""

from pathlib import Path

from bench.journal import Progress, silent
from reports.formats import history_formats
from reports.history.picture import history_pictures
from reports.history.report import HistoryReport
from reports.write import write_pictures, write_texts


def write_history(report: HistoryReport, folder: Path, progress: Progress = silent) -> tuple[Path, ...]:
    """Tables and a picture per device into that folder, made where it is new; raises OSError where it cannot."""
    texts = write_texts(history_formats().values(), report, folder)
    return (*texts, *write_pictures(history_pictures(report), folder, progress))
