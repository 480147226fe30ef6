"""memory.csv: whether low speed comes from memory access, and every number behind the verdict, in SI units."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.statistics import Interval
from reports.memory.claim import Evidence, MemoryClaim
from reports.memory.model import TERMS, Shares
from reports.numbers import centre, high, low
from reports.results import Results
from reports.tables.csv_table import Value, csv_text, same


@dataclass(frozen=True, kw_only=True)
class _Number:
    """One number of a claim: what it is, and of what."""

    claim: MemoryClaim
    quantity: str
    of: str = ""
    against: str = ""
    input_shape: str = ""
    allocator: str = ""
    value: Interval | None = None
    reason: str = ""


def _place(name: str) -> Callable[[_Number], Value]:
    return lambda number: getattr(number.claim.place, name)


COLUMNS: dict[str, Callable[[_Number], Value]] = {
    **{name: _place(name) for name in ("device", "runtime", "dtype", "threads", "mode", "cache", "switches")},
    **same("quantity", "of", "against", "input_shape", "allocator"),
    "value": lambda number: centre(number.value),
    "low": lambda number: low(number.value),
    "high": lambda number: high(number.value),
    "cells": lambda number: len(number.claim.cells.every),
    "verdict": lambda number: number.claim.verdict,
    **same("reason"),
}


def csv_memory(results: Results) -> str:
    """A line with the verdict of each place, then one for each number behind it."""
    return csv_text(COLUMNS, (number for claim in results.memory for number in _numbers(claim)))


def _numbers(claim: MemoryClaim) -> Iterator[_Number]:
    yield _Number(claim=claim, quantity="verdict", reason=claim.missing)
    if (evidence := claim.evidence) is not None:
        yield from _model(claim, evidence)
        yield from _experiments(claim, evidence)


def _model(claim: MemoryClaim, evidence: Evidence) -> Iterator[_Number]:
    yield _Number(
        claim=claim, quantity="rank_correlation", of="speed", against="macs_per_byte_ideal", value=evidence.ideal
    )
    yield _Number(
        claim=claim, quantity="rank_correlation", of="speed", against="macs_per_byte_moved", value=evidence.moved
    )
    yield _Number(claim=claim, quantity="explained_variance", value=Interval(centre=evidence.model.explained))
    for term in TERMS:
        yield _Number(claim=claim, quantity="seconds", of=term, value=evidence.model.seconds[term])
    for row in filter(None, [evidence.slow, *evidence.operators]):
        yield from _shares(claim, row)


def _shares(claim: MemoryClaim, row: Shares) -> Iterator[_Number]:
    for term in TERMS:
        yield _Number(claim=claim, quantity="share_of_time", of=row.label, against=term, value=row.of[term])
    fitted = Interval(centre=row.fitted_over_measured)
    yield _Number(claim=claim, quantity="fitted_over_measured", of=row.label, value=fitted)


def _experiments(claim: MemoryClaim, evidence: Evidence) -> Iterator[_Number]:
    for pair in evidence.implementations:
        row = pair.more.row
        where = {"of": row.label, "against": pair.fewer.row.label, "input_shape": row.size}
        memory = row.unit.allocator
        ratio = Interval(centre=pair.bytes_ratio)
        yield _Number(claim=claim, quantity="bytes_ratio", **where, allocator=memory, value=ratio)
        yield _Number(claim=claim, quantity="time_ratio", **where, allocator=memory, value=pair.time)
    for effect in evidence.allocators:
        own, base = effect.allocator, effect.base
        yield _Number(
            claim=claim, quantity="speed_ratio", of="dwconv", against=base, allocator=own, value=effect.slow_speed
        )
        yield _Number(
            claim=claim, quantity="speed_ratio", of="pconv", against="dwconv", allocator=own, value=effect.papers_lead
        )
    for cold in evidence.cold:
        yield _Number(
            claim=claim,
            quantity="time_ratio",
            of=cold.label,
            against="warm cache",
            allocator=cold.allocator,
            value=cold.time,
        )
