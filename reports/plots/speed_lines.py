"""Time against MACs on logarithmic axes with lines of equal achieved speed (the paper's Figure 2)."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from bench.statistics import Interval
from reports.numbers import GIGA, MILLI, significant
from reports.plots.style import FAINT, QUIET, Look, error_bars, log_axis
from reports.row import Row

MOST_APART = 200  # marks that are drawn one by one
_ROOM = 1.8  # a line's name needs that much of it, as a factor


def draw_speed_lines(axes: Axes, marks: Sequence[tuple[Look, Row]]) -> list[tuple[float, float]]:
    """Draws the rows (GMACs, ms per call) and the lines behind them; returns the spots that labels must avoid."""
    timed = [
        (look, row.macs * row.unit.batch / GIGA, row.time) for look, row in marks if row.time is not None and row.macs
    ]
    groups: dict[tuple[Look, int], list[tuple[float, Interval]]] = {}
    for index, (look, x, time) in enumerate(timed):
        # Many marks go by their looks: drawing costs milliseconds a call, whatever the call draws.
        groups.setdefault((look, index if len(timed) <= MOST_APART else 0), []).append((x, time))
    for (look, _), spots in groups.items():
        _mark(axes, look, spots)
    points = [(x, time.centre / MILLI) for _, x, time in timed]
    if points:
        _frame(axes, points)
        points += _lines(axes)
    return points


def _mark(axes: Axes, look: Look, spots: Sequence[tuple[float, Interval]]) -> None:
    error_bars(axes, spots, look, unit=MILLI)
    axes.plot(
        [x for x, _ in spots],
        [time.centre / MILLI for _, time in spots],
        marker=look.marker,
        color=look.colour,
        markersize=look.size,
        markeredgecolor="white",
        markeredgewidth=0.6,
        linestyle="none",
        zorder=5 if look.emphasised else 4,
    )


def _frame(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    for which, values in (("x", [x for x, _ in points]), ("y", [y for _, y in points])):
        log_axis(axes, which)
        low, high = min(values) / 1.6, max(values) * 1.6
        (axes.set_xlim if which == "x" else axes.set_ylim)(low, high)


def _lines(axes: Axes) -> list[tuple[float, float]]:
    """A line per 1, 2 and 5 of each decade of speed that crosses the frame, its speed written on it."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    # Speed in GMAC/s is GMACs over seconds: highest at the lower right corner, lowest at the upper left.
    slowest, fastest = left / (top * MILLI), right / (bottom * MILLI)
    steps = [
        digit * 10.0**power
        for power in range(math.floor(math.log10(slowest)), math.ceil(math.log10(fastest)) + 1)
        for digit in (1, 2, 5)
    ]
    inside = [speed for speed in steps if slowest < speed < fastest]
    if len(inside) > 15:
        inside = [speed for speed in inside if str(speed / 10 ** math.floor(math.log10(speed)))[0] == "1"]
    pixels = axes.transData.transform(np.array([[left, left], [right, right]]))
    angle = math.degrees(math.atan2(pixels[1][1] - pixels[0][1], pixels[1][0] - pixels[0][0]))
    written: list[tuple[float, float]] = []
    ceiling = _below(axes, top, 9)
    for speed in inside:
        axes.plot([left, right], [left / speed / MILLI, right / speed / MILLI], color=FAINT, linewidth=0.8, zorder=1)
        # Near the end of its visible part: the top edge or the right one.
        x = min(right / 1.06, ceiling * MILLI * speed / 1.01)
        if x < left * _ROOM or x / speed / MILLI < bottom * _ROOM:
            continue  # the line crosses a corner: no room for its name
        axes.text(
            x,
            x / speed / MILLI * 1.01,
            _speed_text(speed),
            fontsize=6.5,
            color=QUIET,
            rotation=angle,
            rotation_mode="anchor",
            ha="right",
            va="bottom",
            clip_on=True,
            zorder=1.2,
        )
        reach = [x * _ROOM ** (-step / 6) for step in range(7)]
        written += [(each, each / speed / MILLI * 1.06) for each in reach]
    return written


def _below(axes: Axes, y: float, points: float) -> float:
    """The height that is so many points under another one."""
    pixels = axes.transData.transform((1, y)) - (0, points * axes.figure.dpi / 72)
    return float(axes.transData.inverted().transform(pixels)[1])


def _speed_text(gmacs_per_s: float) -> str:
    """`50 GMAC/s`, `2 TMAC/s`."""
    if gmacs_per_s >= 1000:
        return f"{significant(gmacs_per_s, 1000, digits=1)} TMAC/s"
    return f"{significant(gmacs_per_s, digits=1)} GMAC/s"
