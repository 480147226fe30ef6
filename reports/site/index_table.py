"""The tables of the index: networks, then operators, of all runs, each name leading to its row in the run's page."""

from collections.abc import Callable, Sequence
from typing import Literal

from bench.records.workload import Kind
from reports.html.row_table import Column, RowTable, table_of, top1_text, training_text
from reports.html.shown import MOST_ROWS as MOST_ROWS_OF_A_RUN
from reports.numbers import GIGA, MEGA, MILLI, centre, plus_minus, significant
from reports.row import Row
from reports.site.entry import Entry
from reports.tables.accuracy_column import HEADING
from reports.tables.csv_table import COLUMNS as ROW_COLUMNS
from reports.tables.csv_table import Value, csv_text
from reports.tables.sections import SETTINGS, verdict_text

MOST_ROWS = 5000  # what a browser sorts and filters at once

_Column = Column[Entry]


def _of_row(text: Callable[[Row], str]) -> Callable[[Entry], str]:
    return lambda entry: text(entry.row)


def _unless(usual: str, text: Callable[[Row], str]) -> Callable[[Entry], str]:
    """What is as usual in most rows is left out, so that its column goes where nothing else stands in it."""
    return lambda entry: "" if text(entry.row) == usual else text(entry.row)


def _throughput(row: Row) -> str:
    """Where it is what one asks of the device: queued calls, and accelerators."""
    asked = row.latency is None or row.unit.accelerator
    return significant(centre(row.images_per_s)) if asked else ""


def _environment(entry: Entry) -> str:
    found = entry.environment
    if found is None:
        return ""
    kernel = f"kernel {found.kernel}" if found.kernel else ""
    governor = f"governor {found.governor}" if found.governor else ""
    return ", ".join(filter(None, [entry.runtime, found.os, kernel, found.virtual, governor]))


_COLUMNS: tuple[_Column, ...] = (
    ("device", False, lambda entry: entry.device),
    ("size", False, _of_row(lambda row: row.size)),
    ("runtime", False, _of_row(SETTINGS["runtime"])),
    ("dtype", False, _of_row(SETTINGS["dtype"])),
    ("batch", True, _of_row(SETTINGS["batch"])),
    ("threads", True, _of_row(SETTINGS["threads"])),
    ("mode", False, _unless("latency", SETTINGS["mode"])),
    ("layout", False, _unless("nchw", SETTINGS["layout"])),
    ("allocator", False, _of_row(SETTINGS["allocator"])),
    ("settings", False, _of_row(SETTINGS["settings"])),
    ("ms", True, _of_row(lambda row: significant(centre(row.latency), MILLI))),
    ("±", True, _of_row(lambda row: plus_minus(row.latency or row.images_per_s))),
    ("images/s", True, _of_row(_throughput)),
    ("GMAC/s", True, _of_row(lambda row: significant(centre(row.macs_per_s), GIGA))),
    (HEADING, True, lambda entry: top1_text(entry.row, entry.candidate)),
    ("training", False, lambda entry: training_text(entry.candidate)),
    ("MB", True, _of_row(lambda row: significant(row.peak_memory_bytes, MEGA))),
    ("verdict", False, _of_row(verdict_text)),
    ("run", False, lambda entry: entry.run),
    ("recency", False, lambda entry: entry.recency),
    ("not as in the latest", False, lambda entry: ", ".join(name for name, *_ in entry.differences)),
    ("environment", False, _environment),
    ("why", False, _of_row(lambda row: row.reason)),
)
_KINDS: tuple[tuple[Kind, Literal["model", "operator"]], ...] = (("model", "model"), ("op", "operator"))


def index_tables(entries: Sequence[Entry]) -> tuple[RowTable, ...]:
    """None of a kind without rows; a column without anything in it is left out. A row is known by its place here."""
    numbered = [(place, entry) for place, entry in enumerate(entries[:MOST_ROWS])]
    made = ((kind, name, [it for it in numbered if it[1].row.unit.workload.kind == kind]) for kind, name in _KINDS)
    return tuple(_table(kind, name, own) for kind, name, own in made if own)


def index_csv(entries: Sequence[Entry]) -> str:
    """A line for each row, by its place: its run and device model, then the columns of table.csv."""
    own: dict[str, Callable[[Entry], Value]] = {
        "run": lambda entry: entry.run,
        "began_utc": lambda entry: entry.began,
        "device_model": lambda entry: entry.device,
        "recency": lambda entry: entry.recency,
        "not_as_in_the_latest": lambda entry: "; ".join(
            f"{name} {own}, there {other}" for name, own, other in entry.differences
        ),
    }
    rows = {name: (lambda entry, value=value: value(entry.row)) for name, value in ROW_COLUMNS.items()}
    return csv_text({**own, **rows}, entries)


def _table(kind: Kind, name: str, numbered: Sequence[tuple[int, Entry]]) -> RowTable:
    columns: tuple[_Column, ...] = ((name, False, lambda entry: entry.row.label), *_COLUMNS)
    places = [(place, row_page(entry)) for place, entry in numbered]
    return table_of(kind, columns, [entry for _, entry in numbered], places)


def row_page(entry: Entry) -> str:
    """Where the run's own page opens at that row; the page alone where the row has no place in it."""
    page = f"runs/{entry.run}/index.html"
    return f"{page}#row={entry.number}" if entry.number < MOST_ROWS_OF_A_RUN else page
