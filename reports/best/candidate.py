"""A measured row beside what is known of its network's accuracy."""

from dataclasses import dataclass

from reports.ledger.printed_table import PrintedNetwork
from reports.row import Row


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One choice: a network in a runtime under its settings. `facts` are what is known of it, None for nothing."""

    row: Row
    facts: PrintedNetwork | None

    @property
    def top1_percent(self) -> float | None:
        """Top-1 as it was measured in that runtime and dtype, else as printed; None where nobody did at that size."""
        return None if self.facts is None else self.facts.top1_of(self.row.unit)

    @property
    def recipe(self) -> str:
        """`distilled`, or `plain` where nothing else is known."""
        return (self.facts.recipe if self.facts else "") or "plain"
