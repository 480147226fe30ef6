"""Rows that were kept busy for minutes: time of a call, clock, temperature and power against time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.records.sustained import BURST_S, BURST_SHARE, STEADY_FROM, Sustained, Window, window_s
from reports.numbers import GIGA, MILLI, bounds, significant
from reports.plots.annotate import Note, label_ends
from reports.plots.operator_pictures import LETTER
from reports.plots.panel import Panel, panels
from reports.plots.panel_text import panel_lines
from reports.plots.pictured import MOST_PANELS
from reports.plots.style import FAINT, Look, arrange, figure, headline, log_axis, looks
from reports.results import Results
from reports.row import Row, told_apart

MOST_LINES = 8  # rows of a picture: more of them hide one another
FIELD_IN, TEXTS_IN = 1.5, 2.1  # inches of a field, and of what is written above and below


@dataclass(frozen=True, kw_only=True)
class Field:
    """One quantity against time; `value` is None where a window does not have it."""

    label: str
    value: Callable[[Sustained, Window], float | None]
    logarithmic: bool = False


FIELDS = (
    Field(label="ms a call", value=lambda _, window: window.median_s / MILLI, logarithmic=True),
    Field(label="time over\nburst", value=lambda series, window: window.median_s / _burst(series)),
    Field(label="clock\nGHz", value=lambda _, window: _over(window.frequency_hz, GIGA)),
    Field(label="temperature\n°C", value=lambda _, window: window.temperature_c),
    Field(label="power\nW", value=lambda _, window: window.power_w),
)


def sustained_pictures(results: Results) -> Iterator[tuple[str, Figure]]:
    """By name: one for each device, runtime and set of settings whose rows were sustained."""
    rows = [row for row in results.rows if row.sustained is not None]
    for panel in panels(results.run, rows)[:MOST_PANELS]:
        yield f"sustained-{panel.slug}", sustained_picture(panel)


def sustained_picture(panel: Panel) -> Figure:
    """A field for each quantity that any of its rows has, the same time below all of them."""
    rows = panel.measured[:MOST_LINES]
    names = _names(rows, panel)
    own = _looks(rows, names)
    fields = [field for field in FIELDS if any(_points(field, series) for row in rows for series in _series(row))]
    fig = figure(8.0, TEXTS_IN + FIELD_IN * len(fields))
    lines = headline(fig, "Speed under sustained load", panel_lines(panel), _caption(panel, rows))
    arrange(fig, left=0.82, captions=lines)
    fig.subplots_adjust(right=1 - (0.4 + LETTER * max(map(len, names))) / 8.0, hspace=0.16)
    top: Axes | None = None
    for index, field in enumerate(fields):
        axes = fig.add_subplot(len(fields), 1, index + 1, sharex=top)
        top = top or axes
        _draw(axes, field, rows, [own[name] for name in names])
        axes.tick_params(labelbottom=index == len(fields) - 1)
    axes.set_xlabel("seconds after the warm-up")
    _name_ends(fig.axes[0], rows, names, own)
    return fig


def _draw(axes: Axes, field: Field, rows: Sequence[Row], own: Sequence[Look]) -> None:
    seconds = max(series.seconds for row in rows for series in _series(row))
    for start, end in ((0.0, min(BURST_S, BURST_SHARE * seconds)), (STEADY_FROM * seconds, seconds)):
        axes.axvspan(start, end, color=FAINT, alpha=0.5, linewidth=0, zorder=0)
    for row, look in zip(rows, own, strict=True):
        for series in _series(row):
            points = _points(field, series)
            axes.plot(*zip(*points, strict=True), color=look.colour, dashes=look.dashes or (1, 0), linewidth=1.1)
            if field.logarithmic:
                _band(axes, series, look)
    if field.logarithmic:
        log_axis(axes, "y")
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_xlim(0, seconds)
    axes.set_ylabel(field.label)


def _band(axes: Axes, series: Sustained, look: Look) -> None:
    """Where eight of ten samples lie."""
    axes.fill_between(
        [_middle(window) for window in series.windows],
        [window.p10_s / MILLI for window in series.windows],
        [window.p90_s / MILLI for window in series.windows],
        color=look.colour,
        alpha=0.15,
        linewidth=0,
    )


def _points(field: Field, series: Sustained) -> list[tuple[float, float]]:
    found = ((_middle(window), field.value(series, window)) for window in series.windows)
    return [(at, value) for at, value in found if value is not None]


def _middle(window: Window) -> float:
    return window.start_s + window.seconds / 2


def _name_ends(axes: Axes, rows: Sequence[Row], names: Sequence[str], own: dict[str, Look]) -> None:
    notes = []
    for row, name in zip(rows, names, strict=True):
        x, y = _points(FIELDS[0], _series(row)[0])[-1]
        notes.append(Note(x=x, y=y, text=name, colour=own[name].ink, bold=own[name].emphasised))
    label_ends(axes, notes)


def _looks(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Look]:
    emphasised = {name for row, name in zip(rows, names, strict=True) if _is_ours(row)}
    return looks(names, lambda name: name in emphasised)


def _is_ours(row: Row) -> bool:
    return row.unit.workload.name.startswith(("fasternet", "pconv"))


def _names(rows: Sequence[Row], panel: Panel) -> list[str]:
    """What was timed, with its size where operators have several, or one network has."""
    several = len({each.size for each in panel.measured}) > 1
    if several and rows[0].unit.workload.kind == "op":
        return [f"{row.label} {row.size}" for row in rows]
    return told_apart(rows)


def _series(row: Row) -> tuple[Sustained, ...]:
    return row.sustained.series if row.sustained is not None else ()


def _burst(series: Sustained) -> float:
    return median(window.median_s for window in series.burst)


def _over(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _caption(panel: Panel, rows: Sequence[Row]) -> list[str]:
    named = zip(told_apart(rows), rows, strict=True)
    slowed = [f"{name} {bounds(row.sustained.slowdown)}" for name, row in named if row.sustained is not None]
    window = significant(window_s(rows[0].unit.settings.sustain_s), digits=2)
    lines = [f"Medians of {window} s; bands hold eight of ten samples. Grey: burst, and the last quarter, steady."]
    lines.append(f"Steady over burst: {', '.join(slowed)}.")
    if len(panel.measured) > len(rows):
        lines.append(f"The first {len(rows)} of {len(panel.measured)} rows; all are in table.csv.")
    return lines
