"""Each layer of a network beside what its device can do: multiply-adds for each byte, and in each second."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.layers.profile import Profile, Slice
from reports.layers.words import macs_per_s, title
from reports.numbers import GIGA
from reports.plots.annotate import Note, annotate
from reports.plots.roofline import draw_roofs
from reports.plots.style import INK, arrange, figure, headline, plain

MOST_NAMED = 6  # layers, those that take the most time
_CAPTION = (
    "A disc is a layer, its area the layer's share of the time. Lines: what this device was measured to do at most. "
    "Layers that multiply nothing are left out."
)


def roofline_picture(profile: Profile, machine: str, colours: Mapping[str, str]) -> Figure:
    """Speed against intensity, both logarithmic; a colour for each kind of layer."""
    fig = figure(9.0, 6.0)
    axes = fig.add_subplot()
    lines = headline(fig, "How far each layer is from what the device can do", [machine, title(profile)], [_CAPTION])
    arrange(fig, captions=lines)
    spots = [(each, _intensity(profile, each), macs_per_s(profile, each)) for each in profile.layers]
    drawn = [(each, x, y) for each, x, y in spots if x is not None and y is not None]
    if profile.ceilings is not None:
        draw_roofs(axes, [profile.ceilings], [(x, y / GIGA) for _, x, y in drawn])
    for each, x, y in drawn:
        _disc(axes, each, x, y / GIGA, colours[each.kind])
    dearest = sorted(drawn, key=lambda spot: -spot[0].seconds)[:MOST_NAMED]
    notes = [Note(x=x, y=y / GIGA, text=each.name[-36:], colour=INK, size=6.5, optional=True) for each, x, y in dearest]
    annotate(axes, notes, [(x, y / GIGA) for _, x, y in drawn])
    for kind in dict.fromkeys(each.kind for each, *_ in drawn):
        axes.plot([], [], "o", color=colours[kind], label=plain(kind), markersize=5)
    if drawn:
        axes.legend(frameon=False, fontsize=8, loc="lower right")
    axes.set_xlabel("multiply-adds for each byte read or written")
    axes.set_ylabel("GMAC/s")
    return fig


def _intensity(profile: Profile, each: Slice) -> float | None:
    return each.macs * profile.unit.batch / each.bytes_moved if each.macs and each.bytes_moved else None


def _disc(axes: Axes, each: Slice, x: float, y: float, colour: str) -> None:
    axes.scatter([x], [y], s=12 + 1500 * each.share, color=colour, alpha=0.6, edgecolor="white", linewidth=0.6)
