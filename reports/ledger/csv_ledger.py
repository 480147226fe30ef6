"""ledger.csv: one line per printed value, ours beside it, in SI units."""

from collections.abc import Callable

from reports.ledger.entry import Entry
from reports.numbers import centre, high, low
from reports.results import Results
from reports.tables.csv_table import Value, csv_text

COLUMNS: dict[str, Callable[[Entry], Value]] = {
    "section": lambda entry: entry.section,
    "paper_column": lambda entry: entry.column,
    "device": lambda entry: entry.device,
    "runtime": lambda entry: entry.runtime,
    "name": lambda entry: entry.name,
    "variant": lambda entry: entry.variant,
    "input_shape": lambda entry: entry.input_shape,
    "against": lambda entry: entry.against,
    "quantity": lambda entry: entry.quantity,
    "paper": lambda entry: entry.paper,
    "ours": lambda entry: centre(entry.ours),
    "ours_low": lambda entry: low(entry.ours),
    "ours_high": lambda entry: high(entry.ours),
    "ours_over_paper": lambda entry: centre(entry.ratio),
    "ours_over_paper_low": lambda entry: low(entry.ratio),
    "ours_over_paper_high": lambda entry: high(entry.ratio),
    "basis": lambda entry: entry.basis,
    "replicates": lambda entry: entry.replicates,
    "rank_paper": lambda entry: entry.rank_paper,
    "rank_ours": lambda entry: entry.rank_ours,
    "ranked": lambda entry: entry.ranked,
    "verdict": lambda entry: entry.verdict,
    "reason": lambda entry: entry.reason,
    "source": lambda entry: entry.source,
}


def csv_ledger(results: Results) -> str:
    """The whole ledger."""
    return csv_text(COLUMNS, results.entries)
