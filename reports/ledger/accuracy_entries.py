"""The printed accuracies of networks: the paper's, and what others found with the same weights."""

from collections.abc import Sequence

from bench.records.workload import size_text
from reports.ledger.entry import NOT_MEASURED, Entry, Section
from reports.ledger.printed_table import PrintedNetwork, PrintedTable


def top1_entries(network: PrintedNetwork, section: Section = "network_top1") -> list[Entry]:
    """One, or none where no accuracy is printed."""
    if network.top1_percent is None:
        return []
    return [
        Entry(
            section=section,
            column=None,
            name=network.name,
            input_shape=size_text(network.input_shape),
            quantity="top1_percent",
            paper=network.top1_percent,
            verdict=NOT_MEASURED,
            reason="weights are random here",
            source=network.source,
        )
    ]


def again_entries(entries: Sequence[Entry], table: PrintedTable) -> list[Entry]:
    """The other accuracy, by `table`, of each network that has one among the entries, at the same input size."""
    own = [(e, table.by_name.get(e.name)) for e in entries if e.section == "network_top1"]
    again = [n for e, n in own if n and n.source != e.source and size_text(n.input_shape) == e.input_shape]
    return [entry for network in again for entry in top1_entries(network, "network_top1_again")]
