"""A line for each item: ratios with their intervals beside what was printed, and what the layers of a network take."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.statistics import Interval
from reports.html.charts.chart import Bar, Chart, Line, Mark
from reports.html.charts.scale import Scale, Tick, linear_scale, log_scale
from reports.html.shown import Shown
from reports.layers.profile import Slice
from reports.layers.words import title
from reports.ledger.entry import Entry, Place, Section
from reports.numbers import MILLI, about_percent, bounds, percent, significant

MOST_ITEMS = 30
_WIDTH, _LEFT, _ROW, _TOP, _BOTTOM = 480.0, 168.0, 18.0, 14.0, 46.0
_BESIDE = "Discs: here, with the 95% interval. Diamonds: the paper."
_HEADS: dict[Section, tuple[str, str]] = {
    "claim": ("How many times as fast", "times as fast"),
    "operator_ratio": ("Speed over DWConv's at the same size", "times its MACs per second"),
}
_LONGEST = 25  # letters of a name that have room left of the frame


@dataclass(frozen=True, kw_only=True)
class Item:
    """`value` with its interval, and what is `printed` of it."""

    name: str
    text: str
    value: Interval
    printed: float | None = None
    row: int | None = None


def ratio_charts(shown: Shown) -> Iterator[Chart]:
    """The paper's ratios beside ours at each place, and what `bench compare` found."""
    for (section, place), entries in _by_place(shown.results.entries).items():
        head, axis = _HEADS[section]
        where = f"{place.device}, {place.runtime}, {place.allocator} memory, beside column {place.column}"
        yield _of_values(f"{head}: {where}", _BESIDE, [_entry(shown, entry) for entry in entries], axis)
    found = [_compared(shown, number) for number, each in enumerate(shown.results.findings) if each.ratio is not None]
    if found:
        margin = percent(shown.results.run.plan.margin)
        caption = f"Time of the second over that of the first, above 1 it is slower; no change within {margin} counts."
        yield _of_values("Compared", caption, found, "ratio of times")


def _by_place(entries: Sequence[Entry]) -> dict[tuple[Section, Place], list[Entry]]:
    groups: dict[tuple[Section, Place], list[Entry]] = {}
    for entry in entries:
        if entry.section in _HEADS and entry.ours and entry.place:
            groups.setdefault((entry.section, entry.place), []).append(entry)
    return groups


def _entry(shown: Shown, entry: Entry) -> Item:
    assert entry.ours is not None
    name = f"{entry.label} / {entry.against}" if entry.section == "claim" else f"{entry.label} {entry.input_shape}"
    said = f"{bounds(entry.ours)} here, {significant(entry.paper)} in the paper"
    row = _row_of(shown, entry) if entry.section == "operator_ratio" else _pair_of(shown, entry)
    return Item(name=name, text=f"{name}: {said}; {entry.verdict}", value=entry.ours, printed=entry.paper, row=row)


def _row_of(shown: Shown, entry: Entry) -> int | None:
    """The row that the value is of, the first of several that differ in what the paper does not name."""
    own = (entry.device, entry.runtime, entry.allocator, entry.label, entry.input_shape)
    return next(
        (
            shown.numbers[row.unit]
            for row in shown.rows
            if (row.unit.device, row.unit.runtime, row.unit.allocator, row.label, row.size) == own and row.time
        ),
        None,
    )


def _pair_of(shown: Shown, entry: Entry) -> int | None:
    """The comparison that measured the claim."""
    own = (entry.device, entry.runtime, entry.allocator, {entry.name, entry.against})
    for made in shown.comparisons:
        unit = made.first
        sides = {side.workload.name for side in (made.first, made.second)}
        if (unit.device, unit.runtime, unit.allocator, sides) == own:
            return shown.pair_numbers[made.cell]
    return None


def _compared(shown: Shown, number: int) -> Item:
    found = shown.results.findings[number]
    assert found.ratio is not None
    return Item(
        name=found.name,
        text=f"{found.name}: {found.ratio_text}, {found.label}",
        value=found.ratio,
        printed=1.0,
        row=shown.pair_numbers.get(shown.results.gated[number].comparison.cell),
    )


def _of_values(head: str, caption: str, items: Sequence[Item], axis: str) -> Chart:
    return listed(head, caption, items, axis, on_decades(items))


def on_decades(items: Sequence[Item]) -> Scale:
    """A logarithmic axis for those that are drawn, all over 0."""
    return log_scale(list(_ends(items)), _LEFT, _WIDTH - 12)


def on_a_line(items: Sequence[Item]) -> Scale:
    """One with equal steps, from 0."""
    return linear_scale([0.0, *_ends(items)], _LEFT, _WIDTH - 12, from_zero=True)


def _ends(items: Sequence[Item]) -> Iterator[float]:
    for item in items[:MOST_ITEMS]:
        yield from filter(None, (item.value.low, item.value.centre, item.value.high, item.printed))


def listed(head: str, caption: str, items: Sequence[Item], axis: str, x: Scale, *, bars: bool = False) -> Chart:
    """A disc for each with its interval and what is printed, or bars."""
    own = items[:MOST_ITEMS]
    more = f" {len(own)} of {len(items)} are drawn." if len(own) < len(items) else ""
    frame = Bar(x0=_LEFT, y0=_TOP, x1=_WIDTH - 12, y1=_TOP + _ROW * len(own))
    at = [_TOP + _ROW * (index + 0.5) for index in range(len(own))]
    return Chart(
        title=head,
        caption=caption + more,
        width=_WIDTH,
        height=frame.y1 + _BOTTOM,
        frame=frame,
        x=axis,
        y="",
        x_ticks=x.ticks,
        y_ticks=tuple(Tick(at=y, text=_short(item.name)) for item, y in zip(own, at, strict=True)),
        marks=tuple(_mark(item, x, y, bars=bars) for item, y in zip(own, at, strict=True)),
        lines=tuple(_ring(x.at(item.printed), y) for item, y in zip(own, at, strict=True) if item.printed),
    )


def _mark(item: Item, x: Scale, y: float, *, bars: bool) -> Mark:
    low, high = item.value.low, item.value.high
    bar = Bar(x0=x.at(low), y0=y, x1=x.at(high), y1=y) if low is not None and high is not None else None
    length = Bar(x0=x.start, y0=y - 5, x1=x.at(item.value.centre), y1=y + 5) if bars else None
    return Mark(x=x.at(item.value.centre), y=y, text=item.text, row=item.row, bar=bar, length=length)


def _ring(x: float, y: float) -> Line:
    """A diamond around what was printed."""
    return Line(points=f"{x - 6},{y} {x},{y - 6} {x + 6},{y} {x},{y + 6} {x - 6},{y}", kind="printed")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def layer_charts(shown: Shown) -> Iterator[Chart]:
    """The dearest layers of each network."""
    for profile in shown.results.profiles:
        row = shown.numbers.get(profile.unit)
        dearest = sorted((each for each in profile.layers if each.pieces), key=lambda each: -each.seconds)
        items = [
            Item(name=each.name, text=_layer(each), value=each.time.over(MILLI), row=row)
            for each in dearest
            if each.seconds
        ]
        if items:
            head, axis = f"Layers: {title(profile)}", "ms of one call"
            yield listed(head, "The dearest layers first.", items, axis, on_a_line(items), bars=True)


def _layer(each: Slice) -> str:
    bound = f", bound by {each.bound}" if each.bound else ""
    return f"{each.name} ({each.kind}): {bounds(each.time, unit=MILLI)} ms, {about_percent(each.share)}{bound}"
