"""A device's roofline, a picture for each thread count."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from bench.records.ceilings import Ceilings
from reports.environment_text import processor
from reports.peak.report import PeakReport
from reports.plots.roofline import draw_roofs
from reports.plots.style import arrange, figure, headline

_CAPTION = (
    "No call is faster than the roof above its MACs per byte: rising roofs are memory levels (the fastest of read, "
    "copy and triad), flat ones the best matrix product of any runtime. Logarithmic axes."
)


def peak_pictures(report: PeakReport) -> Iterator[tuple[str, Figure]]:
    """By name; those without a product and a bandwidth have no roof to draw."""
    counts = dict.fromkeys(each.threads for each in report.ceilings)
    for threads in counts:
        own = [each for each in report.ceilings if each.threads == threads and each.gemms and each.bandwidths]
        if own:
            yield f"roofline{'' if len(counts) == 1 else f'-threads{threads}'}", _roofline(report, own)


def _roofline(report: PeakReport, own: list[Ceilings]) -> Figure:
    fig = figure(7.6, 5.0)
    axes = fig.add_subplot()
    threads = "" if own[0].accelerator else f"{own[0].threads} thread{'s' * (own[0].threads > 1)}, "
    lines = [
        f"{report.device}: {processor(report.environment, own[0].accelerator)}",
        f"{threads}{', '.join(each.dtype for each in own)}, taken {max(each.taken_utc for each in own)}",
    ]
    captions = headline(fig, "What this device does at most", lines, [_CAPTION])
    arrange(fig, captions=captions)
    draw_roofs(axes, own)
    axes.set_xlabel("MACs per byte")
    axes.set_ylabel("GMAC/s")
    return fig
