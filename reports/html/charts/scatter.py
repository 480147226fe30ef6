"""Points of two quantities, a look for each series, the names where they have room."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.statistics import Interval
from reports.html.charts.chart import LOOKS, Bar, Chart, Line, Mark, Name
from reports.html.charts.scale import Scale
from reports.plots.label_placement import Box, Label, place

WIDTH, HEIGHT = 480.0, 360.0
FRAME = Bar(x0=54, y0=12, x1=468, y1=312)
MOST_MARKS = 500  # of one picture
MOST_NAMED = 60
_LETTER, _LINE = 5.6, 11.0  # user units that a letter and a line take
_RADIUS = 5.0


@dataclass(frozen=True, kw_only=True)
class Point:
    """One row: `x` and `y` in the units of the axes, the interval along one of them; without a name only its mark."""

    x: float
    y: float
    name: str
    text: str
    series: str
    row: int | None
    x_interval: Interval | None = None
    y_interval: Interval | None = None
    hollow: bool = False


def scatter(
    title: str,
    caption: str,
    points: Sequence[Point],
    scales: tuple[Scale, Scale],
    axes: tuple[str, str],
    lines: Sequence[Line] = (),
) -> Chart:
    """The picture; `scales` are those of x and y within FRAME."""
    shown = points[:MOST_MARKS]
    left_out = f" {len(shown)} of {len(points)} rows are drawn." if len(shown) < len(points) else ""
    series = {name: index for index, name in enumerate(dict.fromkeys(point.series for point in shown))}
    return Chart(
        title=title,
        caption=caption + left_out,
        width=WIDTH,
        height=HEIGHT,
        frame=FRAME,
        x=axes[0],
        y=axes[1],
        x_ticks=scales[0].ticks,
        y_ticks=scales[1].ticks,
        marks=tuple(_mark(point, scales, series[point.series]) for point in shown),
        names=_names(shown, scales, [line for line in lines if line.name]),
        lines=tuple(lines),
        legend=tuple((index, name) for name, index in series.items()) if 1 < len(series) <= 2 * LOOKS else (),
    )


def _mark(point: Point, scales: tuple[Scale, Scale], series: int) -> Mark:
    x, y = scales[0].at(point.x), scales[1].at(point.y)
    bar = None
    if (own := point.x_interval) is not None and own.low is not None and own.high is not None:
        bar = Bar(x0=scales[0].at(own.low), y0=y, x1=scales[0].at(own.high), y1=y)
    if (own := point.y_interval) is not None and own.low is not None and own.high is not None:
        bar = Bar(x0=x, y0=scales[1].at(own.low), x1=x, y1=scales[1].at(own.high))
    return Mark(x=x, y=y, text=point.text, series=series, row=point.row, hollow=point.hollow, bar=bar)


def _names(points: Sequence[Point], scales: tuple[Scale, Scale], lines: Sequence[Line]) -> tuple[Name, ...]:
    """Those that cover neither a mark, nor a line's name, nor one another; the rest are told by their marks."""
    if len(points) > MOST_NAMED:
        return ()
    at = [(scales[0].at(point.x), -scales[1].at(point.y)) for point in points]
    marks = [Box(left=x - _RADIUS, bottom=y - _RADIUS, right=x + _RADIUS, top=y + _RADIUS) for x, y in at]
    labels = [
        Label(x=x, y=y, width=_LETTER * len(point.name), height=_LINE, optional=True)
        for point, (x, y) in zip(points, at, strict=True)
    ]
    frame = Box(left=FRAME.x0, bottom=-FRAME.y1, right=FRAME.x1, top=-FRAME.y0)
    places = place(labels, [*marks, *map(_box, lines)], frame, _RADIUS + 2)
    return tuple(
        Name(x=round(found.x, 1), y=round(-found.y, 1), text=point.name, row=point.row)
        for point, found in zip(points, places, strict=True)
        if point.name and found is not None and not found.led
    )


def _box(line: Line) -> Box:
    """Of its name, which ends at its place for a line of equal speed, and begins there for a roof."""
    assert line.name is not None
    length = _LETTER * len(line.name.text)
    left = line.name.x - length * (line.kind == "equal")
    return Box(left=left, bottom=-line.name.y - 2, right=left + length, top=-line.name.y + _LINE)
