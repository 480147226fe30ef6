"""The table as strings: what the terminal and the Markdown table both show, each in its own markup.

One section per device and kind; a setting is a column where it varies and part of the caption where it
does not, so that the table stays narrow and still says everything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.run import Run
from bench.workload import Kind
from reports.environment_text import device_title
from reports.numbers import GIGA, MEGA, MILLI, centre, plus_minus, significant
from reports.rows import Row, settings_text, size_text

CONVENTION = (
    "MACs are multiply-adds (the paper's FLOPs), of the whole row for one image; "
    "GMAC/s = MACs x batch / time (the paper's FLOPS)"
)
VERDICT_LEGEND = (
    "verdicts, worst first: throttled (clock was cut), contended (others used the core), drifting, "
    "not_steady (warm-up never settled), very_noisy (over ±10% within a worker), noisy (over ±2%), "
    "unreplicated (one round: no interval), ok"
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A heading and the text under it; `numeric` ones are aligned to the right."""

    heading: str
    text: Callable[[Row], str]
    numeric: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """The cells of a row, and the note that takes the place of its numbers or follows them."""

    cells: tuple[str, ...]
    name: str  # how a note below the table refers to it
    group: str  # lines of one group stay together
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


_SETTINGS: dict[str, Callable[[Row], str]] = {
    "runtime": lambda row: row.unit.runtime,
    "mode": lambda row: row.unit.mode,
    "batch": lambda row: str(row.unit.batch),
    "threads": lambda row: str(row.unit.threads),
    "dtype": lambda row: row.unit.dtype,
    "layout": lambda row: row.unit.layout,
    "stack": lambda row: str(row.unit.workload.stack or ""),
    "settings": lambda row: settings_text(row.unit),
}


def sections(run: Run, rows: Sequence[Row]) -> tuple[Section, ...]:
    """The rows by device and kind, each in the order of the plan."""
    grouped: dict[tuple[str, Kind], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row.unit.device, row.unit.workload.kind), []).append(row)
    return tuple(_section(run, device, kind, part) for (device, kind), part in grouped.items())


def _section(run: Run, device: str, kind: Kind, rows: Sequence[Row]) -> Section:
    varying = [name for name, text in _SETTINGS.items() if len({text(row) for row in rows}) > 1]
    columns = tuple(_columns(kind, varying, rows))
    lines = tuple(_line(row, kind, columns, [_SETTINGS[name](row) for name in varying]) for row in rows)
    fixed = [f"{name} {_SETTINGS[name](rows[0])}" for name in _SETTINGS if name not in varying]
    caption = [", ".join(part for part in fixed if part.split(" ", 1)[1]), *_interval_caption(rows)]
    return Section(title=device_title(run, device), columns=columns, lines=lines, caption=tuple(filter(None, caption)))


def _line(row: Row, kind: Kind, columns: Sequence[Column], settings: Sequence[str]) -> Line:
    cells = tuple(column.text(row) for column in columns)
    # Operators are compared across sizes, networks with one another.
    group = " ".join((*settings, _label(row) if kind == "op" else ""))
    return Line(cells=cells, name=" ".join((*cells[:2], *settings)), group=group, note=row.reason)


def _columns(kind: Kind, varying: Sequence[str], rows: Sequence[Row]) -> list[Column]:
    measured = [row for row in rows if row.time is not None]
    head = [
        Column(heading="operator" if kind == "op" else "model", text=_label),
        Column(heading="size", text=lambda row: size_text(row.unit.workload.input_shape)),
        *(Column(heading=name, text=_SETTINGS[name]) for name in varying),
    ]
    if kind == "model":
        head.append(_number("Mparams", lambda row: significant(row.params, MEGA)))
    head.append(_number("GMACs", lambda row: significant(row.macs, GIGA)))
    if any(row.latency for row in measured):
        head += [
            _number("ms", lambda row: significant(centre(row.latency), MILLI)),
            _number("±", lambda row: plus_minus(row.latency)),
        ]
    if any(not row.latency for row in measured):
        head += [
            _number("images/s", lambda row: significant(centre(row.images_per_s))),
            _number("±", lambda row: "" if row.latency else plus_minus(row.images_per_s)),
        ]
    head.append(_number("GMAC/s", lambda row: significant(centre(row.macs_per_s), GIGA)))
    if kind == "op":
        head.append(_number("GB/s", lambda row: significant(row.bytes_per_s, GIGA)))
    return [*head, Column(heading="verdict", text=_verdict)]


def _number(heading: str, text: Callable[[Row], str]) -> Column:
    return Column(heading=heading, text=text, numeric=True)


def _label(row: Row) -> str:
    workload = row.unit.workload
    return f"{workload.name} ({workload.variant})" if workload.variant else workload.name


def _verdict(row: Row) -> str:
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
