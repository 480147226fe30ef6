"""The points of an accuracy picture."""

from dataclasses import dataclass

from bench.statistics import Interval
from reports.ledger.network_entries import network_rows
from reports.ledger.printed_table import PrintedNetwork, PrintedTable
from reports.numbers import MILLI
from reports.plots.panel import Panel
from reports.row import Row


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A network in the accuracy picture; `x` is ms per call, or images per second where that is the mode."""

    row: Row
    facts: PrintedNetwork
    accuracy: float
    x: Interval

    @property
    def distilled(self) -> bool:
        """Whether its weights were trained with a teacher."""
        return self.facts.recipe == "distilled"


def spots(panel: Panel, table: PrintedTable) -> list[Spot]:
    """The measured networks with a published accuracy, in the paper's order."""
    found: list[Spot] = []
    chosen = network_rows(panel.measured, table)
    for key in dict.fromkeys(network.key for network in (*table.networks, *table.measured)):
        row = chosen.get(key)
        facts = None if row is None else table.published(row.unit)
        speed = None if row is None else row.images_per_s if panel.mode == "throughput" else row.latency
        accuracy = None if row is None or facts is None else facts.top1_of(row.unit)
        if row is not None and speed is not None and facts is not None and accuracy is not None:
            x = speed if panel.mode == "throughput" else speed.over(MILLI)
            found.append(Spot(row=row, facts=facts, accuracy=accuracy, x=x))
    return found
