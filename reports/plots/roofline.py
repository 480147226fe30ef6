"""A roofline: speed over MACs per byte, a rising roof for each memory level and a flat one for each dtype.

Source: Williams, Waterman & Patterson 2009, Roofline: an insightful visual performance model.
"""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from bench.records.ceilings import Ceilings
from reports.limits import bandwidth_of
from reports.numbers import GIGA, significant
from reports.plots.style import INK, QUIET, Look, log_axis, looks, plain

_ROOM = 8.0  # beyond the ridges to either side, as a factor
_ROOM_FOR_SPOTS = 1.5  # likewise beyond the outermost of them, which are discs


def draw_roofs(axes: Axes, ceilings: Sequence[Ceilings], spots: Sequence[tuple[float, float]] = ()) -> None:
    """Draw the roofs of one thread count, a `Ceilings` for each dtype, in GMAC/s over MACs per byte.

    Memory is the first one's, which differs from the others' by chance alone. The axes hold the `spots` too, points
    (MACs per byte, GMAC/s) that the caller draws; call it when the figure's layout is final.
    """
    levels = {each.level: bandwidth_of(ceilings[0], each.level) / GIGA for each in ceilings[0].bandwidths}
    levels = {level: speed for level, speed in levels.items() if speed}
    flats = {b.dtype: b.speed.centre / GIGA for each in ceilings if (b := each.best()) is not None}
    _frame(axes, list(levels.values()), list(flats.values()), spots)
    top = max(flats.values())
    for level, bandwidth in levels.items():
        _rising(axes, level, bandwidth, top)
    fastest = max(levels.values())
    for (dtype, speed), look in zip(flats.items(), looks(flats, lambda _: False).values(), strict=True):
        _flat(axes, dtype, speed, fastest, look, at_left=bool(spots))


def _frame(
    axes: Axes, bandwidths: Sequence[float], flats: Sequence[float], spots: Sequence[tuple[float, float]]
) -> None:
    log_axis(axes, "x")
    log_axis(axes, "y")
    left = min([min(flats) / max(bandwidths) / _ROOM, *(x / _ROOM_FOR_SPOTS for x, _ in spots)])
    right = max([max(flats) / min(bandwidths) * _ROOM, *(x * _ROOM_FOR_SPOTS for x, _ in spots)])
    ys = [left * min(bandwidths), max(flats), *(y for _, y in spots)]
    axes.set_xlim(left, right)
    axes.set_ylim(min(ys), max(ys) * 1.8)


def _rising(axes: Axes, level: str, bandwidth: float, top: float) -> None:
    left, ridge = axes.get_xlim()[0], top / bandwidth
    axes.plot([left, ridge], [left * bandwidth, top], color=QUIET, linewidth=1.1, zorder=2)
    at = max(left, axes.get_ylim()[0] / bandwidth) * 1.15
    ends = axes.transData.transform([(at, at * bandwidth), (ridge, top)]).tolist()
    angle = math.degrees(math.atan2(ends[1][1] - ends[0][1], ends[1][0] - ends[0][0]))
    axes.text(
        at,
        at * bandwidth * 1.04,
        plain(f"{level} {significant(bandwidth)} GB/s"),
        fontsize=7.5,
        color=INK,
        rotation=angle,
        rotation_mode="anchor",
        ha="left",
        va="bottom",
        zorder=3,
    )


def _flat(axes: Axes, dtype: str, speed: float, fastest: float, look: Look, *, at_left: bool) -> None:
    """`at_left`: its words begin with it, since the fastest spots, and their names, lie under its right end."""
    right = axes.get_xlim()[1]
    axes.plot(
        [speed / fastest, right],
        [speed, speed],
        color=look.colour,
        linewidth=1.6,
        dashes=look.dashes or (1, 0),
        zorder=3,
    )
    axes.text(
        speed / fastest if at_left else right / 1.05,
        speed * 1.03,
        plain(f"{dtype} {significant(speed)} GMAC/s"),
        fontsize=7.5,
        color=look.ink,
        ha="left" if at_left else "right",
        va="bottom",
        zorder=3,
    )
