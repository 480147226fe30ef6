"""Pictures of `bench ops`: achieved speed, time against MACs, ratios to DWConv beside the paper's."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.ledger.entry import Entry, outside_text
from reports.numbers import GIGA
from reports.paper_tables import COLUMNS, printed
from reports.plots.annotate import MOST_NAMED, Note, annotate, label_ends
from reports.plots.panel import Panel
from reports.plots.panel_text import bars_text, name_field, panel_lines
from reports.plots.pictured import pictured
from reports.plots.speed_lines import draw_speed_lines
from reports.plots.style import (
    FAINT,
    INK,
    Look,
    arrange,
    error_bars,
    figure,
    headline,
    log_axis,
    looks,
    plain,
)
from reports.results import Results
from reports.row import Row

OPERATORS = (*("conv", "gconv", "dwconv", "pconv", "pconv+pwconv", "dwconv+pwconv", "gconv+pwconv", "pwconv", "tconv"),)
MOST_SERIES = 200  # operators, each with its variants, in one picture
MOST_SIZES = 60  # written under one picture
LETTER = 0.085  # inches, of the names in the pictures


def operator_pictures(results: Results) -> Iterator[tuple[str, Figure]]:
    """By name: up to three pictures per panel, one overview where there are several devices."""
    own = pictured(results, "op")
    for panel in own:
        yield f"speed-{panel.slug}", speed_picture([panel])
        yield f"time-{panel.slug}", time_picture(panel)
        ratios = ratios_of(panel, results.entries)
        if any(entry.ours for entry in ratios):
            yield f"ratios-{panel.slug}", ratio_picture(panel, ratios)
    first_of_each = list({panel.device: panel for panel in reversed(own)}.values())[::-1]
    if len(first_of_each) > 1:
        yield "speed-overview", speed_picture(first_of_each[:3])


def ratios_of(panel: Panel, entries: Sequence[Entry]) -> list[Entry]:
    """The ratios to DWConv of the panel's device, runtime and allocator, where the panel has the paper's settings."""
    measured = [row.unit for row in panel.measured if printed(row.unit)]
    names = {(each.workload.name, each.workload.variant) for each in measured}
    unit = panel.rows[0].unit
    return [
        entry
        for entry in entries
        if entry.against == "dwconv"
        and (entry.device, entry.runtime, entry.allocator) == (unit.device, unit.runtime, unit.allocator)
        and (entry.name, entry.variant) in names
        and entry.paper is not None
        and panel.comparable
    ]


def emphasised(name: str) -> bool:
    """The operator that the paper is about, whichever way it is implemented."""
    return name == "pconv" or name.startswith("pconv (")


def operator_looks(rows: Iterable[Row]) -> dict[str, Look]:
    """An operator looks the same in every picture, whatever else the run holds."""
    return looks([*OPERATORS, *(row.label for row in rows)], emphasised)


def by_operator(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each operator and variant."""
    series: dict[str, list[Row]] = {}
    for row in rows:
        series.setdefault(row.label, []).append(row)
    return series


def _series(panel: Panel) -> dict[str, list[Row]]:
    """The measured rows by operator: the first operators, where there are more than a picture can tell apart."""
    return dict(islice(by_operator(panel.measured).items(), MOST_SERIES))


def _cut_text(panels: Sequence[Panel]) -> list[str]:
    most = max(len(by_operator(panel.measured)) for panel in panels)
    return [f"The first {MOST_SERIES} of {most} operators; all are in table.csv."] if most > MOST_SERIES else []


def speed_picture(shown: Sequence[Panel]) -> Figure:
    """Achieved speed of each operator at each size, a field per device."""
    several = len(shown) > 1
    fig = figure(4.9 * len(shown) if several else 7.2, 4.6)
    every = operator_looks(row for panel in shown for row in panel.rows)
    wide = LETTER * max(len(row.label) for panel in shown for row in panel.rows) / (4.2 if several else 6.3)
    room = min(0.45, wide)
    drawn = []
    for index, panel in enumerate(shown):
        axes = fig.add_subplot(1, len(shown), index + 1)
        drawn.append((axes, _draw_speed(axes, panel, every, room)))
        if several:
            name_field(axes, panel)
        if index == 0:
            axes.set_ylabel("achieved speed, GMAC/s")
    subtitle = [] if several else panel_lines(shown[0])
    lines = headline(fig, "How fast each operator computes", subtitle, [_speed_caption(shown)])
    arrange(fig, subtitles=3 if several else 2, captions=lines)
    for axes, notes in drawn:
        label_ends(axes, notes)
    return fig


def _speed_caption(shown: Sequence[Panel]) -> str:
    missing = sum(len(panel.rows) - len(panel.measured) for panel in shown)
    parts = ["MACs are multiply-adds. Higher is better, logarithmic axis.", bars_text(shown)]
    if missing:
        parts.append(f"{missing} rows without a number are left out (see table.md).")
    return " ".join([*parts, *_cut_text(shown)])


def _draw_speed(axes: Axes, panel: Panel, every: Mapping[str, Look], room: float) -> list[Note]:
    """`room` is the share of the width that the names right of the lines need."""
    sizes = {size: at for at, size in enumerate(dict.fromkeys(row.size for row in panel.rows))}
    log_axis(axes, "y")
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    notes: list[Note] = []
    heights: list[float] = []
    series = _series(panel)
    for index, (name, rows) in enumerate(series.items()):
        look = every[name]
        # Side by side, so that a bar does not hide another one.
        aside = 0.16 * (index - (len(series) - 1) / 2) / max(1, len(series) - 1)
        values = [(sizes[row.size] + aside, row.macs_per_s) for row in rows if row.macs_per_s is not None]
        if not values:
            continue
        x, y = [at for at, _ in values], [speed.centre / GIGA for _, speed in values]
        axes.plot(
            x,
            y,
            color=look.colour,
            linewidth=look.width,
            dashes=look.dashes or (1, 0),
            marker=look.marker,
            markersize=look.size,
            markeredgecolor="white",
            markeredgewidth=0.7,
            zorder=4 + look.emphasised,
        )
        error_bars(axes, values, look, unit=GIGA)
        heights += y
        notes.append(Note(x=x[-1], y=y[-1], text=name, colour=look.ink, size=8.5, bold=look.emphasised))
    axes.set_ylim(min(heights) / 1.5, max(heights) * 1.5)
    last = len(sizes) - 0.75
    axes.set_xlim(-0.25, last + (last + 0.25) * room / (1 - room))
    step = math.ceil(len(sizes) / MOST_SIZES)
    axes.set_xticks(range(0, len(sizes), step), [*sizes][::step], rotation=30 if len(sizes) > 6 else 0)
    axes.set_xlabel("input, channels x height x width" + f" (one in {step} is named)" * (step > 1))
    return notes


def time_picture(panel: Panel) -> Figure:
    """Time of a call against its MACs."""
    fig = figure(7.2, 5.6)
    axes = fig.add_subplot()
    series = _series(panel)
    roomy = len(panel.measured) <= MOST_NAMED
    small = "Small figures: channels." if roomy else f"{len(panel.measured)} marks: too many to write their channels."
    caption = f"Lower is better; along a grey line the speed is equal. {small} {bars_text([panel])}"
    # The lines of equal speed are labelled along their slope, so the layout comes first.
    lines = headline(fig, "Time of each operator against its MACs", panel_lines(panel), [caption, *_cut_text([panel])])
    arrange(fig, captions=lines)
    every = operator_looks(panel.rows)
    points = draw_speed_lines(axes, [(every[name], row) for name, rows in series.items() for row in rows])
    axes.set_xlabel("multiply-adds of a call, GMACs")
    axes.set_ylabel("time of a call, ms")
    notes = [note for name, rows in series.items() for note in _time_notes(name, rows, every[name])]
    if points:
        kept = [note for note in notes if roomy or not note.optional]
        annotate(axes, sorted(kept, key=lambda note: note.optional), points)
    return fig


def _time_notes(name: str, rows: Sequence[Row], look: Look) -> list[Note]:
    """The operator's name at its slowest size, the channels at every size where there is room."""
    spots = [
        (row.macs * row.unit.batch / GIGA, row.time.centre * 1e3, row.unit.workload.input_shape[0])
        for row in rows
        if row.time is not None and row.macs
    ]
    if not spots:
        return []
    x, y, _ = max(spots, key=lambda spot: spot[1])
    named = Note(x=x, y=y, text=name, colour=look.ink, size=9, bold=True)
    return [
        named,
        *(Note(x=x, y=y, text=str(c), colour=look.ink, size=6.5, optional=True) for x, y, c in spots),
    ]


def ratio_picture(panel: Panel, entries: Sequence[Entry]) -> Figure:
    """Speed over DWConv's, ours beside the paper's, one line per operator and size."""
    fig = figure(7.2, 1.75 + 0.27 * (len(entries) + len({entry.label for entry in entries})))
    axes = fig.add_subplot()
    longest = max(len(entry.label) + len(entry.input_shape) for entry in entries)
    column = entries[0].column or "cpu"
    title = f"Speed over DWConv: here and in the paper's {column.upper()} column"
    caption = (
        f"Filled: here; hollow: the paper's Table 1 ({COLUMNS[column].hardware}). Ratios of round medians, "
        f"right is faster. {bars_text([panel])}"
    )
    lines = headline(fig, title, panel_lines(panel), [caption, *filter(None, [outside_text(entries)])])
    arrange(fig, left=0.4 + LETTER * longest, captions=lines)
    log_axis(axes, "x")
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.axvline(1, color=INK, linewidth=0.9, zorder=2)
    at, ticks, names = 0.0, [], []
    every = operator_looks(panel.rows)
    for name in dict.fromkeys(entry.label for entry in entries):
        group = [entry for entry in entries if entry.label == name]
        for entry in sorted(group, key=lambda each: not each.input_shape):
            _dumbbell(axes, entry, every[name], at)
            ticks.append(at)
            names.append(f"{name}  {entry.input_shape or 'average'}")
            at -= 1
        at -= 0.6
    axes.set_yticks(ticks, [plain(name) for name in names])
    axes.set_ylim(at + 0.9, 0.7)
    axes.set_xlim(*_reach(entries))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("achieved speed over DWConv's at the same size (1 = DWConv)")
    return fig


def _reach(entries: Sequence[Entry]) -> tuple[float, float]:
    """From the lowest to the highest point, and as much of the bars as is no more than that again."""
    points = [1.0, *(e.paper for e in entries if e.paper), *(e.ours.centre for e in entries if e.ours)]
    ends = [end for e in entries if e.ours for end in (e.ours.low, e.ours.high) if end is not None]
    low, high = min(points), max(points)
    return max(min([low, *ends]), low / 2) / 1.2, min(max([high, *ends]), high * 2) * 1.2


def _dumbbell(axes: Axes, entry: Entry, look: Look, y: float) -> None:
    if entry.paper is None:
        return
    if entry.ours is not None:
        axes.plot([entry.paper, entry.ours.centre], [y, y], color=FAINT, linewidth=3.2, zorder=2)
        error_bars(axes, [(y, entry.ours)], look, along="x")
        axes.plot([entry.ours.centre], [y], marker=look.marker, color=look.colour, markersize=look.size - 0.5, zorder=5)
    axes.plot(
        [entry.paper],
        [y],
        marker=look.marker,
        markerfacecolor="white",
        markeredgecolor=look.colour,
        markersize=look.size - 0.5,
        zorder=4,
    )
