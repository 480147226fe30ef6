"""Pictures of `bench models`: accuracy against time or throughput, and time against MACs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.records.workload import size_text
from reports.ledger.printed_table import PrintedNetwork, PrintedTable, split_source
from reports.numbers import GIGA, MILLI
from reports.plots.annotate import MOST_NAMED, Note, annotate
from reports.plots.panel import Panel
from reports.plots.panel_text import bars_text, name_field, panel_lines
from reports.plots.pareto import pareto_front
from reports.plots.pictured import pictured
from reports.plots.speed_lines import draw_speed_lines
from reports.plots.spots import Spot, spots
from reports.plots.style import (
    FAINT,
    QUIET,
    Look,
    arrange,
    error_bars,
    figure,
    headline,
    log_axis,
    looks,
)
from reports.results import Results
from reports.row import Row, told_apart

MOST_NAMES = 4  # left-out networks that a caption spells out


def network_pictures(results: Results) -> Iterator[tuple[str, Figure]]:
    """By name: two pictures per panel, one overview where there are several devices."""
    own = pictured(results, "model")
    table = results.accuracies.undistilled() if results.undistilled else results.accuracies
    with_accuracy = [panel for panel in own if spots(panel, table)]
    for panel in own:
        if panel in with_accuracy:
            yield f"accuracy-{panel.slug}", accuracy_picture([panel], table)
        if any(row.macs for row in panel.measured):
            yield f"macs-{panel.slug}", macs_picture(panel, table)
    first_of_each = list({panel.device: panel for panel in reversed(with_accuracy)}.values())[::-1]
    if len(first_of_each) > 1:
        yield "accuracy-overview", accuracy_picture(first_of_each[:3], table)


def family_looks(table: PrintedTable) -> dict[str, Look]:
    """A family looks the same in every picture of every run; those that the paper is about stand out."""
    return looks(
        [network.family for network in (*table.networks, *table.measured)],
        lambda family: family in table.claimed_families,
    )


def accuracy_picture(shown: Sequence[Panel], table: PrintedTable) -> Figure:
    """Top-1 accuracy against time, a field per device."""
    several = len(shown) > 1
    fig = figure(5.6 * len(shown) if several else 8.0, 6.2)
    every = family_looks(table)
    fields = []
    for index, panel in enumerate(shown):
        axes = fig.add_subplot(1, len(shown), index + 1)
        found = spots(panel, table)
        _draw_families(axes, found, every)
        _draw_front(axes, found, fast_is_left=panel.mode == "latency")
        axes.set_xlabel("time of a call, ms" if panel.mode == "latency" else "throughput, images/s")
        if several:
            name_field(axes, panel)
        if index == 0:
            axes.set_ylabel(accuracy_axis(shown, table))
        fields.append((axes, found))
    modes = {panel.mode for panel in shown}
    against = "speed" if len(modes) > 1 else "".join(modes)
    subtitle = [] if several else panel_lines(shown[0])
    lines = headline(fig, f"Accuracy against {against}", subtitle, _accuracy_caption(shown, table))
    arrange(fig, subtitles=3 if several else 2, captions=lines)
    for axes, found in fields:
        points = [(spot.x.centre, spot.accuracy) for spot in found]
        annotate(axes, _names(found, every), points, _lines(found))
    return fig


def accuracy_axis(shown: Sequence[Panel], table: PrintedTable) -> str:
    """Printed accuracies are of ImageNet; one that was measured is of the images that its user had."""
    measured = {spot.facts.computed is not None for panel in shown for spot in spots(panel, table)}
    if measured == {False}:
        return "ImageNet top-1, % (as printed)"
    return "top-1, % (as measured)" if measured == {True} else "top-1, % (as measured or printed)"


def _accuracy_caption(shown: Sequence[Panel], table: PrintedTable) -> list[str]:
    better = {"latency": "upper left", "throughput": "upper right"}
    corners = " / ".join(dict.fromkeys(better[panel.mode] for panel in shown))
    lines = [
        f"Better: {corners}. Dashes and grey discs: Pareto front, beaten by nothing here in both. {bars_text(shown)}"
    ]
    lines += sources([spot.facts for panel in shown for spot in spots(panel, table)])
    without = {name: row for p in shown for name, row in _named(p.measured) if not _has_accuracy(row, table)}
    taught = [name for name, row in without.items() if _is_distilled(row, table)]
    lines += _listed("Left out, trained by distillation", taught)
    lines += _listed("Left out, no published accuracy at this input size", without.keys() - set(taught))
    failed = [name for p in shown for name, row in _named(p.rows) if row.time is None]
    return lines + _listed("Not measured (see table.md)", failed)


def _listed(why: str, names: Iterable[str]) -> list[str]:
    every = sorted(set(names))
    return [f"{why}: {', '.join(every[:MOST_NAMES])}{' ...' * (len(every) > MOST_NAMES)}"] if every else []


def _named(rows: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    return zip(told_apart(rows), rows, strict=True)


def _has_accuracy(row: Row, table: PrintedTable) -> bool:
    facts = table.published(row.unit)
    return facts is not None and facts.top1_of(row.unit) is not None


def _is_distilled(row: Row, table: PrintedTable) -> bool:
    facts = table.published(row.unit)
    return facts is not None and facts.top1_percent is None and facts.recipe == "distilled"


def sources(found: Sequence[PrintedNetwork]) -> list[str]:
    """Whose accuracies these are, and what the marks mean where not all were trained alike."""
    papers = dict.fromkeys(split_source(network.source)[0] for network in found)
    told = [f"Accuracy: {', '.join(papers)}."]
    if any(network.recipe == "distilled" for network in found):
        told.append("Hollow marks: trained by distillation from a larger network, which lifts the accuracy.")
    return [" ".join(told)]


def _draw_families(axes: Axes, found: Sequence[Spot], every: Mapping[str, Look]) -> None:
    axes.set_autoscale_on(False)  # a single point would have no width; the limits are set below
    log_axis(axes, "x")
    axes.grid(color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    for family in dict.fromkeys(spot.facts.family for spot in found):
        look = every[family]
        members = sorted((spot for spot in found if spot.facts.family == family), key=lambda spot: spot.accuracy)
        axes.plot(
            [spot.x.centre for spot in members],
            [spot.accuracy for spot in members],
            color=look.colour,
            linewidth=look.width,
            dashes=look.dashes or (1, 0),
            marker=look.marker,
            markersize=look.size,
            markeredgecolor="white",
            markeredgewidth=0.7,
            alpha=1 if look.emphasised else 0.9,
            zorder=5 if look.emphasised else 4,
        )
        _hollow(axes, [spot for spot in members if spot.distilled], look)
        error_bars(axes, [(spot.accuracy, spot.x) for spot in members], look, along="x")
    values = [spot.x.centre for spot in found]
    heights = [spot.accuracy for spot in found]
    axes.set_xlim(min(values) / 1.45, max(values) * 1.45)
    axes.set_ylim(min(heights) - 1.0, max(heights) + 1.0)


def _hollow(axes: Axes, distilled: Sequence[Spot], look: Look) -> None:
    axes.plot(
        [spot.x.centre for spot in distilled],
        [spot.accuracy for spot in distilled],
        marker=look.marker if look.marker in Line2D.filled_markers else "o",  # a cross has nothing to be hollow
        markersize=look.size,
        markerfacecolor="white",
        markeredgecolor=look.colour,
        markeredgewidth=1.3,
        linestyle="none",
        zorder=6,
    )


def _lines(found: Sequence[Spot]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """What is drawn besides the points: the families' lines and the bars."""
    bars = [
        ((spot.x.low, spot.accuracy), (spot.x.high, spot.accuracy))
        for spot in found
        if spot.x.low is not None and spot.x.high is not None
    ]
    joined = []
    for family in dict.fromkeys(spot.facts.family for spot in found):
        members = sorted((spot.accuracy, spot.x.centre) for spot in found if spot.facts.family == family)
        joined += [((a[1], a[0]), (b[1], b[0])) for a, b in pairwise(members)]
    return bars + joined


def _draw_front(axes: Axes, found: Sequence[Spot], *, fast_is_left: bool) -> None:
    """A step line: at each time the best accuracy that can be had within it."""
    sign = 1 if fast_is_left else -1
    points = [(sign * spot.x.centre, spot.accuracy) for spot in found]
    front = [found[index] for index in pareto_front(points)]
    x = [spot.x.centre for spot in front]
    y = [spot.accuracy for spot in front]
    axes.step(x, y, where="post", color=QUIET, linewidth=1.0, linestyle=(0, (2, 2)), zorder=2)
    # The halo shows which points are on the front where lines cross.
    axes.plot(x, y, marker="o", markersize=13, color=FAINT, linestyle="none", zorder=1.8)


def _names(found: Sequence[Spot], every: Mapping[str, Look]) -> list[Note]:
    """The family at its most accurate member, the size at all of them; FasterNet chooses first."""
    best = {spot.facts.family: spot.facts.key for spot in sorted(found, key=lambda s: s.accuracy)}
    sizes = Counter(spot.facts.name for spot in found)
    notes = []
    for spot in found:
        look = every[spot.facts.family]
        named = best[spot.facts.family] == spot.facts.key
        text = spot.facts.title if named else spot.facts.size or spot.facts.title
        notes.append(
            Note(
                x=spot.x.centre,
                y=spot.accuracy,
                text=f"{text} {size_text(spot.facts.input_shape[1:])}" if sizes[spot.facts.name] > 1 else text,
                colour=look.ink,
                size=8 if named or look.emphasised else 7,
                bold=named or look.emphasised,
            )
        )
    return sorted(notes, key=lambda note: not note.bold)


def macs_picture(panel: Panel, table: PrintedTable) -> Figure:
    """Time of a call against the MACs of the timed graph."""
    fig = figure(8.0, 6.2)
    axes = fig.add_subplot()
    rows = [row for row in panel.measured if row.macs]
    named = rows if len(rows) <= MOST_NAMED else [row for row in rows if table.published(row.unit)]
    caption = [
        "Lower is better; along a grey line the speed is equal. MACs are those of the graph that was timed. "
        + bars_text([panel])
    ]
    if len(named) < len(rows):
        caption.append(f"Too many to name them all: of {len(rows)} marks only the paper's networks have their names.")
    # The lines of equal speed are labelled along their slope, so the layout comes first.
    lines = headline(fig, "Time of each network against its MACs", panel_lines(panel), caption)
    arrange(fig, captions=lines)
    families = {row.unit.workload.name: _family(row, table) for row in rows}
    every = family_looks(table)
    every |= looks([f for f in families.values() if f not in every], lambda family: False)
    points = draw_speed_lines(axes, [(every[_family(row, table)], row) for row in rows])
    axes.set_xlabel("multiply-adds of a call, GMACs")
    axes.set_ylabel("time of a call, ms")
    titles = Counter(_title(row, table) for row in named)
    notes = [
        Note(
            x=(row.macs or 0) * row.unit.batch / GIGA,
            y=row.time.centre / MILLI,
            text=f"{_title(row, table)} {row.size}" if titles[_title(row, table)] > 1 else _title(row, table),
            colour=every[_family(row, table)].ink,
            size=8 if every[_family(row, table)].emphasised else 7,
            bold=every[_family(row, table)].emphasised,
        )
        for row in named
        if row.time is not None
    ]
    bars = [
        ((x, row.time.low / MILLI), (x, row.time.high / MILLI))
        for row, (x, _) in zip(rows, points, strict=False)  # after the marks come the names of the lines
        if row.time is not None and row.time.low is not None and row.time.high is not None
    ]
    annotate(axes, sorted(notes, key=lambda note: not note.bold), points, bars)
    return fig


def _family(row: Row, table: PrintedTable) -> str:
    """A changed network is of the family too."""
    facts = table.by_name.get(row.unit.workload.name)
    return facts.family if facts else row.unit.workload.name


def _title(row: Row, table: PrintedTable) -> str:
    facts = table.published(row.unit)
    title = facts.title if facts else row.unit.workload.name
    return f"{title} ({row.unit.workload.variant})" if row.unit.workload.variant else title
