"""Pictures of `bench ops`: achieved speed, time against MACs, ratios to DWConv beside the paper's."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from bench.run import Run
from reports.annotate import Note, annotate, label_ends
from reports.entry import Entry
from reports.numbers import GIGA
from reports.panel import Panel, panels
from reports.panel_text import bars_text, name_field, panel_lines
from reports.paper_tables import HARDWARE
from reports.plot_style import (
    FAINT,
    INK,
    Look,
    arrange,
    error_bar,
    figure,
    headline,
    log_axis,
    looks,
    plain,
    png,
    style,
)
from reports.rows import Row, size_text
from reports.speed_lines import draw_speed_lines

LETTER = 0.085  # inches, of the names in the pictures


def ops_pictures(run: Run, rows: Sequence[Row], entries: Sequence[Entry]) -> dict[str, bytes]:
    """PNG bytes by file name: three pictures per panel, one overview where there are several devices."""
    own = panels(run, [row for row in rows if row.unit.workload.kind == "op"])
    pictures: dict[str, bytes] = {}
    with style():
        for panel in own:
            pictures[f"speed-{panel.slug}.png"] = speed_picture([panel])
            pictures[f"time-{panel.slug}.png"] = time_picture(panel)
            ratios = _ratios(panel, entries)
            if any(entry.ours for entry in ratios):
                pictures[f"ratios-{panel.slug}.png"] = ratio_picture(panel, ratios)
        first_of_each = list({panel.device: panel for panel in reversed(own)}.values())[::-1]
        if len(first_of_each) > 1:
            pictures["speed-overview.png"] = speed_picture(first_of_each[:3])
    return pictures


def _ratios(panel: Panel, entries: Sequence[Entry]) -> list[Entry]:
    """The ratios to DWConv of the panel's device and runtime, where the panel has the paper's settings."""
    names = {(row.unit.workload.name, row.unit.workload.variant) for row in panel.measured}
    unit = panel.rows[0].unit
    return [
        entry
        for entry in entries
        if entry.against == "dwconv"
        and (entry.device, entry.runtime) == (unit.device, unit.runtime)
        and (entry.name, entry.variant) in names
        and entry.paper is not None
        and panel.comparable
    ]


def label(row: Row) -> str:
    """`pconv (inplace)`."""
    workload = row.unit.workload
    return f"{workload.name} ({workload.variant})" if workload.variant else workload.name


def emphasised(name: str) -> bool:
    """The operator that the paper is about, whichever way it is implemented."""
    return name == "pconv" or name.startswith("pconv (")


def _series(rows: Sequence[Row]) -> dict[str, list[Row]]:
    series: dict[str, list[Row]] = {}
    for row in rows:
        series.setdefault(label(row), []).append(row)
    return series


def speed_picture(shown: Sequence[Panel]) -> bytes:
    """Achieved speed of each operator at each size, a field per device."""
    several = len(shown) > 1
    fig = figure(4.9 * len(shown) if several else 7.2, 4.6)
    every = looks([label(row) for panel in shown for row in panel.rows], emphasised)
    wide = LETTER * max(len(name) for name in every) / (4.2 if several else 6.3)
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
    headline(fig, "How fast each operator computes", subtitle, _speed_caption(shown))
    arrange(fig, subtitles=3 if several else 2)
    for axes, notes in drawn:
        label_ends(axes, notes)
    return png(fig)


def _speed_caption(shown: Sequence[Panel]) -> str:
    missing = sum(len(panel.rows) - len(panel.measured) for panel in shown)
    parts = ["MACs are multiply-adds. Higher is better, logarithmic axis.", bars_text(shown)]
    if missing:
        parts.append(f"{missing} rows without a number are left out (see table.md).")
    return " ".join(parts)


def _draw_speed(axes: Axes, panel: Panel, every: Mapping[str, Look], room: float) -> list[Note]:
    """`room` is the share of the width that the names right of the lines need."""
    sizes = list(dict.fromkeys(_size(row) for row in panel.rows))
    log_axis(axes, "y")
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    notes: list[Note] = []
    heights: list[float] = []
    for name, rows in _series(panel.measured).items():
        look = every[name]
        values = [(float(sizes.index(_size(row))), row.macs_per_s) for row in rows if row.macs_per_s is not None]
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
        for at, speed in values:
            error_bar(axes, at, speed, look, unit=GIGA)
        heights += y
        notes.append(Note(x=x[-1], y=y[-1], text=name, colour=look.ink, size=8.5, bold=look.emphasised))
    axes.set_ylim(min(heights) / 1.5, max(heights) * 1.5)
    last = len(sizes) - 0.75
    axes.set_xlim(-0.25, last + (last + 0.25) * room / (1 - room))
    axes.set_xticks(range(len(sizes)), sizes, rotation=30 if len(sizes) > 6 else 0)
    axes.set_xlabel("input, channels x height x width")
    return notes


def _size(row: Row) -> str:
    return size_text(row.unit.workload.input_shape)


def time_picture(panel: Panel) -> bytes:
    """Time of a call against its MACs."""
    fig = figure(7.2, 5.6)
    axes = fig.add_subplot()
    arrange(fig)
    series = _series(panel.measured)
    every = looks(series, emphasised)
    points = draw_speed_lines(axes, [(every[name], rows) for name, rows in series.items()])
    axes.set_xlabel("multiply-adds of a call, GMACs")
    axes.set_ylabel("time of a call, ms")
    caption = "Lower is better; along a grey line the speed is equal. Small figures: channels."
    headline(fig, "Time of each operator against its MACs", panel_lines(panel), f"{caption} {bars_text([panel])}")
    notes = [note for name, rows in series.items() for note in _time_notes(name, rows, every[name])]
    if points:
        annotate(axes, sorted(notes, key=lambda note: note.optional), points)
    return png(fig)


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


def ratio_picture(panel: Panel, entries: Sequence[Entry]) -> bytes:
    """Speed over DWConv's, ours beside the paper's, one line per operator and size."""
    fig = figure(7.2, 1.75 + 0.27 * (len(entries) + len({_name(entry) for entry in entries})))
    axes = fig.add_subplot()
    longest = max(len(_name(entry)) + len(entry.input_shape) for entry in entries)
    arrange(fig, left=0.4 + LETTER * longest)
    log_axis(axes, "x")
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.axvline(1, color=INK, linewidth=0.9, zorder=2)
    at, ticks, names = 0.0, [], []
    every = looks([label(row) for row in panel.rows], emphasised)
    for name in dict.fromkeys(_name(entry) for entry in entries):
        group = [entry for entry in entries if _name(entry) == name]
        for entry in sorted(group, key=lambda each: not each.input_shape):
            _dumbbell(axes, entry, every[name], at)
            ticks.append(at)
            names.append(f"{name}  {entry.input_shape or 'average'}")
            at -= 1
        at -= 0.6
    axes.set_yticks(ticks, [plain(name) for name in names])
    axes.set_ylim(at + 0.9, 0.7)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("achieved speed over DWConv's at the same size (1 = DWConv)")
    column = entries[0].column or "cpu"
    headline(
        fig,
        f"Speed over DWConv: here and in the paper's {column.upper()} column",
        panel_lines(panel),
        f"Filled: here, {bars_text([panel])[0].lower()}{bars_text([panel])[1:]} "
        f"Hollow: paper, Table 1 ({HARDWARE[column]}). Ratios of round medians. Right is faster.",
    )
    return png(fig)


def _name(entry: Entry) -> str:
    return f"{entry.name} ({entry.variant})" if entry.variant else entry.name


def _dumbbell(axes: Axes, entry: Entry, look: Look, y: float) -> None:
    if entry.paper is None:
        return
    if entry.ours is not None:
        axes.plot([entry.paper, entry.ours.centre], [y, y], color=FAINT, linewidth=3.2, zorder=2)
        error_bar(axes, y, entry.ours, look, along="x")
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
