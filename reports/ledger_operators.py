"""Table 1 beside our operators: times, ratios to DWConv, averages of the achieved speeds."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from bench.run import Run
from bench.statistics import Interval, log_mean_interval
from bench.verdicts import Verdict, worst
from reports.entry import NOT_MEASURED, Entry
from reports.paper_tables import ColumnName, OperatorFacts, column_of, table1, table1_averages
from reports.rows import Row, size_text

BASELINE = "dwconv"
IN_PAPER = ("conv", "gconv", "dwconv", "pconv")  # the other rows of the file come from a comment
SOURCE = "arXiv 2303.03667v3 Table 1"


def operator_entries(run: Run, rows: Sequence[Row]) -> tuple[Entry, ...]:
    """For each device and runtime with comparable rows: every row of Table 1, measured or not."""
    groups: dict[tuple[ColumnName, str, str], list[Row]] = {}
    for row in rows:
        column = column_of(row.unit, run.device(row.unit.device).environment)
        if row.unit.workload.kind == "op" and column and any(facts.matches(row.unit) for facts in table1()):
            groups.setdefault((column, row.unit.device, row.unit.runtime), []).append(row)
    entries: list[Entry] = []
    for (column, device, runtime), group in groups.items():
        entries += _OperatorLedger(column, device, runtime, group).entries()
    return tuple(entries)


class _OperatorLedger:
    """The entries of one device and runtime."""

    def __init__(self, column: ColumnName, device: str, runtime: str, rows: Sequence[Row]) -> None:
        self.column, self.device, self.runtime = column, device, runtime
        self.rows = rows

    def entries(self) -> list[Entry]:
        entries: list[Entry] = []
        for facts in table1():
            found = [row for row in self.rows if facts.matches(row.unit)]
            if found or facts.op in IN_PAPER:
                measured: list[Row | None] = [*found]
                for row in measured or [None]:
                    entries += [self._time(facts, row), *self._to_baseline(facts, row)]
        variants = dict.fromkeys((row.unit.workload.name, row.unit.workload.variant) for row in self.rows)
        for op, variant in variants:
            if op in IN_PAPER:
                entries += self._average(op, variant)
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

    def _to_baseline(self, facts: OperatorFacts, row: Row | None) -> list[Entry]:
        """Our speed over DWConv's at the same size, round by round, beside the paper's."""
        if facts.op == BASELINE:
            return []
        base_facts = next(each for each in table1() if (each.op, each.shape) == (BASELINE, facts.shape))
        base = next((each for each in self.rows if base_facts.matches(each.unit)), None)
        ours, rounds = _by_round([row, base], lambda speeds: speeds[0] / speeds[1])
        paper_speed, paper_base = facts.macs_per_s(self.column), base_facts.macs_per_s(self.column)
        return [
            Entry(
                section="operator_ratio",
                column=self.column,
                device=self.device,
                runtime=self.runtime,
                name=facts.op,
                variant=row.unit.workload.variant if row else "",
                input_shape=size_text(facts.shape),
                against=BASELINE,
                quantity="speed_ratio",
                paper=paper_speed / paper_base if paper_speed and paper_base else None,
                ours=ours,
                basis="round medians" if ours else "",
                replicates=rounds,
                verdict=_worst([row, base], rounds) if ours else NOT_MEASURED,
                reason="" if ours else "a side was not measured in any common round",
                source=facts.source,
            )
        ]

    def _average(self, op: str, variant: str) -> list[Entry]:
        """The plain mean of the four achieved speeds, as the paper averages, and its ratio to DWConv's."""
        own, base = self._four(op, variant), self._four(BASELINE, "")
        speed, rounds = _by_round(own, fmean)
        ratio, ratio_rounds = _by_round(
            [*own, *base], lambda speeds: fmean(speeds[: len(own)]) / fmean(speeds[len(own) :])
        )
        printed = table1_averages()
        paper = printed[op][self.column]
        made = [self._averaged(op, variant, "", paper, speed, rounds, _worst(own, rounds))]
        if op != BASELINE:
            both = _worst([*own, *base], ratio_rounds)
            paper_ratio = paper / printed[BASELINE][self.column]
            made.append(self._averaged(op, variant, BASELINE, paper_ratio, ratio, ratio_rounds, both))
        return made

    def _averaged(self, op: str, variant: str, against: str, paper: float, ours: Interval | None, rounds: int) -> Entry:
        return Entry(
            section="operator_average",
            column=self.column,
            device=self.device,
            runtime=self.runtime,
            name=op,
            variant=variant,
            against=against,
            quantity="speed_ratio" if against else "macs_per_s",
            paper=paper,
            ours=ours,
            basis="round medians" if ours else "",
            replicates=rounds,
            verdict=verdict if ours else NOT_MEASURED,
            reason="" if ours else "not all four sizes were measured in a common round",
            source=f"{SOURCE}, printed averages",
        )

    def _four(self, op: str, variant: str) -> list[Row | None]:
        """The rows of that operator at the paper's four sizes, None for a missing one."""
        return [
            next((row for row in self.rows if facts.matches(row.unit) and row.unit.workload.variant == variant), None)
            for facts in table1()
            if facts.op == op
        ]


def _by_round(rows: Sequence[Row | None], combine: Callable[[Sequence[float]], float]) -> tuple[Interval | None, int]:
    """`combine` of the rows' achieved speeds in each round they share, as one interval over the rounds.

    Operators of one round share a worker, so what slows that worker cancels in a ratio made round by round.
    """
    speeds = [_speeds(row) for row in rows if row is not None]
    if len(speeds) < len(rows):
        return None, 0
    shared = sorted(set.intersection(*(set(each) for each in speeds)))
    if not shared:
        return None, 0
    return log_mean_interval([combine([each[r] for each in speeds]) for r in shared]), len(shared)


def _worst(rows: Sequence[Row | None], rounds: int) -> Verdict:
    """A figure made of several rows is worth what the worst of them is."""
    verdicts = [row.verdict for row in rows if row is not None and row.verdict is not None]
    return worst([*verdicts, "unreplicated"] if rounds < 2 else verdicts)


def _speeds(row: Row) -> Mapping[int, float]:
    """Achieved speed by round, MAC/s."""
    amount = (row.macs or 0) * row.unit.batch
    return {each.round: amount / each.seconds for each in row.medians} if amount else {}
