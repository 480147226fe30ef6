"""One comparison as continuous integration is told of it: a name that lasts, a word, and whether it stops a change."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.records.pair import PairRecord
from bench.records.run import Plan, Run
from bench.records.verdict import Verdict
from bench.records.workload import Unit, size_text
from bench.statistics import Interval, log_mean_interval
from bench.system.allocator import DEFAULT_ALLOCATOR
from reports.comparisons import Comparison, more_pairs
from reports.gate import Exact, Gated, Label
from reports.numbers import about_percent, bounds
from reports.row import labelled
from reports.rows import settings_text
from reports.untrusted import visible

State = Literal["failed", "error", "open", "fine"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A comparison in the words and numbers that every form shares.

    name: what was compared, under which settings and where; the same in every run of it, and the only one in this run.
    device: where.
    label: the answer in a word.
    state: failed where the gate stops the change for it, or its self-test came out wrong; error where it was not
        measured, or strictly, not decided; open where it is UNCLEAR.
    ratio: time of the second side over that of the first.
    latency: seconds of one call of the second side, over its pairs.
    smallest: the smallest change that its pairs would have shown, relative.
    trust: the worst that was said of any pair.
    why: what the label alone does not say, of a row that was not measured or is UNCLEAR.
    seconds: what measuring it took.
    """

    name: str
    device: str
    label: Label
    state: State
    ratio: Interval | None
    latency: Interval | None
    pairs: int
    smallest: float | None
    trust: Verdict | None
    why: str
    exact: tuple[Exact, ...]
    seconds: float

    @property
    def ratio_text(self) -> str:
        """`1.10x [1.08, 1.12]`; empty where nothing was measured."""
        middle, _, interval = bounds(self.ratio).partition(" ")
        return f"{middle}x {interval}".rstrip() if middle else ""

    @property
    def counts_text(self) -> str:
        """`macs 10 to 12`: the counts that differ; empty where none does."""
        return ", ".join(f"{each.name} {each.first:,} to {each.second:,}" for each in self.exact if each.differs)

    @property
    def visible_text(self) -> str:
        """`2.1%`."""
        return "" if self.smallest is None else about_percent(self.smallest)

    @property
    def answer_text(self) -> str:
        """The label, and why where it says too little alone."""
        return f"{self.label}: {self.why}" if self.why else self.label

    @property
    def line(self) -> str:
        """Everything but the name."""
        trust = f" ({self.trust})" if self.trust else ""
        pairs = f"{self.pairs} pair{'s' * (self.pairs != 1)}{trust}"
        return ", ".join(filter(None, [self.answer_text, self.ratio_text, pairs, self.counts_text]))


def findings(run: Run, rows: Sequence[Gated]) -> tuple[Finding, ...]:
    """Every comparison of the run, in the order of the plan."""
    ended: dict[str, list[PairRecord]] = {}
    for record in run.pair_records:
        ended.setdefault(record.pair.cell, []).append(record)
    names = _unique(_name(row.comparison) for row in rows)
    return tuple(
        _finding(row, name, _state(row, run.plan), ended.get(row.comparison.cell, ()))
        for row, name in zip(rows, names, strict=True)
    )


def _finding(row: Gated, name: str, state: State, records: Sequence[PairRecord]) -> Finding:
    shown = row.again or row.comparison  # fresh pairs: no chance picked those
    return Finding(
        name=name,
        device=shown.first.device,
        label=row.label,
        state=state,
        ratio=shown.ratio,
        latency=_latency(records),
        pairs=shown.pairs,
        smallest=shown.smallest,
        trust=shown.trust,
        why=_why(shown, row.label),
        exact=row.exact,
        seconds=math.fsum(record.seconds for record in records),
    )


def _state(row: Gated, plan: Plan) -> State:
    if row.label == "UNMEASURED":
        return "error"
    if planted := plan.option("self_test"):
        return "fine" if row.confirmed == (float(planted) > 1) else "failed"
    if plan.flag("gate") and (row.confirmed or row.grew):
        return "failed"
    if row.label == "UNCLEAR":
        return "error" if plan.flag("strict") else "open"
    return "fine"


def _latency(records: Sequence[PairRecord]) -> Interval | None:
    calls = [math.exp(math.fsum(map(math.log, r.second_s)) / len(r.second_s)) for r in records if r.status == "done"]
    return log_mean_interval(calls) if calls else None


def _name(made: Comparison) -> str:
    first, second = _words(made.first), _words(made.second)
    what = second if first == second else f"{first} against {second}"
    return visible(f"{what} on {made.first.device}")


def _words(unit: Unit) -> str:
    """What it is, and every setting that is not the command's default: another row beside it changes no name."""
    said = [
        labelled(unit.workload.name, unit.workload.variant),
        size_text(unit.workload.input_shape),
        unit.runtime,
        unit.mode if unit.mode != "latency" else "",
        f"stack {unit.workload.stack}" if unit.workload.stack else "",
        f"batch {unit.batch}" if unit.batch != 1 else "",
        f"{unit.threads} threads" if unit.threads != 1 else "",
        unit.dtype if unit.dtype != "float32" else "",
        unit.layout if unit.layout != "nchw" else "",
        f"{unit.allocator} memory" if unit.allocator != DEFAULT_ALLOCATOR else "",
        settings_text(unit),
    ]
    return " ".join(filter(None, said))


def _unique(names: Iterable[str]) -> list[str]:
    """Two networks of one name are told apart by their order."""
    seen: Counter[str] = Counter()
    made = []
    for name in names:
        seen[name] += 1
        made.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return made


def _why(made: Comparison, label: Label) -> str:
    if label != "UNCLEAR":
        return made.reason if label == "UNMEASURED" else ""
    if made.answer != label:
        return "came out slower, and fresh pairs did not confirm it"
    if made.needed is None:
        return "more than a thousand pairs would decide"
    return f"{more_pairs(made.needed)} would decide"
