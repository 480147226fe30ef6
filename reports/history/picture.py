"""A picture of a history for each device: a field per cell, those that changed first."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from bench.statistics import Interval
from reports.history.points import Point, Series
from reports.history.report import HistoryReport
from reports.numbers import MILLI, significant
from reports.plots.panel import unique_slugs
from reports.plots.style import ACCENT, FAINT, QUIET, Look, arrange, error_bars, figure, headline, looks, plain
from reports.tables.cell_words import cell_words, setting_words, varying

MOST_CELLS = 24  # a picture with more fields is no picture
COLUMNS = 3
_FIELD = 1.75  # inches high
_Cell = tuple[Series, ...]  # its series, one for each environment


def history_pictures(report: HistoryReport) -> Iterator[tuple[str, Figure]]:
    """Each by its name; draw and save them inside `style()`."""
    devices = list(report.history.by_device())
    for slug, (device, own) in zip(unique_slugs(device for device, _ in devices), devices, strict=True):
        if cells := ordered_cells(report, own):
            yield f"history-{slug}", _picture(report, device, cells)


def ordered_cells(report: HistoryReport, own: Sequence[Series]) -> list[_Cell]:
    """Cells that were measured, the largest change first, then those of most runs, then in the order of the table."""
    grouped: dict[object, list[Series]] = {}
    for series in own:
        grouped.setdefault(series.cell, []).append(series)
    cells = [tuple(each) for each in grouped.values() if any(series.measured for series in each)]
    return sorted(cells, key=lambda cell: (-_largest(report, cell), -sum(len(series.measured) for series in cell)))


def _largest(report: HistoryReport, cell: _Cell) -> float:
    ratios = [change.ratio.centre for series in cell for change in report.changes[series]]
    return max((max(each, 1 / each) for each in ratios), default=1.0)


def _picture(report: HistoryReport, device: str, cells: Sequence[_Cell]) -> Figure:
    shown = cells[:MOST_CELLS]
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    fig = figure(max(5.4, 3.1 * columns), 1.6 + _FIELD * rows)
    changed = sum(_largest(report, cell) > 1 for cell in cells)
    subtitle = [report.title(device), f"{changed} of {len(cells)} cells changed"]
    lines = headline(fig, "Time of a call over the runs", subtitle, _caption(report, cells))
    arrange(fig, left=0.55, subtitles=3, captions=lines)
    fig.subplots_adjust(hspace=0.62, wspace=0.28)
    styles = looks(
        (str(number) for number in sorted({report.number(s) for cell in shown for s in cell})), lambda _: False
    )
    settings = varying([cell[0].cell for cell in cells])
    for number, cell in enumerate(shown, 1):
        axes = fig.add_subplot(rows, columns, number)
        _name(axes, cell[0], settings)
        for series in cell:
            _draw(axes, report, series, styles[str(report.number(series))])
        _frame(axes, [each.time.centre for series in cell for each in series.measured if each.time])
        axes.set_xlim(_reach([_when(each) for cell in shown for series in cell for each in series.points]))
    return fig


def _name(axes: Axes, series: Series, settings: Sequence[str]) -> None:
    axes.set_title(plain(cell_words(series.cell), 44), loc="left", fontsize=8, fontweight="bold", pad=12)
    axes.text(
        0,
        1.02,
        plain(" ".join(setting_words(series.cell, settings)), 60),
        transform=axes.transAxes,
        fontsize=6.5,
        color=QUIET,
        va="bottom",
    )


def _draw(axes: Axes, report: HistoryReport, series: Series, look: Look) -> None:
    spots = [(_when(point), point.time) for point in series.measured if point.time]
    error_bars(axes, spots, look, unit=MILLI)
    if spots:
        at, times = zip(*spots, strict=True)
        axes.plot(
            at,
            [time.centre / MILLI for time in times],
            color=look.colour,
            marker=look.marker,
            markersize=3.6,
            linewidth=0.9,
            zorder=4,
        )
    for point in series.points:
        if not point.medians:  # a run that gave no number
            axes.axvline(_when(point), color=look.colour, linewidth=0.8, linestyle=":", zorder=1)
    for number, change in enumerate(report.changes[series]):
        axes.axvline(_when(change.after), color=ACCENT, linewidth=1.1, zorder=2)
        axes.annotate(
            f"{significant(change.ratio.centre)}x",
            (_when(change.after), 0.98 - 0.13 * (number % 3)),  # changes may lie side by side
            xycoords=("data", "axes fraction"),
            xytext=(3, 0),
            textcoords="offset points",
            fontsize=7,
            color=ACCENT,
            va="top",
        )


def _reach(at: Sequence[float]) -> tuple[float, float]:
    """The same for all fields; an hour to each side where all is one run."""
    margin = 0.04 * (max(at) - min(at)) or 1 / 24
    return min(at) - margin, max(at) + margin


def _frame(axes: Axes, centres: Sequence[float]) -> None:
    locator = AutoDateLocator(minticks=2, maxticks=5)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.tick_params(labelsize=6.5, length=2)
    axes.xaxis.get_offset_text().set_fontsize(6.5)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.4g}")
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.margins(y=0.18)
    low, high = axes.get_ylim()  # a bar may reach further, and the caption says so
    axes.set_ylim(max(low, 0.7 * min(centres) / MILLI), min(high, 1.4 * max(centres) / MILLI))


def _when(point: Point) -> float:
    """In days, as axes count dates."""
    return datetime.fromisoformat(point.run.created_utc).timestamp() / 86400


def _caption(report: HistoryReport, cells: Sequence[_Cell]) -> list[str]:
    series = [each for cell in cells for each in cell]
    bounded = any(_half(point.time) for each in series for point in each.measured)
    lines = ["ms of a call, UTC." + " Bars: 95% interval over rounds, some may be wider than their field." * bounded]
    lines[0] += " Orange line: a new level begins, over the one before, above 1 it is slower."
    if len({report.number(each) for each in series}) > 1:
        lines.append("Another colour and mark is another environment (history.md names what changed).")
    if any(not point.medians for each in series for point in each.points):
        lines.append("Dotted: a run that gave no number.")
    if len(cells) > MOST_CELLS:
        lines.append(f"The first {MOST_CELLS} of {len(cells)} cells; all are in history.csv.")
    return lines


def _half(time: Interval | None) -> float | None:
    return None if time is None else time.half_width
