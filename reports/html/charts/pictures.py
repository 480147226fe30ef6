"""Which pictures a run has in the page."""

from collections.abc import Iterator

from reports.html.charts.chart import Chart
from reports.html.charts.lists import layer_charts, ratio_charts
from reports.html.charts.networks import accuracy_charts, macs_charts
from reports.html.charts.roofline import roofline_charts
from reports.html.charts.studies import study_charts
from reports.html.charts.sustained import sustained_charts
from reports.html.shown import Shown


def charts(shown: Shown) -> Iterator[Chart]:
    """All of them, the one that answers most first."""
    yield from accuracy_charts(shown)
    yield from macs_charts(shown)
    yield from roofline_charts(shown)
    yield from sustained_charts(shown)
    yield from ratio_charts(shown)
    yield from layer_charts(shown)
    yield from study_charts(shown)
