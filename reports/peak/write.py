"""The files of a device's ceilings."""

from pathlib import Path

from reports.formats import peak_formats
from reports.peak.picture import peak_pictures
from reports.peak.report import PeakReport
from reports.plots.style import png, style
from reports.write import replace_file, write_texts


def write_peak(report: PeakReport, folder: Path) -> tuple[Path, ...]:
    """Tables and a roofline for each thread count into that folder, made where it is new; OSError where it cannot."""
    written = [*write_texts(peak_formats().values(), report, folder)]
    with style():
        for name, figure in peak_pictures(report):
            written.append(replace_file(folder / f"{name}.png", png(figure)))
    return tuple(written)
