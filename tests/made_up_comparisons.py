"""Comparisons made up for the tests of what CI reads: a network against itself, at ratios that a test names."""

from collections.abc import Sequence
from dataclasses import replace

from bench.records.base import Base
from bench.records.counts import Counts
from bench.records.pair import MOST_PAIRS, Pair, PairRecord
from bench.records.run import Option
from bench.records.workload import Unit
from reports.results import Results
from tests.made_up_runs import models_run, net

BASE = Base(ref="main", commit="ab" * 20, head="cd" * 20)
SLOW = [1.30, 1.32, 1.28, 1.30]
FAST = [0.70, 0.71, 0.69, 0.70]
SAME = [1.00, 1.01, 0.99, 1.00]
OPEN = [1.02, 1.12, 1.08, 1.14]

# What a stranger may call a network: markup, commands of a runner, escape sequences, what turns text around, length.
HOSTILE = (
    "<b>x</b></details><script>alert(1)</script>",
    "a\n::error::b\r\n::set-output name=x::y",
    "| a | `b` | *c* [d](javascript:e) ![f](http://g)",
    "\x1b[31mred\x00\x07\ud800\ufffe",
    "\u202eabc\u2066\u200b",
    "]]>&amp;<!-- bench-compare -->",
    "@everyone #1 %0A::error::",
    "x" * 10_000,
    "😀" * 5_000,
)


def row(
    name: str, ratios: Sequence[float], again: Sequence[float] = (), counts: Sequence[int] = ()
) -> list[PairRecord]:
    """The pairs of one comparison, and those of its second measurement; `counts` are both sides' macs."""
    records = [_record(name, number, ratio) for number, ratio in enumerate(ratios)]
    records += [_record(name, MOST_PAIRS + number, ratio) for number, ratio in enumerate(again)]
    both = tuple(Counts(macs=macs) for macs in counts)
    return [replace(record, counts=both) for record in records] if both else records


def broken(name: str, reason: str = "crashed twice") -> list[PairRecord]:
    """A comparison without a number."""
    record = _record(name, 0, 1.0)
    return [PairRecord(pair=record.pair, attempt=1, status="failed", reason_kind="crash", reason=reason, seconds=1.0)]


def compared(*rows: list[PairRecord], gate: bool = False, strict: bool = False, self_test: str = "") -> Results:
    """A run of `bench compare --base` with those rows."""
    run = models_run([], [record for records in rows for record in records])
    said = {"gate": str(gate), "strict": str(strict), "self_test": self_test}
    options = tuple(Option(name=name, value=value) for name, value in said.items())
    return Results(run=replace(run, plan=replace(run.plan, command="compare", options=options, base=BASE)))


def _record(name: str, number: int, ratio: float) -> PairRecord:
    pair = Pair(first=_unit(name, number, "base"), second=_unit(name, number, "head"))
    return PairRecord(
        pair=pair, attempt=1, status="done", first_s=(0.001, 0.001), second_s=(ratio / 1000, ratio / 1000), seconds=2.5
    )


def _unit(name: str, number: int, digest: str) -> Unit:
    made = net("fasternet_t0", number)
    model = replace(made.workload.model, digest=digest) if made.workload.model else None
    return replace(made, workload=replace(made.workload, name=name, model=model))
