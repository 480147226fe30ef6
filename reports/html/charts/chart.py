"""A picture as numbers: what the template draws, at places in user units, y downwards. Nothing is escaped."""

from dataclasses import dataclass

from reports.html.charts.scale import Tick

LOOKS = 8  # colours, and as many shapes, that series take in turn


@dataclass(frozen=True, kw_only=True)
class Bar:
    """An interval, or a length, from one place to another."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, kw_only=True)
class Name:
    """A text beside its mark, centred there; `row` is the mark's."""

    x: float
    y: float
    text: str
    row: int | None = None


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One number; `row` is that of the page which it leads to, `text` what it is in words."""

    x: float
    y: float
    text: str
    series: int = 0
    row: int | None = None
    hollow: bool = False
    bar: Bar | None = None
    length: Bar | None = None  # a broad bar in place of the mark


@dataclass(frozen=True, kw_only=True)
class Line:
    """What is drawn behind the marks: `points` as SVG has them; `kind` is roof, front, equal or printed."""

    points: str
    kind: str
    name: Name | None = None


@dataclass(frozen=True, kw_only=True)
class Chart:
    """`x` and `y` are what its axes say; the frame is the part within them."""

    title: str
    caption: str
    width: float
    height: float
    frame: Bar
    x: str
    y: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    names: tuple[Name, ...] = ()
    lines: tuple[Line, ...] = ()
    legend: tuple[tuple[int, str], ...] = ()
