"""Rooflines: speed over multiply-adds per byte, below what the device was measured to do at most."""

from collections.abc import Iterator, Sequence

from bench.records.ceilings import Ceilings
from reports.html.charts.chart import Chart, Line, Name
from reports.html.charts.networks import row_text
from reports.html.charts.scale import Scale, log_scale
from reports.html.charts.scatter import FRAME, Point, scatter
from reports.html.shown import Shown
from reports.limits import bandwidth_of
from reports.numbers import GIGA, significant
from reports.row import Row
from reports.standing import least_bytes
from reports.tables.sections import SETTINGS

_SERIES = ("runtime", "batch", "layout", "stack", "allocator", "settings")  # what rows below one roof may differ in


def roofline_charts(shown: Shown) -> Iterator[Chart]:
    """One for each device, dtype and thread count whose ceilings were measured and of which rows know their bytes."""
    for state in shown.results.run.devices:
        for ceilings in state.ceilings:
            rows = [row for row in shown.results.rows if _is_below(row, state.name, ceilings)]
            best = ceilings.best()
            if rows and best is not None:
                yield _chart(shown, state.name, ceilings, rows, best.speed.centre / GIGA)


def _is_below(row: Row, device: str, ceilings: Ceilings) -> bool:
    unit = row.unit
    same = (unit.device, unit.dtype, unit.threads) == (device, ceilings.dtype, ceilings.threads)
    return same and row.standing is not None and bool(row.macs) and row.macs_per_s is not None


def _chart(shown: Shown, device: str, ceilings: Ceilings, rows: Sequence[Row], top: float) -> Chart:
    always = "runtime" if rows[0].unit.workload.kind == "model" else ""
    told = [name for name in _SERIES if name == always or len({SETTINGS[name](row) for row in rows}) > 1]
    points = [_point(shown, row, told) for row in rows]
    levels = {each.level: bandwidth_of(ceilings, each.level) / GIGA for each in ceilings.bandwidths}
    levels = {level: speed for level, speed in levels.items() if speed}
    x = log_scale([*(point.x for point in points), *(top / speed for speed in levels.values())], FRAME.x0, FRAME.x1)
    y = log_scale([*(point.y for point in points), top], FRAME.y1, FRAME.y0)
    threads = f"{ceilings.threads} thread{'s' * (ceilings.threads > 1)}"
    return scatter(
        f"Roofline: {device}, {ceilings.dtype}, {threads}",
        "Lines: what this device was measured to do at most. A row far below its line has room.",
        points,
        (x, y),
        ("multiply-adds for each byte", "GMAC/s"),
        [
            *(_rising(level, speed, top, (x, y)) for level, speed in levels.items()),
            _flat(ceilings, top, levels, (x, y)),
        ],
    )


def _point(shown: Shown, row: Row, told: Sequence[str]) -> Point:
    assert row.macs_per_s is not None
    assert row.cost is not None
    assert row.standing is not None
    network = row.unit.workload.kind == "model"
    percent = significant(row.standing.percent_of_limit, digits=2)
    return Point(
        x=(row.macs or 0) * row.unit.batch / max(1, least_bytes(row.unit, row.cost)),
        y=row.macs_per_s.centre / GIGA,
        name=row.label if network else row.size,
        text=f"{row_text(row)}; {percent}% of its limit, bound by {row.standing.bound}",
        series=", ".join([*([] if network else [row.label]), *(_said(name, row) for name in told)]),
        row=shown.numbers.get(row.unit),
        y_interval=row.macs_per_s.over(GIGA),
    )


def _said(name: str, row: Row) -> str:
    """`graph=basic`, `batch 8`, or `usual settings` beside rows of others."""
    said = SETTINGS[name](row)
    return f"{name} {said}" if said.isdigit() else said or "usual settings"


def _rising(level: str, speed: float, top: float, scales: tuple[Scale, Scale]) -> Line:
    x, y = scales
    start, end = max(x.low, y.low / speed), min(x.high, top / speed)
    at = [(x.at(value), y.at(value * speed)) for value in (start, max(start, end))]
    name = Name(x=at[0][0] + 4, y=max(at[0][1] - 6, FRAME.y0 + 10), text=f"{level} {significant(speed)} GB/s")
    return Line(points=" ".join(f"{a},{b}" for a, b in at), kind="roof", name=name)


def _flat(ceilings: Ceilings, top: float, levels: dict[str, float], scales: tuple[Scale, Scale]) -> Line:
    x, y = scales
    start = top / max(levels.values()) if levels else x.low
    name = Name(x=x.at(start) + 4, y=y.at(top) - 6, text=f"{ceilings.dtype} {significant(top)} GMAC/s")
    return Line(points=f"{x.at(start)},{y.at(top)} {x.end},{y.at(top)}", kind="roof", name=name)
