"""Accuracies of timm's networks from a file of timm's own form, results-imagenet.csv: docs/models.md describes it.

Its `model` is a name and, after a point, which weights: `starnet_s1.in1k`. A network that is asked for without saying
which has an accuracy only where that is no guess.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.errors import UsageError
from bench.plan.values import shown
from bench.records.workload import Unit
from reports.ledger.printed_table import PrintedNetwork, PrintedTable
from reports.ledger.read_table import csv_rows, read_text

COLUMNS = ("model", "top1", "img_size")
LARGEST_PX = 100_000
SOURCE = "the file of --accuracy"
_TIMM = "timm:"


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """A line of the file: top-1 in percent of those weights (empty where the name has none) at that size."""

    name: str
    weights: str
    px: int
    top1_percent: float


@dataclass(frozen=True, kw_only=True)
class Accuracies:
    """All that the file holds."""

    lines: tuple[Accuracy, ...]

    def table(self, units: Sequence[Unit]) -> PrintedTable:
        """What it says of the networks that were asked of timm by name, each at the size at which it was timed."""
        asked = dict.fromkeys((unit.workload.name, unit.workload.input_shape[1:]) for unit in units)
        found = (self._network(name, size) for name, size in asked if name.startswith(_TIMM))
        return PrintedTable(columns=(), networks=tuple(network for network in found if network))

    def _network(self, name: str, size: tuple[int, ...]) -> PrintedNetwork | None:
        own = name.removeprefix(_TIMM)
        line = self._line(own, size[0]) if size[0] == size[-1] else None
        if line is None:
            return None
        return PrintedNetwork(
            name=name,
            title=own,
            family=own,
            input_px=line.px,
            top1_percent=line.top1_percent,
            recipe="distilled" if "dist" in line.weights.split("_") else "",
            source=f"{SOURCE}, weights {line.weights}" if line.weights else SOURCE,
        )

    def _line(self, name: str, px: int) -> Accuracy | None:
        """The line without weights, else the one line there is; none where several weights could be meant."""
        lines = self._by_network.get((name, px), [])
        chosen = [line for line in lines if not line.weights] or lines
        return chosen[0] if len(chosen) == 1 else None

    @cached_property
    def _by_network(self) -> dict[tuple[str, int], list[Accuracy]]:
        found: dict[tuple[str, int], list[Accuracy]] = {}
        for line in self.lines:
            found.setdefault((line.name, line.px), []).append(line)
        return found


def read_accuracies(path: Path) -> str:
    """The text of that file, which is what a run keeps; UsageError in a line where it is none."""
    text = read_text(path, "--accuracy")
    parse_accuracies(text, str(path))
    return text


def parse_accuracies(text: str, where: str) -> Accuracies:
    """What that text holds; `where` begins every error."""
    try:
        return Accuracies(lines=tuple(_lines(text)))
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None


def _lines(text: str) -> Iterator[Accuracy]:
    rows = csv_rows(text)
    _, headings = next(rows, (0, []))
    if missing := [column for column in COLUMNS if headings.count(column) != 1]:
        raise ValueError(
            f"expected one column {missing[0]} (timm's results have {', '.join(COLUMNS)}), "
            f"got {shown(','.join(headings))}; save timm's results-imagenet.csv as it is"
        )
    for number, cells in rows:
        if len(cells) != len(headings):
            raise ValueError(f"line {number}: expected {len(headings)} cells as in the headings, got {len(cells)}")
        model, top1, px = (cells[headings.index(column)] for column in COLUMNS)
        name, _, weights = model.partition(".")
        if not name.isidentifier():
            raise ValueError(f"line {number}, model: expected a name such as starnet_s1.in1k, got {shown(model)}")
        yield Accuracy(name=name, weights=weights, px=_pixels(number, px), top1_percent=_percent(number, top1))


def _pixels(number: int, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_PX)) and int(text) > 0):
        raise ValueError(f"line {number}, img_size: expected pixels such as 224, got {shown(text)}")
    return int(text)


def _percent(number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 100:
        raise ValueError(f"line {number}, top1: expected a percentage over 0 and up to 100, got {shown(text)}")
    return value
