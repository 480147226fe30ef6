"""Labels at the points of a plot, placed so that they do not overlap."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from reports.plots.label_placement import Box, Label, Segment, place, spread
from reports.plots.style import QUIET, plain

MOST_NAMED = 200  # marks that may each have a name: more of them leave no room for any


@dataclass(frozen=True, kw_only=True)
class Note:
    """A text that belongs to a point, in data coordinates."""

    x: float
    y: float
    text: str
    colour: str
    size: float = 7.5
    bold: bool = False
    optional: bool = False


Spot = tuple[float, float]


def annotate(
    axes: Axes, notes: Sequence[Note], points: Sequence[Spot], lines: Sequence[tuple[Spot, Spot]] = ()
) -> None:
    """Writes the notes clear of one another and of all points; call it when limits and layout are final.

    `points` are the data coordinates of the marks that must stay visible, `lines` join two of them.
    """
    canvas = axes.figure.canvas
    if not isinstance(canvas, FigureCanvasAgg):
        raise ValueError(f"expected a figure on an Agg canvas, got {type(canvas).__name__}; use figure()")
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    pixel, whole = axes.figure.dpi / 72, _figure(axes).transFigure  # pixels per point
    texts = [
        axes.text(
            0,
            0,
            plain(note.text),
            transform=whole,
            fontsize=note.size,
            color=note.colour,
            fontweight="bold" if note.bold else "normal",
            ha="center",
            va="center",
            zorder=6,
            path_effects=[withStroke(linewidth=2, foreground="white")],
        )
        for note in notes
    ]
    labels = []
    for note, text in zip(notes, texts, strict=True):
        extent = text.get_window_extent(renderer)
        x, y = axes.transData.transform((note.x, note.y))
        labels.append(Label(x=x, y=y, width=extent.width, height=extent.height * 0.9, optional=note.optional))
    radius = 3.6 * pixel
    obstacles = [
        Box(left=x - radius, bottom=y - radius, right=x + radius, top=y + radius)
        for x, y in axes.transData.transform(list(points)).tolist()
    ]
    window = axes.get_window_extent(renderer)
    frame = Box(left=window.x0, bottom=window.y0, right=window.x1, top=window.y1)
    ends = axes.transData.transform([end for line in lines for end in line]).tolist() if lines else []
    segments = [Segment(x0=a[0], y0=a[1], x1=b[0], y1=b[1]) for a, b in zip(ends[::2], ends[1::2], strict=True)]
    places = place(labels, obstacles, frame, 6 * pixel, segments)
    for text, label, placement in zip(texts, labels, places, strict=True):
        if placement is None:
            text.remove()
            continue
        # In parts of the figure, not in pixels: of those a PDF has others.
        start, end = whole.inverted().transform([(label.x, label.y), (placement.x, placement.y)]).tolist()
        text.set_position(end)
        if placement.led:
            axes.plot(
                *zip(start, end, strict=True),
                transform=whole,
                color=QUIET,
                linewidth=0.5,
                zorder=1.5,
                scalex=False,
                scaley=False,
            )


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def label_ends(axes: Axes, notes: Sequence[Note]) -> None:
    """Writes the names of series right of their last points, moved apart where they would overlap.

    Those that end at one whole x, give or take a half, begin right of the last of them: none lies on another's mark.
    """
    pixel = axes.figure.dpi / 72
    ends = axes.transData.transform([(note.x, note.y) for note in notes]).tolist()
    heights = spread([y for _, y in ends], 11 * pixel)
    edges: dict[int, float] = {}
    for note, (x, _) in zip(notes, ends, strict=True):
        edges[round(note.x)] = max(x, edges.get(round(note.x), x))
    whole = _figure(axes).transFigure
    for note, (x, y), height in zip(notes, ends, heights, strict=True):
        pixels = [(x + 5 * pixel, y), (edges[round(note.x)] + 16 * pixel, height)]
        end, beside = whole.inverted().transform(pixels).tolist()
        axes.annotate(
            plain(note.text),
            end,
            beside,
            xycoords=whole,
            textcoords=whole,
            fontsize=note.size,
            color=note.colour,
            fontweight="bold" if note.bold else "normal",
            va="center",
            arrowprops={"arrowstyle": "-", "color": QUIET, "linewidth": 0.5, "shrinkA": 1, "shrinkB": 1},
        )
