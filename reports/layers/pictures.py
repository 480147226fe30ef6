"""Pictures of `bench layers`: where the time goes, layer after layer; and each layer beside what the device can do."""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from reports.environment_text import device_title
from reports.layers.profile import Profile
from reports.layers.roofline import roofline_picture
from reports.layers.words import title
from reports.numbers import MILLI, about_percent
from reports.plots.panel import unique_slugs
from reports.plots.style import FAINT, INK, QUIET, arrange, figure, headline, plain
from reports.results import Results

WIDTH = 11.0  # inches
MOST_STRIPS = 8  # in one picture
NAMED = 0.045  # of the longest strip, from which on a layer's name stands below its field
_COLOURS = {
    "conv": "#D55E00",
    "pwconv": "#0072B2",
    "dwconv": "#E69F00",
    "gconv": "#CC79A7",
    "linear": "#56B4E9",
    "matmul": "#009E73",
    "attention": "#117733",
    "norm": "#b2abd2",
    "activation": "#F0E442",
    "softmax": "#882255",
    "pooling": "#8c6d31",
    "elementwise": "#44AA99",
    "functional": "#999999",
    "data movement": "#dddddd",
    "unmapped": "#bbbbbb",
}
_OTHERS = "#444444"


def layer_pictures(results: Results) -> Iterator[tuple[str, Figure]]:
    """A strip for each network, those of one device together; and a roofline for each, where ceilings are known."""
    by_device: dict[str, list[Profile]] = {}
    for profile in results.profiles:
        by_device.setdefault(profile.unit.device, []).append(profile)
    for slug, (device, own) in zip(unique_slugs(by_device), by_device.items(), strict=True):
        yield f"layers-{slug}", _strips(device_title(results.run, device), own)
    measured = [each for each in results.profiles if (roof := each.ceilings) and roof.gemms and roof.bandwidths]
    names = [f"{each.unit.device}-{each.unit.runtime}-{each.unit.workload.name}" for each in measured]
    for slug, profile in zip(unique_slugs(names), measured, strict=True):
        yield (
            f"roofline-{slug}",
            roofline_picture(profile, device_title(results.run, profile.unit.device), colours_of([profile])),
        )


def _strips(machine: str, every: Sequence[Profile]) -> Figure:
    """The first few, one under the other with one scale, so that lengths can be compared."""
    profiles = every[:MOST_STRIPS]
    fig = figure(WIDTH, 2.05 + 0.95 * len(profiles))
    colours = colours_of(profiles)
    lines = headline(fig, "Time of one call, layer by layer", [machine], _caption(len(profiles), len(every)))
    longest = max(profile.total.centre for profile in profiles)
    fields = fig.subplots(len(profiles), 1, squeeze=False, sharex=True)[:, 0]
    for axes, profile in zip(fields, profiles, strict=True):
        _strip(axes, profile, colours, longest)
    arrange(fig, left=0.3, subtitles=2, captions=lines + 3)
    fig.subplots_adjust(hspace=0.9)
    fields[-1].set_xlabel("ms", fontsize=8, loc="right", labelpad=1)
    handles = [Patch(color=colour, label=plain(kind)) for kind, colour in colours.items()]
    fig.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.2 / WIDTH, 0.28 / fig.get_size_inches()[1]),
        ncols=10,
        frameon=False,
        fontsize=7.5,
        handlelength=1.1,
        columnspacing=1.2,
    )
    return fig


def _caption(drawn: int, every: int) -> list[str]:
    read = "In the order of execution; each field is a layer, its colour the kind. Names stand below the widest."
    left_out = f"The first {drawn} of {every} strips; layers.csv has all of them."
    return [read, *[left_out] * (drawn < every)]


def _strip(axes: Axes, profile: Profile, colours: Mapping[str, str], longest: float) -> None:
    at = 0.0
    for owned, taken in zip(profile.owned, profile.piece_seconds, strict=False):
        axes.barh(
            0, taken / MILLI, left=at / MILLI, height=1, color=colours[owned.kind], edgecolor="white", linewidth=0.3
        )
        if taken > NAMED * longest:
            axes.text(
                (at + taken / 2) / MILLI, -0.62, plain(_short(owned.layer)), ha="center", va="top", fontsize=6.5,
                color=QUIET,
            )  # fmt: skip
        at += taken
    axes.set_ylim(-0.5, 0.5)
    axes.set_xlim(0, 1.02 * longest / MILLI)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="x", colors=QUIET, pad=11, labelsize=7.5)
    dearest = ", ".join(f"{each.kind} {about_percent(each.share)}" for each in profile.kinds[:4])
    axes.set_title(plain(f"{title(profile)}: {dearest}", 160), loc="left", fontsize=8.5, color=INK, pad=4)
    axes.grid(visible=False)
    axes.set_facecolor(FAINT)
    axes.patch.set_alpha(0.3)


def _short(name: str) -> str:
    """The last two words of a path, which tell a layer from its neighbours."""
    return ".".join(name.replace("/", ".").split(".")[-2:])[-22:]


def colours_of(profiles: Sequence[Profile]) -> dict[str, str]:
    """A colour for each kind that takes time, the same in every picture where it is a usual one."""
    kinds = dict.fromkeys(each.kind for profile in profiles for each in profile.kinds if each.pieces)
    usual = [kind for kind in _COLOURS if kind in kinds]
    return {kind: _COLOURS.get(kind, _OTHERS) for kind in (*usual, *(kind for kind in kinds if kind not in _COLOURS))}
