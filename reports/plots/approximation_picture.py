"""The picture of `bench approximate`: the error of each pair, stage by stage."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.records.run import Run
from reports.plots.style import FAINT, INK, arrange, error_bars, figure, headline, looks, plain
from reports.studies.approximations import Approximated
from reports.studies.page import about, question

APART = 0.16  # of the distance between two stages, between two pairs


def approximation_picture(run: Run, rows: Sequence[Approximated]) -> Figure:
    """Points with their intervals, a group for each stage and one for the average."""
    places = list(dict.fromkeys(row.place for row in rows))
    operators = list(dict.fromkeys(row.operator for row in rows))
    fig = figure(max(6.6, 2.6 + 1.0 * len(places)), 4.4)
    axes = fig.add_subplot()
    title = f"Error of pairs in the place of the 3x3 convolutions of {question(run).model}"
    caption = (
        "Mean square error on the test images over the variance of the target: 0 is perfect, 1 what each channel's "
        "mean would do. Bars: 95% intervals over the seeds of training and split."
    )
    said = list(about(run)[:2])
    lines = headline(fig, title, said, [caption])
    arrange(fig, subtitles=len(said) + 1, captions=lines)
    for number, operator in enumerate(operators):
        _points(axes, operators, number, [row for row in rows if row.operator == operator], places)
    axes.set_xticks(range(len(places)), [_tick(place, rows) for place in places])
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("MSE / variance")
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(operators), frameon=False, labelcolor=INK)
    return fig


def _points(axes: Axes, operators: Sequence[str], number: int, own: Sequence[Approximated], places: list[str]) -> None:
    look = looks(operators, lambda name: name.startswith("pconv"))[operators[number]]
    shift = APART * (number - (len(operators) - 1) / 2)
    spots = [(places.index(row.place) + shift, row.normalised) for row in own if row.normalised]
    error_bars(axes, spots, look)
    axes.plot(
        [at for at, _ in spots],
        [found.centre for _, found in spots],
        linestyle="none",
        marker=look.marker,
        color=look.colour,
        markersize=look.size - 1,
        label=plain(operators[number]),
        zorder=4,
    )


def _tick(place: str, rows: Sequence[Approximated]) -> str:
    first = next((row.first for row in rows if row.place == place and row.first), None)
    return f"stage {place}\n{first.channels}x{first.height}x{first.width}" if first else place
