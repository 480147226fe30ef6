"""One picture for a run over many settings: a line per combination, a mark per operator."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.records.run import Run
from bench.statistics import Interval
from reports.environment_text import device_title
from reports.numbers import MILLI
from reports.plots.operator_pictures import LETTER, by_operator, operator_looks
from reports.plots.panel import Panel, unique_slugs
from reports.plots.panel_text import bars_text
from reports.plots.pictured import crowded
from reports.plots.style import FAINT, Look, arrange, error_bars, figure, headline, log_axis, plain
from reports.results import Results
from reports.tables.sections import SETTINGS, SHORT

MOST_LINES = 60  # a picture longer than that is no picture
MOST_LABELS = 60  # operators, each with its variants


def settings_pictures(results: Results) -> Iterator[tuple[str, Figure]]:
    """By name: one per device, where settings are too many for pictures of their own."""
    devices: dict[str, list[Panel]] = {}
    for panel in results.panels["op"] if crowded(results.panels["op"], "op") else ():
        devices.setdefault(panel.rows[0].unit.device, []).append(panel)
    for slug, own in zip(unique_slugs(devices), devices.values(), strict=True):
        yield f"settings-{slug}", settings_picture(results.run, own)


def settings_picture(run: Run, panels: Sequence[Panel]) -> Figure:
    """Time of each operator under each combination of settings of one device, fastest to the left."""
    shown = panels[:MOST_LINES]
    names, runtimes = _names(shown), [panel.runtime for panel in shown]
    fig = figure(7.6, 2.3 + 0.19 * (len(shown) + len(set(runtimes))))
    axes = fig.add_subplot()
    title = device_title(run, panels[0].rows[0].unit.device)
    lines = headline(fig, "Time of each operator under each setting", [title, _fixed(shown)], _caption(panels))
    arrange(fig, left=0.4 + LETTER * max(len(name) for name in names), captions=lines, subtitles=3)
    log_axis(axes, "x")
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    # A gap before each further runtime.
    ticks = [-(index + 0.7 * len(set(runtimes[: index + 1]))) for index in range(len(shown))]
    _draw(axes, shown, ticks)
    axes.set_yticks(ticks, [plain(name) for name in names])
    axes.set_ylim(ticks[-1] - 0.8, ticks[0] + 0.8)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("time of a call, ms" + " (geometric mean over the sizes)" * (len(_sizes(shown)) > 1))
    return fig


def _draw(axes: Axes, shown: Sequence[Panel], ticks: Sequence[float]) -> None:
    looks = operator_looks(row for panel in shown for row in panel.rows)
    operators = [by_operator(panel.measured) for panel in shown]
    sizes: dict[str, set[str]] = {}
    for name, rows in (item for found in operators for item in found.items()):
        sizes.setdefault(name, set()).update(row.size for row in rows)
    labels = list(sizes)[:MOST_LABELS]
    faces = _faces(labels, looks)
    for at in ticks:
        axes.axhline(at, color=FAINT, linewidth=0.6, zorder=1)
    for number, name in enumerate(labels):
        aside = 0.36 * (0.5 - (number + 0.5) / len(labels))  # so that marks and bars show side by side
        marks = [
            (at + aside, [row.time for row in found[name] if row.time])
            for at, found in zip(ticks, operators, strict=True)
            # A mean over fewer sizes would be another quantity.
            if {row.size for row in found.get(name, ())} == sizes[name]
        ]
        _mark(axes, marks, looks[name], faces[name])
    centres = [row.time.centre / MILLI for panel in shown for row in panel.measured if row.time]
    axes.set_xlim(min(centres) / 1.6, max(centres) * 1.6)  # a bar may reach further, and the caption says so
    axes.legend(
        [_handle(looks[name], faces[name]) for name in labels],
        [plain(name) for name in labels],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=4,
        frameon=False,
        fontsize=8,
        borderpad=0,
        handletextpad=0.2,
        columnspacing=1.2,
    )


def _faces(labels: Sequence[str], looks: Mapping[str, Look]) -> dict[str, str]:
    """The fill of each mark: variants of one operator share colour and marker, here without lines to tell them."""
    faces: dict[str, str] = {}
    used: Counter[tuple[str, str]] = Counter()
    for name in labels:
        look = looks[name]
        red, green, blue = to_rgb(look.colour)
        pale = to_hex(((1 + red) / 2, (1 + green) / 2, (1 + blue) / 2))
        faces[name] = (look.colour, "white", pale, "#444444")[used[look.colour, look.marker] % 4]
        used[look.colour, look.marker] += 1
    return faces


def _handle(look: Look, face: str) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=look.marker,
        markersize=look.size - 1.5,
        markerfacecolor=face,
        markeredgecolor=look.colour,
    )


def _mark(axes: Axes, marks: Sequence[tuple[float, Sequence[Interval]]], look: Look, face: str) -> None:
    """One operator under each setting: the height of the mark, and the times that it is the mean of."""
    error_bars(axes, [(y, times[0]) for y, times in marks if len(times) == 1], look, along="x", unit=MILLI)
    handle = _handle(look, face)
    handle.set_data([_mean(times) / MILLI for _, times in marks], [y for y, _ in marks])
    handle.set_zorder(5)
    axes.add_line(handle)


def _mean(times: Sequence[Interval]) -> float:
    return math.exp(fmean(math.log(time.centre) for time in times))


def _names(panels: Sequence[Panel]) -> list[str]:
    """What varies between the panels, in the words of the options."""
    units = [panel.rows[0] for panel in panels]
    varying = [name for name, text in SETTINGS.items() if len({text(row) for row in units}) > 1]
    return ["  ".join(_word(name, SETTINGS[name](row)) for name in varying) for row in units]


def _word(name: str, text: str) -> str:
    """A number needs to say what it counts; short words line up."""
    counted = {"threads": "thr", "batch": "batch", "stack": "stack"}
    return f"{counted[name]} {text}" if name in counted else SHORT.get(name, {}).get(text, text)


def _fixed(panels: Sequence[Panel]) -> str:
    rows = [panel.rows[0] for panel in panels]
    fixed = [
        f"{name} {text(rows[0])}" for name, text in SETTINGS.items() if text(rows[0]) and len({*map(text, rows)}) == 1
    ]
    sizes = _sizes(panels)
    return ", ".join([f"size {next(iter(sizes))}" if len(sizes) == 1 else f"{len(sizes)} sizes", *fixed])


def _sizes(panels: Sequence[Panel]) -> set[str]:
    return {row.size for panel in panels for row in panel.measured}


def _caption(panels: Sequence[Panel]) -> list[str]:
    one = len(_sizes(panels)) == 1
    means = "Means over sizes carry no bars: the table has the intervals."
    lines = [f"Left is faster, logarithmic axis. {bars_text(panels) if one else means}"]
    if len({panel.rows[0].unit.layout for panel in panels}) > 1:
        lines.append("NHWC is the layout channels_last.")
    if len(panels) > MOST_LINES:
        lines.append(f"The first {MOST_LINES} of {len(panels)} combinations; all are in table.csv.")
    operators = len({row.label for panel in panels[:MOST_LINES] for row in panel.measured})
    if operators > MOST_LABELS:
        lines.append(f"The first {MOST_LABELS} of {operators} operators.")
    return lines
