"""Accuracy against time, and time against multiply-adds."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from bench.records.workload import Kind
from reports.html.charts.chart import Chart, Line, Name
from reports.html.charts.scale import Scale, linear_scale, log_scale
from reports.html.charts.scatter import FRAME, Point, scatter
from reports.html.shown import Shown
from reports.ledger.printed_table import PrintedTable
from reports.numbers import GIGA, MILLI, bounds, significant
from reports.plots.network_pictures import accuracy_axis, sources
from reports.plots.panel import Panel
from reports.plots.pareto import pareto_front
from reports.plots.pictured import pictured
from reports.plots.spots import spots
from reports.row import Row
from reports.rows import unusual_text

_KINDS: tuple[Kind, ...] = ("model", "op")


def accuracy_charts(shown: Shown) -> Iterator[Chart]:
    """One for each panel with published accuracies."""
    for panel in pictured(shown.results, "model"):
        points = _claimed_first(shown, _accuracies(shown, panel))
        if points:
            x = log_scale([point.x for point in points], FRAME.x0, FRAME.x1)
            y = linear_scale([point.y for point in points], FRAME.y1, FRAME.y0)
            latency = panel.mode == "latency"
            found = [spot.facts for spot in spots(panel, _accuracies_of(shown))]
            caption = f"Better: upper {'left' if latency else 'right'}. Dashes: the front. {' '.join(sources(found))}"
            yield scatter(
                f"Accuracy against {'time' if latency else 'throughput'}: {_where(panel)}",
                caption,
                points,
                (x, y),
                ("time of a call, ms" if latency else "images/s", accuracy_axis([panel], _accuracies_of(shown))),
                [_front(points, (x, y), fast_is_left=latency)],
            )


def _claimed_first(shown: Shown, points: Iterable[Point]) -> list[Point]:
    """What the paper is about chooses the first look, and the places of its names."""
    return sorted(points, key=lambda point: point.series not in (*shown.results.accuracies.claimed_families, "pconv"))


def _accuracies(shown: Shown, panel: Panel) -> Iterator[Point]:
    for spot in spots(panel, _accuracies_of(shown)):
        yield Point(
            x=spot.x.centre,
            y=spot.accuracy,
            name=spot.facts.title,
            text=f"{spot.facts.title}: {spot.accuracy:g}%{', distilled' * spot.distilled}, {row_text(spot.row)}",
            series=spot.facts.family,
            row=shown.numbers.get(spot.row.unit),
            x_interval=spot.x,
            hollow=spot.distilled,
        )


def _accuracies_of(shown: Shown) -> PrintedTable:
    table = shown.results.accuracies
    return table.undistilled() if shown.results.undistilled else table


def _front(points: list[Point], scales: tuple[Scale, Scale], *, fast_is_left: bool) -> Line:
    sign = 1 if fast_is_left else -1
    own = [points[index] for index in pareto_front([(sign * point.x, point.y) for point in points])]
    at = [(scales[0].at(point.x), scales[1].at(point.y)) for point in own]
    steps = [
        at[0],
        *(corner for (_, before), here in pairwise(at) for corner in ((here[0], before), here)),
    ]
    return Line(points=" ".join(f"{x},{y}" for x, y in steps), kind="front")


def macs_charts(shown: Shown) -> Iterator[Chart]:
    """One for each panel whose rows were counted."""
    for panel in (panel for kind in _KINDS for panel in pictured(shown.results, kind)):
        points = _claimed_first(shown, (_counted(shown, row) for row in panel.measured if row.macs and row.time))
        if len(points) > 1:
            x = log_scale([point.x for point in points], FRAME.x0, FRAME.x1)
            y = log_scale([point.y for point in points], FRAME.y1, FRAME.y0)
            yield scatter(
                f"Time against MACs: {_where(panel)}",
                "Lower is better. Along a grey line the speed is equal. MACs are those of the graph that was timed.",
                points,
                (x, y),
                ("multiply-adds of a call, GMACs", "time of a call, ms"),
                list(_equal_speeds((x, y))),
            )


def _counted(shown: Shown, row: Row) -> Point:
    assert row.time is not None
    facts = shown.results.accuracies.by_name.get(row.unit.workload.name)
    own = row.unit.workload.kind == "model"
    usual = facts if own and not row.unit.workload.variant else None  # printed; a size or form of its own is named
    return Point(
        x=(row.macs or 0) * row.unit.batch / GIGA,
        y=row.time.centre / MILLI,
        name=usual.title if usual else row.label if own else row.size,
        text=row_text(row),
        series=facts.family if facts and own else row.label,
        row=shown.numbers.get(row.unit),
        y_interval=row.time.over(MILLI),
    )


def _equal_speeds(scales: tuple[Scale, Scale]) -> Iterator[Line]:
    """Lines of 1, 10, 100 ... GMAC/s: x GMACs in y ms."""
    x, y = scales
    for power in range(-3, 6):
        speed = 10.0**power  # GMAC/s
        low, high = max(x.low, y.low * speed * MILLI), min(x.high, y.high * speed * MILLI)
        if low < high:
            ends = [(x.at(at), y.at(at / speed / MILLI)) for at in (low, high)]
            name = Name(x=ends[1][0] - 4, y=ends[1][1] + 12, text=f"{speed:g} GMAC/s")
            yield Line(points=" ".join(f"{a},{b}" for a, b in ends), kind="equal", name=name)


def row_text(row: Row) -> str:
    """`pconv 96x56x56, eager, 2 threads: 6.92 [6.84, 7.01] ms, 0.163 GMACs, 23.5 GMAC/s, ok`."""
    said = [f"{bounds(row.time, unit=MILLI)} ms"]
    if row.macs:
        said.append(f"{significant(row.macs, GIGA)} GMACs")
    if row.macs_per_s:
        said.append(f"{significant(row.macs_per_s.centre, GIGA)} GMAC/s")
    where = ", ".join(filter(None, [f"{row.label} {row.size}", row.unit.runtime, unusual_text(row.unit)]))
    return f"{where}: {', '.join([*said, row.verdict or ''])}"


def _where(panel: Panel) -> str:
    return f"{panel.device}, {panel.runtime}, {panel.settings}"
