"""The table as strings: what the terminal and the Markdown table both show, each in its own markup.

One section per device and kind; a setting or the size is a column where it varies and part of the caption
where it does not, so that the table stays narrow and still says everything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.records.run import Run
from bench.records.workload import Kind
from reports.environment_text import device_title
from reports.numbers import GIGA, MEGA, MILLI, centre, plus_minus, significant
from reports.results import Results
from reports.row import Row
from reports.rows import settings_text
from reports.tables.accuracy_column import accuracy_caption, accuracy_columns
from reports.tables.column import Column, number
from reports.tables.delegated_column import delegated_caption, delegated_columns
from reports.tables.limit_columns import limit_caption, limit_columns
from reports.tables.sustained_columns import sustained_caption, sustained_columns

CONVENTION = (
    "MACs are multiply-adds (the paper's FLOPs), of the whole row for one image; "
    "GMAC/s = MACs x batch / time (the paper's FLOPS)"
)
VERDICT_LEGEND = (
    "verdicts, worst first: throttled (clock cut, CPU quota used up), contended (others used the core), drifting, "
    "not_steady (warm-up never settled), very_noisy (over ±10%, within a worker or over the rounds), noisy (over ±2%), "
    "page_faults (over 5% of the time went into them: see --allocator), unreplicated (one round: no interval), ok"
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """The cells of a row, and the note that takes the place of its numbers or follows them."""

    cells: tuple[str, ...]
    identity: tuple[str, ...]  # what tells it from the other lines: how a note below the table refers to it
    group: tuple[str, ...] = ()  # lines of one group stand together, a blank line between groups
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A table of one device and kind. Nothing in it is escaped."""

    title: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    caption: tuple[str, ...]

    def without(self, heading: str) -> "Section":
        """The same table without that column."""
        keep = [index for index, column in enumerate(self.columns) if column.heading != heading]
        lines = tuple(replace(line, cells=tuple(line.cells[index] for index in keep)) for line in self.lines)
        return replace(self, columns=tuple(self.columns[index] for index in keep), lines=lines)


SETTINGS: dict[str, Callable[[Row], str]] = {
    "runtime": lambda row: row.unit.runtime,
    "mode": lambda row: row.unit.mode,
    "batch": lambda row: str(row.unit.batch),
    "threads": lambda row: str(row.unit.threads),
    "dtype": lambda row: row.unit.dtype,
    "layout": lambda row: row.unit.layout,
    "stack": lambda row: str(row.unit.workload.stack or ""),
    "allocator": lambda row: row.unit.allocator,
    "settings": lambda row: settings_text(row.unit),
}
# Shorter words where room is scarce; the long ones are those of the options.
SHORT = {
    "layout": {"nchw": "NCHW", "channels_last": "NHWC"},
    "dtype": {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"},
    "mode": {"latency": "lat", "throughput": "thru"},
}
_Key = tuple[str, ...]  # what rows that are read together share
HANDFUL = 3  # the mean number of rows from which on a group is worth a blank line


def sections(results: Results) -> tuple[Section, ...]:
    """The rows by device and kind, in the order of the plan but with those to compare next to one another."""
    grouped: dict[tuple[str, Kind], list[Row]] = {}
    for row in results.rows:
        grouped.setdefault((row.unit.device, row.unit.workload.kind), []).append(row)
    return tuple(_section(results.run, device, kind, part) for (device, kind), part in grouped.items())


def _section(run: Run, device: str, kind: Kind, rows: Sequence[Row]) -> Section:
    varying = [name for name, text in SETTINGS.items() if len({text(row) for row in rows}) > 1]
    sized = len(rows) == 1 or len({row.size for row in rows}) > 1
    ordered = _ordered([(_key(row, kind, varying), row) for row in rows])
    depth = _depth([key for key, _ in ordered])
    columns = tuple(columns_of(kind, varying, rows, sized=sized))
    lines = tuple(
        Line(
            cells=tuple(column.text(row) for column in columns),
            identity=(row.label, *([row.size] if sized else []), *(SETTINGS[name](row) for name in varying)),
            group=key[:depth],
            note=row.reason,
        )
        for key, row in ordered
    )
    fixed = [] if sized else [f"size {rows[0].size}"]
    fixed += [f"{name} {text(rows[0])}" for name, text in SETTINGS.items() if name not in varying and text(rows[0])]
    caption = tuple(
        filter(
            None,
            [
                ", ".join(fixed),
                *_interval_caption(rows),
                *limit_caption(rows),
                *delegated_caption(rows),
                *accuracy_caption(rows),
                *sustained_caption(rows),
            ],
        )
    )
    return Section(title=device_title(run, device), columns=columns, lines=lines, caption=caption)


def _key(row: Row, kind: Kind, varying: Sequence[str]) -> _Key:
    """What rows that are read together share: an operator goes through its sizes, networks stand side by side."""
    settings = tuple(SETTINGS[name](row) for name in varying)
    return (row.label, *settings) if kind == "op" else settings


def _ordered(rows: Sequence[tuple[_Key, Row]]) -> list[tuple[_Key, Row]]:
    """By key, each part in the order in which it first appears; within a key in the order of the plan."""
    parts = zip(*(key for key, _ in rows), strict=True)
    ranks = [{text: rank for rank, text in enumerate(dict.fromkeys(texts))} for texts in parts]
    return sorted(rows, key=lambda keyed: [rank[part] for rank, part in zip(ranks, keyed[0], strict=True)])


def _depth(keys: Sequence[_Key]) -> int:
    """How many parts of the key make a group: as many as leave a handful of rows in each, 0 for no groups."""
    width = len(keys[0])
    return next((depth for depth in range(width, 0, -1) if len(keys) >= HANDFUL * len({k[:depth] for k in keys})), 0)


def columns_of(kind: Kind, varying: Sequence[str], rows: Sequence[Row], *, sized: bool) -> list[Column]:
    """What a table of these rows shows; `varying` settings get a column each, the size where it is `sized`."""
    measured = [row for row in rows if row.time is not None]
    bounded = any(row.time and row.time.half_width is not None for row in measured)
    head = [Column(heading="operator" if kind == "op" else "model", text=lambda row: row.label)]
    if sized:
        head.append(Column(heading="size", text=lambda row: row.size))
    head += [Column(heading=name, text=SETTINGS[name], numeric=name in ("batch", "threads")) for name in varying]
    if kind == "model":
        head.append(number("Mparams", lambda row: significant(row.params, MEGA)))
    head.append(number("GMACs", lambda row: significant(row.macs, GIGA)))
    if any(row.latency for row in measured):
        head.append(number("ms", lambda row: significant(centre(row.latency), MILLI)))
        if bounded:
            head.append(number("±", lambda row: plus_minus(row.latency)))
    if any(not row.latency for row in measured):
        head.append(number("images/s", lambda row: significant(centre(row.images_per_s))))
        if bounded:
            head.append(number("±", lambda row: "" if row.latency else plus_minus(row.images_per_s)))
    head.append(number("GMAC/s", lambda row: significant(centre(row.macs_per_s), GIGA)))
    if kind == "op":
        head.append(number("GB/s", lambda row: significant(row.bytes_per_s, GIGA)))
    more = [*limit_columns(rows), *delegated_columns(rows), *accuracy_columns(rows), *sustained_columns(rows)]
    return [*head, *more, Column(heading="verdict", text=verdict_text)]


def verdict_text(row: Row) -> str:
    """The verdict, or what became of the row where it is not done."""
    if row.status == "done":
        return row.verdict or ""
    return f"{row.verdict}, {row.status}" if row.verdict else row.status


def _interval_caption(rows: Sequence[Row]) -> list[str]:
    counts = sorted({row.rounds for row in rows if row.rounds})
    if not counts:
        return ["nothing was measured"]
    if counts[-1] < 2:
        return ["one round: no interval can be claimed, take the numbers as a first look"]
    text = f"± 95% interval over {' to '.join(str(n) for n in sorted({counts[0], counts[-1]}))} rounds"
    return [f"{text} (Student's t on the logarithms of the worker medians)"]
