"""The picture of `bench salience`: which positions of a kernel are strongest, taken together and layer by layer."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bench.records.run import Run
from bench.records.study import Salience
from reports.numbers import significant
from reports.plots.style import ACCENT, FAINT, INK, QUIET, Look, arrange, error_bars, figure, headline, plain
from reports.studies.page import about, question
from reports.studies.positions import Positions, positions

MOST_LAYERS = 60  # that are legible side by side
_LOOK = Look(colour="#0072B2", marker="o")


def salience_picture(run: Run, layers: Sequence[Salience]) -> Figure:
    """The kernels of the size that most filters have."""
    together = positions(layers)[0]
    own = [each for each in layers if (each.height, each.width) == (together.height, together.width)][:MOST_LAYERS]
    fig = figure(9.4, 4.5)
    left, right = fig.subplots(1, 2, width_ratios=(1, 1.9))
    title = f"Where the {together.size} filters of {question(run).model} are strongest"
    lines = headline(fig, title, about(run)[:2], [_caption(together, len(own))])
    arrange(fig, left=0.3, subtitles=2, captions=lines + 1)
    fig.subplots_adjust(wspace=0.22)
    _board(left, together)
    _layers(right, own, 1 / len(together.counts))
    return fig


def _caption(together: Positions, drawn: int) -> str:
    return (
        f"Left: of {together.filters} filters in {together.layers} layers, the part whose norm over the input "
        "channels is largest at that position. Right: the part that is strongest in the centre, layer by layer "
        f"({drawn} drawn), with Wilson's 95% interval; dashes: chance."
    )


def _board(axes: Axes, together: Positions) -> None:
    shares = [count / max(1, together.filters) for count in together.counts]
    grid = [shares[row * together.width : (row + 1) * together.width] for row in range(together.height)]
    axes.imshow(grid, cmap="Blues", vmin=0, vmax=max(*shares, 0.4))
    for row, line in enumerate(grid):
        for column, share in enumerate(line):
            middle = together.centre == row * together.width + column
            axes.text(
                column,
                row,
                f"{significant(100 * share)}%",
                ha="center",
                va="center",
                fontsize=9 if together.width <= 5 else 6,
                fontweight="bold" if middle else "normal",
                color=INK if share < 0.22 else "white",
            )
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _layers(axes: Axes, layers: Sequence[Salience], chance: float) -> None:
    found = [(number, share) for number, each in enumerate(layers, 1) if (share := positions([each])[0].centre_share)]
    error_bars(axes, found, _LOOK)
    axes.plot([at for at, _ in found], [share.centre for _, share in found], "o", color=_LOOK.colour, markersize=4.5)
    axes.axhline(chance, color=ACCENT, linewidth=1.1, dashes=(4, 2))
    axes.set_ylim(0, 1)
    axes.set_xlim(0.4, len(layers) + 0.6)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_ylabel("strongest in the centre")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    ends = " … ".join(plain(each.layer, 40) for each in (layers[0], *layers[1:][-1:]))
    axes.set_xlabel(f"layer ({ends})", color=QUIET, fontsize=8)
