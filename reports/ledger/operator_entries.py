"""Table 1 beside our operators: times, ratios to DWConv, averages of the achieved speeds."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from bench.plan.subjects import TABLE1_OPERATORS
from bench.records.run import Run
from bench.records.workload import size_text
from reports.ledger.by_round import by_round
from reports.ledger.entry import NOT_MEASURED, Entry, Place, by_place, speed_entry
from reports.paper_tables import ARXIV, COLUMNS, OperatorFacts, printed, table1, table1_averages
from reports.row import Row

BASELINE = "dwconv"
SOURCE = f"{ARXIV} Table 1"


def operator_entries(run: Run, rows: Sequence[Row]) -> tuple[Entry, ...]:
    """For each device and runtime with comparable rows: every row of Table 1, measured or not."""
    groups = by_place(run, rows, printed)
    return tuple(entry for place, group in groups.items() for entry in _OperatorLedger(place, group).entries())


class _OperatorLedger:
    """The entries of one device and runtime."""

    def __init__(self, place: Place, rows: Sequence[Row]) -> None:
        self.place = place
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
        name = self.place.column
        return speed_entry(
            self.place,
            COLUMNS[name],
            row,
            facts.speed.printed(name),
            section="operator",
            name=facts.op,
            shape=facts.shape,
            source=facts.source,
        )

    def _to_baseline(self, facts: OperatorFacts, row: Row | None) -> Entry:
        """Our speed over DWConv's at the same size beside the paper's."""
        base_facts = next(each for each in table1() if (each.op, each.shape) == (BASELINE, facts.shape))
        base = next(iter(self.found.get((BASELINE, facts.shape), ())), None)
        paper_speed, paper_base = facts.macs_per_s(self.place.column), base_facts.macs_per_s(self.place.column)
        paper = paper_speed / paper_base if paper_speed and paper_base else None
        variant = row.unit.workload.variant if row else ""
        entry = self._entry(facts.op, variant, paper, facts.source, against=BASELINE, shape=size_text(facts.shape))
        return by_round(entry, [row, base], _speeds, lambda speeds: speeds[0] / speeds[1])

    def _averages(self, op: str, variant: str) -> list[Entry]:
        """The plain mean of the four achieved speeds, as the paper averages, and its ratio to DWConv's."""
        own, base = self._four(op, variant), self._four(BASELINE, "")
        averages = {name: speeds[self.place.column] for name, speeds in table1_averages().items()}
        source = f"{SOURCE}, printed averages"
        mean = by_round(self._entry(op, variant, averages[op], source), own, _speeds, fmean)
        if op == BASELINE:
            return [mean]
        ratio = self._entry(op, variant, averages[op] / averages[BASELINE], source, against=BASELINE)
        over = len(own)
        both = by_round(ratio, [*own, *base], _speeds, lambda each: fmean(each[:over]) / fmean(each[over:]))
        return [mean, both]

    def _entry(
        self, op: str, variant: str, paper: float | None, source: str, *, against: str = "", shape: str = ""
    ) -> Entry:
        """One that takes several rows, with nothing of ours yet."""
        return Entry(
            section="operator_ratio" if shape else "operator_average",
            **self.place._asdict(),
            name=op,
            variant=variant,
            input_shape=shape,
            against=against,
            quantity="speed_ratio" if against else "macs_per_s",
            paper=paper,
            verdict=NOT_MEASURED,
            source=source,
        )

    def _four(self, op: str, variant: str) -> list[Row | None]:
        """The rows of that operator at the paper's four sizes, None for a missing one."""
        return [self.first.get((op, variant, facts.shape)) for facts in table1() if facts.op == op]


def _speeds(row: Row) -> Mapping[int, float]:
    """Achieved speed by round, MAC/s."""
    amount = (row.macs or 0) * row.unit.batch
    return {each.round: amount / each.seconds for each in row.medians} if amount else {}
