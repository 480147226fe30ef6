"""How every picture looks: one type, one palette, marks that also differ without colour.

Colours are Okabe and Ito's (distinct to colour-blind eyes); markers and dashes differ too, so that a grey
print reads the same. Figures are made without pyplot: no global state, no display.
"""

import io
import logging
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bench.statistics import Interval
from reports.numbers import significant
from reports.plots.page import FORMS, Page
from reports.untrusted import visible

INK, QUIET, FAINT = "#222222", "#6b6b6b", "#dddddd"
ACCENT = "#D55E00"  # vermillion: what the paper is about
_COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8c6d31", "#7f7f7f")
_MARKERS = ("s", "^", "D", "v", "P", "X", "<", ">", "h", "p", "d", "8")
_DASHES: tuple[tuple[float, ...], ...] = ((), (4, 1.5), (1, 1.2), (5, 1.2, 1, 1.2))
DPI = 150
# It announces its font cache on the first use on a machine, between our lines on stderr.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
MANY = 2000  # the span of an axis from which on only decades are written
CAPTION_LETTERS = 18  # of a caption's size, per inch
MARGIN = 0.16  # inches left of the texts


@dataclass(frozen=True, kw_only=True)
class Look:
    """How one series is drawn."""

    colour: str
    marker: str
    dashes: tuple[float, ...] = ()
    emphasised: bool = False

    @property
    def ink(self) -> str:
        """Its colour for text: darker, since thin strokes fade in print and to weak eyes."""
        if self.emphasised:
            return self.colour
        red, green, blue = to_rgb(self.colour)
        return to_hex((0.68 * red, 0.68 * green, 0.68 * blue))

    @property
    def width(self) -> float:
        """Of the line, in points."""
        return 2.4 if self.emphasised else 1.1

    @property
    def size(self) -> float:
        """Of the marker, in points."""
        return 8.0 if self.emphasised else 6.0


def looks(names: Iterable[str], emphasised: Callable[[str], bool]) -> dict[str, Look]:
    """A look for each name: the emphasised ones stand out, the rest take turns."""
    made: dict[str, Look] = {}
    others, own = 0, 0
    for name in dict.fromkeys(names):
        if emphasised(name):
            made[name] = Look(colour=ACCENT, marker="o", dashes=_DASHES[own % 4], emphasised=True)
            own += 1
        else:
            # Marker and colour change each time; together they repeat only after 24 series.
            made[name] = Look(
                colour=_COLOURS[others % len(_COLOURS)],
                marker=_MARKERS[others % len(_MARKERS)],
                dashes=_DASHES[(others // len(_COLOURS)) % 4],
            )
            others += 1
    return made


_page: ContextVar[Page | None] = ContextVar("page", default=None)


def figure(width: float, height: float) -> Figure:
    """An empty figure, inches, of the page's width where there is one; draw on it inside `style()`."""
    page = _page.get()
    if page is not None:
        width, height = page.width, page.width * max(page.least_height, height / width)
    made = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(made)
    return made


@contextmanager
def style(page: Page | None = None) -> Iterator[None]:
    """The type and the lines of every picture, on a screen or a page, for the time of a `with`."""
    token = _page.set(page)
    with mpl.rc_context(
        {
            "svg.hashsalt": "bench",  # names within the file, else drawn by lot
            "pdf.fonttype": 42,  # TrueType: what journals ask for
            "font.family": "DejaVu Sans",
            "font.size": 9.0,
            "text.color": INK,
            "text.parse_math": False,  # a device name with a dollar sign is text, not a formula
            "axes.edgecolor": QUIET,
            "axes.labelcolor": INK,
            "axes.linewidth": 0.7,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.color": QUIET,
            "ytick.color": QUIET,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "xtick.direction": "out",
            "lines.solid_capstyle": "round",
        }
    ):
        try:
            yield
        finally:
            _page.reset(token)


def plain(text: str, longest: int = 120) -> str:
    """Text that the font has glyphs for: what lies beyond Latin script is shown as a question mark."""
    return "".join(c if ord(c) < 0x250 or c in "…→≈√" else "?" for c in visible(text, longest))


def headline(fig: Figure, title: str, subtitle: Sequence[str], caption: Sequence[str]) -> int:
    """What it shows above, device and settings under it, how to read it at the bottom; escapes all text.

    On a page they are the figure's label alone. Returns the lines that the caption takes, for `arrange`.
    """
    fig.set_label(". ".join(part.removesuffix(".") for part in (title, *subtitle, *caption)) + ".")
    if _page.get() is not None:
        return 0
    width, height = fig.get_size_inches()
    left = MARGIN / width
    fig.text(left, 1 - 0.14 / height, plain(title), fontsize=12.5, fontweight="bold", va="top")
    for number, line in enumerate(subtitle):
        y = 1 - (0.42 + 0.17 * number) / height
        fig.text(left, y, plain(line), fontsize=8.5, color=QUIET, va="top")
    lines = [line for part in caption for line in textwrap.wrap(plain(part, 400), int(CAPTION_LETTERS * width))]
    fig.text(left, 0.09 / height, "\n".join(lines), fontsize=7.5, color=QUIET, va="bottom", linespacing=1.35)
    return len(lines)


def arrange(fig: Figure, *, left: float = 0.68, subtitles: int = 2, captions: int = 1) -> None:
    """Gives the axes the room that the texts leave, in inches."""
    width, height = fig.get_size_inches()
    if _page.get() is not None:
        fig.subplots_adjust(left=left / width, right=1 - 0.1 / width, top=1 - 0.1 / height, bottom=0.45 / height)
        return
    fig.subplots_adjust(
        left=left / width,
        right=1 - 0.15 / width,
        top=1 - (0.55 + 0.17 * subtitles) / height,
        bottom=(0.66 + 0.15 * captions) / height,
    )


def error_bars(
    axes: Axes, spots: Iterable[tuple[float, Interval]], look: Look, *, along: str = "y", unit: float = 1
) -> None:
    """Intervals as bars with caps along the axis that they belong to, each with its place on the other one.

    All in one go, since a call takes milliseconds whatever it draws; nothing where no interval is claimed.
    """
    bars = [(at, y.low, y.high) for at, y in spots if y.low is not None and y.high is not None]
    if not bars:
        return
    places, lows, highs = (np.array(values) for values in zip(*bars, strict=True))
    ends = [(places, end / unit) if along == "y" else (end / unit, places) for end in (lows, highs)]
    # Not Axes.errorbar, which goes through the bars one by one to learn how far they reach: the caps tell that as well.
    segments = np.stack([np.stack(end, axis=1) for end in ends], axis=1)
    bar = LineCollection([*segments], linewidths=1.1, color=look.colour, alpha=0.75, zorder=3)
    axes.add_collection(bar, autolim=False)
    cap = "_" if along == "y" else "|"
    for x, y in ends:
        axes.plot(x, y, cap, markersize=4.8, markeredgewidth=1.1, color=look.colour, alpha=0.75, zorder=3)


class _PlainLocator(LogLocator):
    """Ticks at 1, 2 and 5 of each decade, at 1 alone where there are many decades."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """The ticks between the two; matplotlib asks."""
        self.set_params(subs=(1, 2, 5) if vmin > 0 and vmax < vmin * MANY else (1,))
        return list(super().tick_values(vmin, vmax))


def _tick_text(value: float) -> str:
    """All its digits: within less than a decade ticks stand at 3.5 and 4.5 too."""
    text = significant(value, digits=4)
    return text.rstrip("0").rstrip(".") if "." in text else text


def log_axis(axes: Axes, which: str) -> None:
    """A logarithmic axis with plain numbers."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis.set_major_locator(_PlainLocator(base=10, numticks=30))
    axis.set_minor_locator(LogLocator(base=10, subs=tuple(range(1, 10)), numticks=100))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick_text(value)))
    axis.set_minor_formatter(NullFormatter())


def drawn(fig: Figure, form: str = "png") -> bytes:
    """The picture in one of the FORMS; the same input gives the same bytes. Draw it inside `style()`."""
    out = io.BytesIO()
    # On a page what reaches beyond the axes has no margin made for it.
    box = "tight" if _page.get() is not None else None
    fig.savefig(out, format=form, dpi=DPI, metadata=FORMS[form], bbox_inches=box, pad_inches=0.03)
    return out.getvalue()
