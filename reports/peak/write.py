"""The files of a device's ceilings."""

from pathlib import Path

from reports.formats import peak_formats
from reports.peak.picture import peak_pictures
from reports.peak.report import PeakReport
from reports.write import write_pictures, write_texts


def write_peak(report: PeakReport, folder: Path) -> tuple[Path, ...]:
    """Tables and a roofline for each thread count into that folder, made where it is new; OSError where it cannot."""
    texts = write_texts(peak_formats().values(), report, folder)
    return (*texts, *write_pictures(peak_pictures(report), folder))
