"""The table of the page: every row of every run with what is known of its accuracy, a table for each kind."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from bench.records.workload import Kind
from reports.best.candidate import Candidate
from reports.html.shown import Shown
from reports.numbers import MEGA, significant
from reports.row import Row
from reports.tables.accuracy_column import HEADING, accuracy_text
from reports.tables.csv_table import COLUMNS, csv_text
from reports.tables.sections import SETTINGS, columns_of
from reports.untrusted import visible

T = TypeVar("T")
Column = tuple[str, bool, Callable[[T], str]]  # its heading, whether it holds numbers, and its cell

MOST_OPTIONS = 40  # of a list to choose from; a column of more values has the words above the table
TableKind = Kind | Literal["pair"]
_TITLES: dict[TableKind, str] = {"op": "Operators", "model": "Networks", "pair": "Comparisons in pairs"}
_LISTED = (
    "run",
    "device",
    "operator",
    "model",
    "size",
    *SETTINGS,
    "training",
    "front",
    "bound",
    "answer",
    "verdict",
    "recency",
)


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A column: its `options` may be chosen from, the numbers of a `limit` be bounded."""

    text: str
    numeric: bool = False
    options: tuple[str, ...] = ()
    limit: str = ""  # "at most" or "at least"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row by its number, and its cells; the first one leads to `page`, or opens what this page knows of the row."""

    number: int
    cells: tuple[str, ...]
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class RowTable:
    """Nothing in it is escaped."""

    kind: TableKind
    headings: tuple[Heading, ...]
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        """What its rows are."""
        return _TITLES[self.kind]


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A row with the run that it is of, and what is printed of its network."""

    shown: Shown
    row: Row
    candidate: Candidate | None
    front: str  # or open, where it cannot be told from it


_Column = Column[_Place]


def row_tables(runs: Sequence[Shown]) -> tuple[RowTable, ...]:
    """Operators, then networks; none of a kind without rows."""
    places = [place for shown in runs for place in _places(shown)]
    kinds: tuple[Kind, ...] = ("op", "model")
    grouped = ((kind, [place for place in places if place.row.unit.workload.kind == kind]) for kind in kinds)
    return tuple(_table(kind, own) for kind, own in grouped if own)


def csv_lines(runs: Sequence[Shown]) -> list[str]:
    """The heading, then a line for each row by its number: those of table.csv, behind the run's name where there are
    several."""
    named = {"run": lambda place: place[0].name} if len(runs) > 1 else {}
    own = {name: (lambda place, value=value: value(place[1])) for name, value in COLUMNS.items()}
    places = [(shown, row) for shown in runs for row in shown.rows]
    return csv_text({**named, **own}, places).splitlines()


def _places(shown: Shown) -> Iterator[_Place]:
    marks = {unit: mark for choice in shown.choices for unit, mark in choice.marks.items()}
    for row in shown.rows:
        yield _Place(shown=shown, row=row, candidate=shown.candidates.get(row.unit), front=marks.get(row.unit, ""))


def _table(kind: Kind, places: Sequence[_Place]) -> RowTable:
    return table_of(kind, _columns(kind, places), places, [(it.shown.numbers[it.row.unit], "") for it in places])


def _columns(kind: Kind, places: Sequence[_Place]) -> list[_Column]:
    rows = [place.row for place in places]
    varying = [name for name, text in SETTINGS.items() if len({text(row) for row in rows}) > 1]
    usual = [column for column in columns_of(kind, varying, rows, sized=True) if column.heading != HEADING]
    made: list[_Column] = [(each.heading, each.numeric, _of_row(each.text)) for each in usual]
    made[-1:-1] = [*_ACCURACY, ("MB", True, lambda place: significant(place.row.peak_memory_bytes, MEGA))]
    if len({place.shown.name for place in places}) > 1:
        made.insert(1, ("run", False, lambda place: place.shown.name))
    if len({row.unit.device for row in rows}) > 1:
        made.insert(1, ("device", False, lambda place: place.row.unit.device))
    return [*made, ("why", False, lambda place: place.row.reason)]


def _of_row(text: Callable[[Row], str]) -> Callable[[_Place], str]:
    return lambda place: text(place.row)


_ACCURACY: tuple[_Column, ...] = (
    (HEADING, True, lambda place: top1_text(place.row, place.candidate)),
    ("training", False, lambda place: training_text(place.candidate)),
    ("front", False, lambda place: place.front),
)


def top1_text(row: Row, candidate: Candidate | None) -> str:
    """With its interval as `bench accuracy` measured it, else as printed."""
    printed = candidate.top1_percent if candidate else None
    return accuracy_text(row) or ("" if printed is None else f"{printed:g}")


def training_text(candidate: Candidate | None) -> str:
    """What sets its accuracy apart from that of a plain recipe."""
    return "distilled" if candidate and candidate.recipe == "distilled" else ""


def table_of(
    kind: TableKind, columns: Sequence[Column[T]], things: Sequence[T], places: Iterable[tuple[int, str]]
) -> RowTable:
    """A line for each thing, by its number and page in `places`; a later column without anything in it is left out."""
    cells = [tuple(visible(text(thing)) for _, _, text in columns) for thing in things]
    filled = [index for index in range(len(columns)) if index == 0 or any(row[index] for row in cells)]
    return RowTable(
        kind=kind,
        headings=tuple(_heading(*columns[index][:2], [row[index] for row in cells]) for index in filled),
        lines=tuple(
            Line(number=number, cells=tuple(row[index] for index in filled), page=page)
            for (number, page), row in zip(places, cells, strict=True)
        ),
    )


def _heading(text: str, numeric: bool, cells: Sequence[str]) -> Heading:
    """That of a column with these cells."""
    values = tuple(dict.fromkeys(filter(None, cells)))
    chosen = text in _LISTED and len(set(cells)) > 1 and len(values) <= MOST_OPTIONS
    limit = {"ms": "at most", "MB": "at most", HEADING: "at least"}.get(text, "")
    return Heading(text=text, numeric=numeric, options=values if chosen else (), limit=limit)
