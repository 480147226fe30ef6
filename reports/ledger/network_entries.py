"""A paper's networks beside ours: speed and rank, the agreement of the two orders, params and MACs, accuracy."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from bench.records.measurement import Cost
from bench.records.run import Run
from bench.records.workload import size_text
from bench.statistics import Interval, kendall_tau_b
from reports.ledger.accuracy_entries import top1_entries
from reports.ledger.entry import Entry, Place, Quantity, by_place, speed_entry
from reports.ledger.printed_column import PrintedColumn
from reports.ledger.printed_table import FORMS, Key, PrintedNetwork, PrintedTable
from reports.row import Row

EQUAL, TRUNCATED, DIFFERS = "equal", "equal (truncated)", "differs"
MERGED = "with branches merged"  # no batch norm folded but in them
AS_DEPLOYED = "as deployed"  # after batch norms are folded and branches merged
WITHOUT_ATTENTION = "without fused attention"  # in which the usual counters see nothing on a CPU
_UNITS: dict[Quantity, int] = {"params": 10**6, "macs": 10**9}


def network_entries(run: Run, rows: Sequence[Row], table: PrintedTable) -> tuple[Entry, ...]:
    """For each device and runtime with comparable rows: every network of the table, measured or not."""
    columns = {column.name: column for column in table.columns}
    entries: list[Entry] = []
    for place, group in by_place(run, rows, table.published, table.columns).items():
        entries += _speeds(place, columns[place.column], group, table)
    return (*entries, *_counts(rows, table))


def network_rows(rows: Sequence[Row], table: PrintedTable) -> dict[Key, Row]:
    """The row that stands for each network of the table: a measured one before others, the plain form before ours."""
    found = _by_network(rows, table)
    return {key: min(own, key=lambda row: (row.time is None, _form(row))) for key, own in found.items()}


def _by_network(rows: Sequence[Row], table: PrintedTable) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = {}
    for row in rows:
        if (network := table.published(row.unit)) is not None:
            found.setdefault(network.key, []).append(row)
    return found


def _form(row: Row) -> int:
    arguments = row.unit.workload.model
    return FORMS.index(arguments.form) if arguments else 0


def _speeds(place: Place, column: PrintedColumn, rows: Sequence[Row], table: PrintedTable) -> list[Entry]:
    chosen = {name: row for (name, _), row in network_rows(rows, table).items()}
    ours = {name: 1 / row.time.centre * row.unit.batch for name, row in chosen.items() if row.time}
    paper = {network.name: table.images_per_s(network.name, column) or 0 for network in table.networks}
    both = [name for name in paper if paper[name] and name in ours]
    rank_paper, rank_ours = _ranks(paper, both), _ranks(ours, both)
    entries = []
    for network in table.networks:
        name = network.name
        entry = speed_entry(
            place,
            column,
            chosen.get(name),
            network.speeds.get(column.name),
            section="network",
            name=name,
            shape=network.input_shape,
            source=network.source,
        )
        entries.append(
            replace(
                entry,
                rank_paper=rank_paper.get(name),
                rank_ours=rank_ours.get(name),
                ranked=len(both) if name in rank_ours else None,
                reason=entry.reason or _missing(network, column),
            )
        )
    tau = kendall_tau_b([paper[name] for name in both], [ours[name] for name in both])
    return [*entries, _order(place, tau, len(both), table)]


def _missing(network: PrintedNetwork, column: PrintedColumn) -> str:
    """Why nothing is printed; empty where something is."""
    if column.name in network.out_of_memory:
        return "out of memory in the paper"
    return "" if column.name in network.speeds else "not printed"


def _ranks(speeds: Mapping[str, float], names: Sequence[str]) -> dict[str, int]:
    """1 is the fastest; equal speeds share the better rank."""
    return {name: 1 + sum(speeds[other] > speeds[name] for other in names) for name in names}


def _order(place: Place, tau: float | None, ranked: int, table: PrintedTable) -> Entry:
    return Entry(
        section="network_order",
        **place._asdict(),
        name="all measured networks",
        quantity="tau_b",
        paper=1.0,
        ours=None if tau is None else Interval(centre=tau),
        ranked=ranked,
        reason="" if tau is not None else "fewer than two networks with different speeds",
        source=table.networks[0].source,
    )


def _counts(rows: Sequence[Row], table: PrintedTable) -> list[Entry]:
    """Params, MACs and accuracy of each network that was counted here."""
    entries = []
    found = _by_network([row for row in rows if row.cost], table)
    for network in table.networks:
        costs = [row.cost for row in found.get(network.key, ()) if row.cost]
        if costs:
            cost = next((each for each in costs if each.macs_unfused), costs[0])
            entries += _count(network, "params", network.params_m, cost)
            entries += _count(network, "macs", network.macs_g, cost)
            entries += top1_entries(network)
    return entries


def _count(network: PrintedNetwork, quantity: Quantity, printed: str, cost: Cost) -> list[Entry]:
    """None where nothing was printed or ours was not counted."""
    found = _found(quantity, printed, cost) if printed else None
    if found is None:
        return []
    count, verdict = found
    return [
        Entry(
            section="network_count",
            column=None,
            name=network.name,
            input_shape=size_text(network.input_shape),
            quantity=quantity,
            paper=float(printed) * _UNITS[quantity],
            ours=Interval(centre=count),
            verdict=verdict,
            source=network.source,
        )
    ]


def _found(quantity: Quantity, printed: str, cost: Cost) -> tuple[int, str] | None:
    """The count that has the printed digits, whole or, of multiply-adds, without those of fused attention."""
    forms, unit = _forms(quantity, cost), _UNITS[quantity]
    found = printed_count(forms, printed, unit)
    fused = sum(part.macs for part in cost.kinds if part.kind == "attention") if quantity == "macs" else 0
    if found is None or found[1] != DIFFERS or not fused:
        return found
    rest = [(count and count - fused, ", ".join(filter(None, (way, WITHOUT_ATTENTION)))) for count, way in forms]
    without = printed_count(rest, printed, unit)
    return found if without is None or without[1] == DIFFERS else without


def _forms(quantity: Quantity, cost: Cost) -> list[tuple[int | None, str]]:
    """As built, the convention of most papers, then with branches merged, then of the graph that is timed."""
    if quantity == "params":
        return [(cost.params_unfused, ""), (cost.params_merged, MERGED), (cost.params, AS_DEPLOYED)]
    return [(cost.macs_unfused, ""), (cost.macs_merged, MERGED), (cost.macs, AS_DEPLOYED)]


def printed_count(counts: Sequence[tuple[int | None, str]], printed: str, unit: int) -> tuple[int, str] | None:
    """The first of the counts that shows as the printed digits, and in which way; else the first that there is."""
    made = [(count, way, count_verdict(count, printed, unit)) for count, way in counts if count]
    if not made:
        return None
    for wanted in (EQUAL, TRUNCATED):
        for count, way, verdict in made:
            if verdict == wanted:
                return count, f"{verdict} {way}".rstrip()
    return made[0][0], DIFFERS


def count_verdict(count: int, printed: str, unit: int) -> str:
    """Whether the count shows as the printed digits: `equal`, `equal (truncated)` or `differs`."""
    value, step = Decimal(count) / unit, Decimal(printed)
    if value.quantize(step, rounding=ROUND_HALF_EVEN) == step:
        return EQUAL
    return TRUNCATED if value.quantize(step, rounding=ROUND_DOWN) == step else DIFFERS
