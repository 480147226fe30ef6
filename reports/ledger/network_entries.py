"""Table 3 beside our networks: speed and rank, the agreement of the two orders, params and MACs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from bench.records.run import Run
from bench.records.workload import size_text
from bench.statistics import Interval, kendall_tau_b
from reports.ledger.entry import Entry, Place, Quantity, by_place, speed_entry
from reports.paper_tables import ARXIV, FORMS, NetworkFacts, published, table3
from reports.row import Row

SOURCE = f"{ARXIV} Table 3"


def network_entries(run: Run, rows: Sequence[Row]) -> tuple[Entry, ...]:
    """For each device and runtime with comparable rows: every network of Table 3, measured or not."""
    entries: list[Entry] = []
    for place, group in by_place(run, rows, published).items():
        entries += _speeds(place, group)
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


def _speeds(place: Place, rows: Sequence[Row]) -> list[Entry]:
    chosen = network_rows(rows)
    ours = {name: 1 / row.time.centre * row.unit.batch for name, row in chosen.items() if row.time}
    paper = {facts.name: facts.speed.images_per_s(place.column) or 0 for facts in table3()}
    both = [name for name in paper if paper[name] and name in ours]
    rank_paper, rank_ours = _ranks(paper, both), _ranks(ours, both)
    entries = []
    for facts in table3():
        name, row, shape = facts.name, chosen.get(facts.name), facts.input_shape
        entry = speed_entry(place, row, facts.speed, section="network", name=name, shape=shape, source=SOURCE)
        entries.append(
            replace(
                entry,
                rank_paper=rank_paper.get(name),
                rank_ours=rank_ours.get(name),
                ranked=len(both) if name in rank_ours else None,
                reason=entry.reason or "out of memory in the paper" * (not paper[name]),
            )
        )
    tau = kendall_tau_b([paper[name] for name in both], [ours[name] for name in both])
    return [*entries, _order(place, tau, len(both))]


def _ranks(speeds: Mapping[str, float], names: Sequence[str]) -> dict[str, int]:
    """1 is the fastest; equal speeds share the better rank."""
    return {name: 1 + sum(speeds[other] > speeds[name] for other in names) for name in names}


def _order(place: Place, tau: float | None, ranked: int) -> Entry:
    return Entry(
        section="network_order",
        **place._asdict(),
        name="all measured networks",
        quantity="tau_b",
        paper=1.0,
        ours=None if tau is None else Interval(centre=tau),
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
        if cost is not None:
            entries += _count(facts, "params", cost.params_unfused, facts.params_m, 10**6)
            entries += _count(facts, "macs", cost.macs_unfused, facts.macs_g, 10**9)
    return entries


def _count(facts: NetworkFacts, quantity: Quantity, count: int | None, printed: str, unit: int) -> list[Entry]:
    """None where ours was not counted."""
    if count is None:
        return []
    return [
        Entry(
            section="network_count",
            column=None,
            name=facts.name,
            input_shape=size_text(facts.input_shape),
            quantity=quantity,
            paper=float(printed) * unit,
            ours=Interval(centre=count),
            verdict=count_verdict(count, printed, unit),
            source=SOURCE,
        )
    ]


def count_verdict(count: int, printed: str, unit: int) -> str:
    """Whether the count shows as the printed digits: `equal`, `equal (truncated)` or `differs`."""
    value, step = Decimal(count) / unit, Decimal(printed)
    if value.quantize(step, rounding=ROUND_HALF_EVEN) == step:
        return "equal"
    return "equal (truncated)" if value.quantize(step, rounding=ROUND_DOWN) == step else "differs"
