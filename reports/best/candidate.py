"""A measured row beside what is known of its network's accuracy."""

from dataclasses import dataclass

from reports.ledger.printed_table import PrintedNetwork
from reports.row import Row

# Weights that were rounded to these keep the printed accuracy to its digits; of int8 it is not known.
_AS_PRINTED = frozenset({"float32", "float16", "bfloat16"})


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One choice: a network in a runtime under its settings. `facts` are what is known of it, None for nothing."""

    row: Row
    facts: PrintedNetwork | None

    @property
    def top1_percent(self) -> float | None:
        """Top-1 as it was measured in that runtime and dtype, else as printed; None where nobody did at that size."""
        if self.facts is None:
            return None
        known = self.facts.computed is not None or self.row.unit.dtype in _AS_PRINTED
        return self.facts.top1_percent if known else None

    @property
    def recipe(self) -> str:
        """`distilled`, or `plain` where nothing else is known."""
        return (self.facts.recipe if self.facts else "") or "plain"
