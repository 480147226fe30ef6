"""Table 1 beside our operators: times, ratios to DWConv, averages of the achieved speeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.plan.subjects import TABLE1_OPERATORS
from bench.records.run import Run
from bench.records.verdict import worst
from bench.statistics import Interval, log_mean_interval
from reports.ledger.entry import NOT_MEASURED, Entry
from reports.paper_tables import ARXIV, ColumnName, OperatorFacts, column_of, printed, table1, table1_averages
from reports.rows import Row, size_text

BASELINE = "dwconv"
SOURCE = f"{ARXIV} Table 1"


def operator_entries(run: Run, rows: Sequence[Row]) -> tuple[Entry, ...]:
    """For each device and runtime with comparable rows: every row of Table 1, measured or not."""
    groups: dict[tuple[ColumnName, str, str], list[Row]] = {}
    for row in rows:
        column = column_of(row.unit, run.device(row.unit.device).environment)
        if column and printed(row.unit):
            groups.setdefault((column, row.unit.device, row.unit.runtime), []).append(row)
    entries: list[Entry] = []
    for (column, device, runtime), group in groups.items():
        entries += _OperatorLedger(column, device, runtime, group).entries()
    return tuple(entries)


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """A figure made of several rows: worth what the worst of them is."""

    ours: Interval | None = None
    rounds: int = 0
    verdict: str = NOT_MEASURED
    reason: str = ""


class _OperatorLedger:
    """The entries of one device and runtime."""

    def __init__(self, column: ColumnName, device: str, runtime: str, rows: Sequence[Row]) -> None:
        self.column, self.device, self.runtime = column, device, runtime
        self.rows = rows
        self.found: dict[tuple[str, tuple[int, int, int]], list[Row]] = {}
        self.first: dict[tuple[str, str, tuple[int, int, int]], Row] = {}
        for row in rows:
            workload = row.unit.workload
            self.found.setdefault((workload.name, workload.input_shape), []).append(row)
            self.first.setdefault((workload.name, workload.variant, workload.input_shape), row)

    def entries(self) -> list[Entry]:
        entries: list[Entry] = []
        for facts in table1():
            found: Sequence[Row | None] = self.found.get((facts.op, facts.shape), [])
            if found or facts.op in TABLE1_OPERATORS:
                for row in found or [None]:
                    entries.append(self._time(facts, row))
                    if facts.op != BASELINE:
                        entries.append(self._to_baseline(facts, row))
        variants = dict.fromkeys((row.unit.workload.name, row.unit.workload.variant) for row in self.rows)
        for op, variant in variants:
            if op in TABLE1_OPERATORS:
                entries += self._averages(op, variant)
        return entries

    def _time(self, facts: OperatorFacts, row: Row | None) -> Entry:
        gpu = self.column == "gpu"
        ours = None if row is None else row.images_per_s if gpu else row.latency
        return Entry(
            section="operator",
            column=self.column,
            device=self.device,
            runtime=self.runtime,
            name=facts.op,
            variant=row.unit.workload.variant if row else "",
            input_shape=size_text(facts.shape),
            quantity="images_per_s" if gpu else "latency_s",
            paper=facts.speed.printed(self.column),
            ours=ours,
            basis="round medians" if ours else "",
            replicates=row.rounds if row else 0,
            verdict=(row.verdict or row.status) if row else NOT_MEASURED,
            reason=row.reason if row else "not in this run",
            source=facts.source,
        )

    def _to_baseline(self, facts: OperatorFacts, row: Row | None) -> Entry:
        """Our speed over DWConv's at the same size beside the paper's."""
        base_facts = next(each for each in table1() if (each.op, each.shape) == (BASELINE, facts.shape))
        base = next(iter(self.found.get((BASELINE, facts.shape), ())), None)
        paper_speed, paper_base = facts.macs_per_s(self.column), base_facts.macs_per_s(self.column)
        return self._made(
            facts.op,
            row.unit.workload.variant if row else "",
            _by_round([row, base], lambda speeds: speeds[0] / speeds[1]),
            paper=paper_speed / paper_base if paper_speed and paper_base else None,
            against=BASELINE,
            shape=size_text(facts.shape),
            source=facts.source,
        )

    def _averages(self, op: str, variant: str) -> list[Entry]:
        """The plain mean of the four achieved speeds, as the paper averages, and its ratio to DWConv's."""
        own, base = self._four(op, variant), self._four(BASELINE, "")
        averages = {name: speeds[self.column] for name, speeds in table1_averages().items()}
        source = f"{SOURCE}, printed averages"
        made = [self._made(op, variant, _by_round(own, fmean), paper=averages[op], source=source)]
        if op == BASELINE:
            return made
        ratio = _by_round([*own, *base], lambda speeds: fmean(speeds[: len(own)]) / fmean(speeds[len(own) :]))
        paper = averages[op] / averages[BASELINE]
        return [*made, self._made(op, variant, ratio, paper=paper, against=BASELINE, source=source)]

    def _made(
        self,
        op: str,
        variant: str,
        figure: _Figure,
        *,
        paper: float | None,
        source: str,
        against: str = "",
        shape: str = "",
    ) -> Entry:
        return Entry(
            section="operator_ratio" if shape else "operator_average",
            column=self.column,
            device=self.device,
            runtime=self.runtime,
            name=op,
            variant=variant,
            input_shape=shape,
            against=against,
            quantity="speed_ratio" if against else "macs_per_s",
            paper=paper,
            ours=figure.ours,
            basis="round medians" if figure.ours else "",
            replicates=figure.rounds,
            verdict=figure.verdict,
            reason=figure.reason,
            source=source,
        )

    def _four(self, op: str, variant: str) -> list[Row | None]:
        """The rows of that operator at the paper's four sizes, None for a missing one."""
        return [self.first.get((op, variant, facts.shape)) for facts in table1() if facts.op == op]


def _by_round(rows: Sequence[Row | None], combine: Callable[[Sequence[float]], float]) -> _Figure:
    """`combine` of the rows' achieved speeds in each round they share, as one interval over the rounds.

    Operators of one round share a worker, so what slows that worker cancels in a ratio made round by round.
    """
    present = [row for row in rows if row is not None]
    speeds = [_speeds(row) for row in present]
    shared = sorted(set.intersection(*(set(each) for each in speeds))) if speeds else []
    if len(present) < len(rows):
        missing = f"needs {len(rows)} rows, {len(present)} of them in this run"
        return _Figure(reason=missing if len(rows) > 2 else "a side is not in this run")
    if not shared:
        return _Figure(reason="no round in which all sides were measured")
    verdicts = [row.verdict for row in present if row.verdict is not None]
    return _Figure(
        ours=log_mean_interval([combine([each[number] for each in speeds]) for number in shared]),
        rounds=len(shared),
        verdict=worst([*verdicts, "unreplicated"] if len(shared) < 2 else verdicts),
        reason="",
    )


def _speeds(row: Row) -> Mapping[int, float]:
    """Achieved speed by round, MAC/s."""
    amount = (row.macs or 0) * row.unit.batch
    return {each.round: amount / each.seconds for each in row.medians} if amount else {}
