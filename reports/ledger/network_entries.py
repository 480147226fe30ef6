"""Table 3 beside our networks: speed and rank, the agreement of the two orders, params and MACs."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from bench.records.run import Run
from bench.statistics import Interval, kendall_tau_b
from reports.ledger.entry import NOT_MEASURED, Entry
from reports.paper_tables import ARXIV, FORMS, ColumnName, column_of, published, table3
from reports.rows import Row, size_text

SOURCE = f"{ARXIV} Table 3"


def network_entries(run: Run, rows: Sequence[Row]) -> tuple[Entry, ...]:
    """For each device and runtime with comparable rows: every network of Table 3, measured or not."""
    groups: dict[tuple[ColumnName, str, str], list[Row]] = {}
    for row in rows:
        column = column_of(row.unit, run.device(row.unit.device).environment)
        if column and published(row.unit):
            groups.setdefault((column, row.unit.device, row.unit.runtime), []).append(row)
    entries: list[Entry] = []
    for (column, device, runtime), group in groups.items():
        entries += _speeds(column, device, runtime, group)
    return (*entries, *_counts(rows))


def network_rows(rows: Sequence[Row]) -> dict[str, Row]:
    """The row that stands for each network of Table 3: a measured one before others, the plain form before ours."""
    found = _by_network(rows)
    return {name: min(own, key=lambda row: (row.time is None, _form(row))) for name, own in found.items()}


def _by_network(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if published(row.unit):
            found.setdefault(row.unit.workload.name, []).append(row)
    return found


def _form(row: Row) -> int:
    arguments = row.unit.workload.model
    return FORMS.index(arguments.form) if arguments else 0


def _speeds(column: ColumnName, device: str, runtime: str, rows: Sequence[Row]) -> list[Entry]:
    chosen = network_rows(rows)
    ours = {name: 1 / row.time.centre * row.unit.batch for name, row in chosen.items() if row.time}
    paper = {facts.name: facts.speed.images_per_s(column) or 0 for facts in table3()}
    both = [name for name in paper if paper[name] and name in ours]
    rank_paper, rank_ours = _ranks(paper, both), _ranks(ours, both)
    entries = []
    for facts in table3():
        row = chosen.get(facts.name)
        oom = paper[facts.name] == 0
        entries.append(
            Entry(
                section="network",
                column=column,
                device=device,
                runtime=runtime,
                name=facts.name,
                variant=row.unit.workload.variant if row else "",
                input_shape=size_text((3, facts.input_px, facts.input_px)),
                quantity="images_per_s" if column == "gpu" else "latency_s",
                paper=facts.speed.printed(column),
                ours=None if row is None else row.images_per_s if column == "gpu" else row.latency,
                basis="round medians" if facts.name in ours else "",
                replicates=row.rounds if row else 0,
                rank_paper=rank_paper.get(facts.name),
                rank_ours=rank_ours.get(facts.name),
                ranked=len(both) if facts.name in rank_ours else None,
                verdict=(row.verdict or row.status) if row else NOT_MEASURED,
                reason=(row.reason if row else "not in this run") or ("out of memory in the paper" * oom),
                source=SOURCE,
            )
        )
    tau = kendall_tau_b([paper[name] for name in both], [ours[name] for name in both])
    return [*entries, _order(column, device, runtime, tau, len(both))]


def _ranks(speeds: Mapping[str, float], names: Sequence[str]) -> dict[str, int]:
    """1 is the fastest; equal speeds share the better rank."""
    return {name: 1 + sum(speeds[other] > speeds[name] for other in names) for name in names}


def _order(column: ColumnName, device: str, runtime: str, tau: float | None, ranked: int) -> Entry:
    return Entry(
        section="network_order",
        column=column,
        device=device,
        runtime=runtime,
        name="all measured networks",
        quantity="tau_b",
        paper=1.0,
        ours=None if tau is None else Interval(centre=tau),
        basis="round medians" if tau is not None else "",
        ranked=ranked,
        reason="" if tau is not None else "fewer than two networks with different speeds",
        source=SOURCE,
    )


def _counts(rows: Sequence[Row]) -> list[Entry]:
    """Params and MACs before batch norms are folded: the convention of the paper's table."""
    entries = []
    found = _by_network([row for row in rows if row.cost and row.cost.macs_unfused])
    for facts in table3():
        cost = found[facts.name][0].cost if facts.name in found else None
        if cost is None:
            continue
        for quantity, count, printed, unit in (
            ("params", cost.params_unfused, facts.params_m, 1e6),
            ("macs", cost.macs_unfused, facts.macs_g, 1e9),
        ):
            if count is not None:
                entries.append(
                    Entry(
                        section="network_count",
                        column=None,
                        name=facts.name,
                        input_shape=size_text((3, facts.input_px, facts.input_px)),
                        quantity="params" if quantity == "params" else "macs",
                        paper=float(printed) * unit,
                        ours=Interval(centre=count),
                        basis="count",
                        verdict=count_verdict(count, printed, int(unit)),
                        source=SOURCE,
                    )
                )
    return entries


def count_verdict(count: int, printed: str, unit: int) -> str:
    """Whether the count shows as the printed digits: `equal`, `equal (truncated)` or `differs`."""
    value, step = Decimal(count) / unit, Decimal(printed)
    if value.quantize(step, rounding=ROUND_HALF_EVEN) == step:
        return "equal"
    return "equal (truncated)" if value.quantize(step, rounding=ROUND_DOWN) == step else "differs"
