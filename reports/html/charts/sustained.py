"""Rows that were kept busy: the time of a call while the device warms up."""

import math
from collections.abc import Iterator

from bench.records.sustained import Window
from reports.html.charts.chart import Chart
from reports.html.charts.scale import linear_scale, log_scale
from reports.html.charts.scatter import FRAME, Point, scatter
from reports.html.shown import Shown
from reports.numbers import GIGA, MILLI, significant
from reports.row import Row
from reports.rows import row_name

MOST_WINDOWS = 40  # of a row: more marks lie on one another


def sustained_charts(shown: Shown) -> Iterator[Chart]:
    """One for each device, of each row the first round."""
    rows = [row for row in shown.rows if row.sustained is not None]
    for device in dict.fromkeys(row.unit.device for row in rows):
        points = [point for row in rows if row.unit.device == device for point in _points(shown, row)]
        yield scatter(
            f"Under sustained load: {device}",
            "Lower is better; level is steady. Of each row the first round.",
            points,
            (
                linear_scale([point.x for point in points], FRAME.x0, FRAME.x1, from_zero=True),
                log_scale([point.y for point in points], FRAME.y1, FRAME.y0),
            ),
            ("seconds after the warm-up", "time of a call, ms"),
        )


def _points(shown: Shown, row: Row) -> Iterator[Point]:
    assert row.sustained is not None
    windows = row.sustained.series[0].windows
    for window in windows[:: math.ceil(len(windows) / MOST_WINDOWS)]:
        yield Point(
            x=window.start_s + window.seconds / 2,
            y=window.median_s / MILLI,
            name="",
            text=f"{row_name(row)} {row.size}, {_window(window)}",
            series=f"{row_name(row)} {row.size}",
            row=shown.numbers.get(row.unit),
        )


def _window(window: Window) -> str:
    """`12 s: 25.2 ms, 2.10 GHz, 55.0 °C, 3.10 W`, as far as the device tells."""
    told = [f"{significant(window.start_s)} s: {significant(window.median_s, MILLI)} ms"]
    told += [f"{significant(window.frequency_hz, GIGA)} GHz"] if window.frequency_hz else []
    told += [f"{significant(window.temperature_c)} °C"] if window.temperature_c is not None else []
    told += [f"{significant(window.power_w)} W"] if window.power_w is not None else []
    return ", ".join(told)
