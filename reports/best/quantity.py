"""What a condition may be about: the word for it, its units, and where a row says it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.plan.runtimes import GRAPH_RUNTIME
from bench.statistics import Interval
from reports.best.candidate import Candidate

_NUMBER = re.compile(r"([0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})([A-Za-z%/]*)")
_COUNTS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True, kw_only=True)
class Number:
    """A quantity with a size. `read` gives it in the unit of factor 1; None where the row does not know it."""

    units: Mapping[str, float]
    read: Callable[[Candidate], Interval | None]
    like: str  # an example of a value

    def parsed(self, text: str) -> float:
        """The value; ValueError where it is no number with one of the units."""
        found = _NUMBER.fullmatch(text)
        if found is None or found[2] not in self.units:
            raise ValueError(f"expected a value like {self.like} (units: {', '.join(filter(None, self.units))})")
        return float(found[1]) * self.units[found[2]]


@dataclass(frozen=True, kw_only=True)
class Word:
    """A quantity that is a word, which a row has or has not."""

    read: Callable[[Candidate], str]
    like: str
    units: Mapping[str, float] = field(default_factory=dict)


def _exact(value: float | None) -> Interval | None:
    return None if value is None else Interval(centre=value, low=value, high=value)


QUANTITIES: dict[str, Number | Word] = {
    "top1": Number(units={"%": 1.0, "": 1.0}, read=lambda it: _exact(it.top1_percent), like="75%"),
    "latency": Number(units={"s": 1.0, "ms": 1e-3, "us": 1e-6}, read=lambda it: it.row.latency, like="20ms"),
    "throughput": Number(units={"": 1.0, "images/s": 1.0}, read=lambda it: it.row.images_per_s, like="100images/s"),
    "peak_memory": Number(
        units={"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30},
        read=lambda it: _exact(it.row.peak_memory_bytes),
        like="200MB",
    ),
    "params": Number(units=_COUNTS, read=lambda it: _exact(it.row.params), like="5M"),
    "macs": Number(units=_COUNTS, read=lambda it: _exact(it.row.macs), like="500M"),
    "energy": Number(
        units={"J": 1.0, "mJ": 1e-3},
        read=lambda it: _exact(it.row.sustained.energy_j if it.row.sustained else None),
        like="50mJ",
    ),
    "recipe": Word(read=lambda it: it.recipe, like="plain"),
    "family": Word(read=lambda it: it.facts.family if it.facts else "", like="fasternet"),
    "runtime": Word(read=lambda it: it.row.unit.runtime, like=GRAPH_RUNTIME),
    "dtype": Word(read=lambda it: it.row.unit.dtype, like="float32"),
    "threads": Word(read=lambda it: str(it.row.unit.threads), like="1"),
    "batch": Word(read=lambda it: str(it.row.unit.batch), like="1"),
}
