"""A table of printed figures from a CSV file, the paper's own and a user's alike: docs/ledger.md describes it.

Whatever is wrong there is a UsageError that names file, line and column; its text is never trusted.
"""

import csv
import difflib
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench.errors import UsageError
from bench.plan.values import pixels, shown
from reports.ledger.printed_column import EXAMPLES, PrintedColumn, printed_columns
from reports.ledger.printed_table import RECIPES, PrintedClaim, PrintedNetwork, PrintedTable

REQUIRED = ("name", "input_px", "source")
KNOWN = (*REQUIRED, "title", "params_m", "macs_g", "top1_percent", "against", "headline", "family", "recipe")
OUT_OF_MEMORY = "OOM"
LARGEST_BYTES = 1_000_000
LONGEST_CELL = 300
MOST_COLUMNS, MOST_ROWS = 100, 2000

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_RATIO = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ?[x×]")
_POINTS = re.compile(r"[+-]?[0-9]{1,2}(\.[0-9]{1,6})?")
_OF_NETWORKS = ("title", "input_px", "params_m", "macs_g", "family", "recipe")  # empty in a row that is a claim


def read_table(path: Path) -> tuple[str, PrintedTable]:
    """The file's text, which is what a run keeps, and the table that it holds."""
    text = read_text(path, "--ledger")
    return text, parse_table(text, str(path))


def parse_table(text: str, where: str) -> PrintedTable:
    """The table in that text; `where` begins every error."""
    try:
        return _Reader(text).table()
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None


def read_text(path: Path, option: str) -> str:
    """The file that the option names; UsageError where it can't be read, is too long or no text."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = os.strerror(error.errno or 0) if isinstance(error, OSError) else str(error)
        raise UsageError(f"expected a table that can be read for {option}, got {shown(str(path))}: {why}") from None
    if len(content) > LARGEST_BYTES:
        raise UsageError(f"{path}: expected a table of at most {LARGEST_BYTES // 1_000_000} MB, got more; shorten it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + content[: error.start].count(b"\n")
        raise UsageError(f"{path}, line {line}: expected UTF-8, got other bytes; save it as CSV UTF-8") from None


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A row with its cells by heading, and where it ends in the file."""

    number: int
    cells: Mapping[str, str]

    def get(self, heading: str) -> str:
        return self.cells.get(heading, "")

    def parsed(self, heading: str, pattern: re.Pattern[str], expected: str) -> str:
        """The cell where it is empty or fits."""
        text = self.get(heading)
        if text and not pattern.fullmatch(text):
            raise self.wrong(heading, f"expected {expected}, got {shown(text)}")
        return text

    def number_in(self, heading: str, most: float = 1e9) -> str:
        """The digits of a positive number, or nothing."""
        text = self.parsed(heading, _NUMBER, "a positive number such as 3.49, or nothing")
        if text and not 0 < float(text) <= most:
            raise self.wrong(heading, f"expected a number over 0 and up to {most:g}, got {shown(text)}")
        return text

    def wrong(self, heading: str, message: str) -> ValueError:
        return ValueError(f"line {self.number}, {heading}: {message}")


class _Reader:
    """One text on its way to a table; ValueError says what is wrong in it, and in which line."""

    def __init__(self, text: str) -> None:
        rows = csv_rows(text)
        _, headings = next(rows, (0, []))
        self._columns = _speeds(_checked(headings))
        self._lines = [_line(number, headings, cells) for number, cells in islice(rows, MOST_ROWS)]
        if next(rows, None) is not None:
            raise ValueError(f"expected at most {MOST_ROWS} rows, got more; leave some out")

    def table(self) -> PrintedTable:
        networks: dict[str, PrintedNetwork] = {}
        for line in (each for each in self._lines if not each.get("against")):
            network = self._network(line)
            if network.name in networks:
                raise line.wrong("name", f"expected each network once, got {shown(network.name)} again; leave one out")
            networks[network.name] = network
        if not networks:
            raise ValueError("expected a row for each network, got none; docs/ledger.md shows one")
        claims = [self._claim(line, networks) for line in self._lines if line.get("against")]
        return PrintedTable(
            columns=tuple(self._columns.values()), networks=tuple(networks.values()), printed_claims=tuple(claims)
        )

    def _network(self, line: _Line) -> PrintedNetwork:
        for heading in REQUIRED:
            if not line.get(heading):
                raise line.wrong(heading, "expected one for each network, got nothing; fill it in")
        title, top1 = line.get("title") or line.get("name"), line.number_in("top1_percent", most=100)
        printed = {heading: line.get(heading) for heading in self._columns}
        return PrintedNetwork(
            name=line.get("name"),
            title=title,
            family=line.get("family") or title.split(" ")[0].split("-")[0] or title,
            input_px=_pixels(line),
            params_m=line.number_in("params_m"),
            macs_g=line.number_in("macs_g"),
            top1_percent=float(top1) if top1 else None,
            speeds={
                column.name: column.value(float(line.number_in(heading)))
                for heading, column in self._columns.items()
                if printed[heading] not in ("", OUT_OF_MEMORY)
            },
            out_of_memory=frozenset(c.name for h, c in self._columns.items() if printed[h] == OUT_OF_MEMORY),
            recipe=_recipe(line),
            source=line.get("source"),
        )

    def _claim(self, line: _Line, networks: Mapping[str, PrintedNetwork]) -> PrintedClaim:
        first, second = line.get("name"), line.get("against")
        for heading, name in (("name", first), ("against", second)):
            if name not in networks:
                near = difflib.get_close_matches(name, networks, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else "give it a row of its own"
                raise line.wrong(heading, f"expected a network of this table, got {shown(name)}; {hint}")
        if first == second:
            raise line.wrong("against", f"expected two different networks, got {shown(first)} twice")
        if filled := next((heading for heading in _OF_NETWORKS if line.get(heading)), ""):
            raise line.wrong(filled, "expected nothing in a row that is a claim (against is filled in); clear it")
        if line.get("headline") not in ("", "yes"):
            raise line.wrong("headline", f"expected yes or nothing, got {shown(line.get('headline'))}")
        expected = "a ratio such as 2.84x (how many times as fast), or nothing"
        ratios = {c.name: line.parsed(h, _RATIO, expected).rstrip(" x×") for h, c in self._columns.items()}
        if zero := next((h for h, c in self._columns.items() if ratios[c.name] and not float(ratios[c.name])), ""):
            raise line.wrong(zero, "expected a ratio over 0, got 0")
        return PrintedClaim(
            first=first,
            second=second,
            ratios={name: digits for name, digits in ratios.items() if digits},
            top1_points=line.parsed("top1_percent", _POINTS, "a difference in points such as +2.9, or nothing"),
            headline=line.get("headline") == "yes",
            source=line.get("source") or networks[first].source,
        )


def csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold anything, each with the line where it ends; blanks around a cell don't count."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in lines:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield lines.line_num, cells
    except csv.Error as error:
        raise ValueError(f"line {lines.line_num}: expected comma-separated values: {error}") from None


def _checked(headings: Sequence[str]) -> Sequence[str]:
    """The headings, none of which is missing, twice or too long to be one."""
    if not headings:
        raise ValueError(f"expected a line of headings ({', '.join(KNOWN)}, columns of speeds), got an empty file")
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(headings) == 1 and separator in headings[0]:
            raise ValueError(f"expected commas between the columns, got {name}; save it as comma-separated CSV")
    named = [heading for heading in headings if heading]
    if len(named) > MOST_COLUMNS or max(map(len, named)) > LONGEST_CELL:
        raise ValueError(f"expected at most {MOST_COLUMNS} headings of at most {LONGEST_CELL} characters, got more")
    if twice := next((heading for heading in named if named.count(heading) > 1), ""):
        raise ValueError(f"expected each column once, got {shown(twice)} twice; leave one out")
    if missing := next((heading for heading in REQUIRED if heading not in named), ""):
        near = difflib.get_close_matches(missing, [each for each in named if each not in KNOWN], n=1, cutoff=0.5)
        hint = f"rename {shown(near[0])}" if near else "add it"
        raise ValueError(f"expected a column {missing}, got none; {hint}")
    return named


def _speeds(named: Sequence[str]) -> dict[str, PrintedColumn]:
    """The columns of speeds by heading; all others are known."""
    own = [heading for heading in named if heading not in KNOWN]
    for heading in own:
        if "latency" not in heading and "images_per_s" not in heading:
            near = difflib.get_close_matches(heading, [*KNOWN, *EXAMPLES], n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"the columns are {', '.join([*KNOWN, *EXAMPLES])}"
            raise ValueError(f"expected a known column, got {shown(heading)}; {hint}")
    return printed_columns(own)


def _line(number: int, headings: Sequence[str], cells: Sequence[str]) -> _Line:
    if len(cells) != len(headings):
        raise ValueError(
            f"line {number}: expected {len(headings)} cells as in the headings, got {len(cells)}; "
            "put a cell that holds a comma in quotes"
        )
    for heading, cell in zip(headings, cells, strict=True):
        if cell and not heading:
            raise ValueError(f"line {number}: expected a heading above {shown(cell)}, got none; name that column")
        if len(cell) > LONGEST_CELL:
            raise ValueError(f"line {number}, {heading}: expected at most {LONGEST_CELL} characters, got {len(cell)}")
    return _Line(number=number, cells={heading: cell for heading, cell in zip(headings, cells, strict=True) if heading})


def _recipe(line: _Line) -> str:
    recipe = line.get("recipe")
    if recipe and recipe not in RECIPES:
        raise line.wrong("recipe", f"expected {', '.join(RECIPES)} or nothing, got {shown(recipe)}")
    return recipe


def _pixels(line: _Line) -> int | tuple[int, int]:
    try:
        return pixels(line.get("input_px"))
    except ValueError as error:
        raise line.wrong("input_px", str(error)) from None
