"""The picture of `bench redundancy`: the maps of one layer, how alike they are, and all layers beside it."""

import base64
from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bench.records.run import Run
from bench.records.study import TWIN, Drawn, Pixels, Redundancy
from reports.plots.style import ACCENT, FAINT, QUIET, arrange, figure, headline, plain
from reports.studies.alike import rank_share, twin_share
from reports.studies.page import about, question

_GAP = 2  # pixels between two maps
_Image = npt.NDArray[np.uint8]


def redundancy_picture(run: Run, layers: Sequence[Redundancy], shown: Redundancy, drawn: Drawn) -> Figure:
    """The image and its maps on the left; on the right likeness, its histogram, and every layer of the network."""
    fig = figure(11.0, 6.6)
    places = fig.add_gridspec(3, 3, width_ratios=(0.8, 2.4, 2.0), height_ratios=(1, 1, 1))
    title = f"How alike the feature maps of {question(run).model} are"
    size = f"{shown.channels}x{shown.height}x{shown.width}"
    said = [*about(run)[:2], f"drawn: {shown.layer}, {shown.kind}, {size}"]
    lines = headline(fig, title, said, [_caption(drawn)])
    arrange(fig, left=0.3, subtitles=len(said) + 1, captions=lines)
    fig.subplots_adjust(wspace=0.22, hspace=0.55)
    _picture(fig.add_subplot(places[0, 0]), _image(drawn.image), "image")
    _picture(fig.add_subplot(places[:, 1]), _tiled(drawn.maps), "its feature maps")
    _picture(fig.add_subplot(places[1, 0]), _maps(drawn.similarity)[0], "|r| of its maps")
    _histogram(fig.add_subplot(places[0, 2]), drawn.nearest)
    _all_layers(fig.add_subplot(places[1:, 2]), layers, shown)
    return fig


def _caption(drawn: Drawn) -> str:
    return (
        f"The first {drawn.maps.maps} maps that vary, each from its least (black) to its largest value (white). "
        f"r: Pearson's over all pixels of all images. Near twin: |r| of at least {TWIN} with another channel. "
        "Effective rank: exp of the entropy of the singular values."
    )


def _maps(pixels: Pixels) -> _Image:
    """As (n, h, w); base64 of another length is zeros at its end, since a file may hold anything."""
    data = base64.b64decode(pixels.data)[: pixels.size].ljust(pixels.size, b"\0")
    return np.frombuffer(data, dtype=np.uint8).reshape(pixels.maps, pixels.height, pixels.width)


def _image(pixels: Pixels) -> _Image:
    """(h, w, 3) of three maps, (h, w) of any other number."""
    maps = _maps(pixels)
    return np.moveaxis(maps, 0, -1) if len(maps) == 3 else maps[0]


def _tiled(pixels: Pixels) -> _Image:
    """The maps in rows and columns, white between them."""
    maps = _maps(pixels)
    columns = ceil(sqrt(len(maps)))
    high, wide = pixels.height + _GAP, pixels.width + _GAP
    board = np.full((ceil(len(maps) / columns) * high - _GAP, columns * wide - _GAP), 255, dtype=np.uint8)
    for number, each in enumerate(maps):
        top, left = number // columns * high, number % columns * wide
        board[top : top + pixels.height, left : left + pixels.width] = each
    return board


def _picture(axes: Axes, image: _Image, title: str) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.set_anchor("NW")
    axes.set_title(title, loc="left", fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _histogram(axes: Axes, nearest: Sequence[float]) -> None:
    axes.hist(nearest, bins=[number / 20 for number in range(21)], color="#0072B2", rwidth=0.9)
    axes.axvline(TWIN, color=ACCENT, linewidth=1.1, dashes=(4, 2))
    axes.set_title("channels by their nearest other one", loc="left", fontsize=9)
    axes.set_xlabel("largest |r| with another channel", fontsize=8)


def _all_layers(axes: Axes, layers: Sequence[Redundancy], shown: Redundancy) -> None:
    numbers = range(1, len(layers) + 1)
    for name, share, colour, marker in (
        ("near twins", twin_share, "#0072B2", "s"),
        ("effective rank", rank_share, "#009E73", "^"),
    ):
        values = [100 * (share(each) or 0.0) for each in layers]
        axes.plot(numbers, values, color=colour, marker=marker, markersize=3.5, linewidth=1, label=name)
    axes.axvline(list(layers).index(shown) + 1, color=QUIET, linewidth=0.8, dashes=(1, 1.5))
    axes.set_ylim(0, 100)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("% of the channels", labelpad=1)
    ends = f"{plain(layers[0].layer, 30)} … {plain(layers[-1].layer, 30)}"
    axes.set_xlabel(f"layer ({ends}; dots: the one drawn)", fontsize=8)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.legend(frameon=False, fontsize=8, loc="best")
