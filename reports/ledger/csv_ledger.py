"""ledger.csv: one line per printed value, ours beside it, in SI units."""

from collections.abc import Callable

from reports.ledger.entry import Entry
from reports.numbers import centre, high, low
from reports.results import Results
from reports.tables.csv_table import Value, csv_text, same

COLUMNS: dict[str, Callable[[Entry], Value]] = {
    "section": lambda entry: entry.section,
    "paper_column": lambda entry: entry.column,
    **same("device", "runtime", "name", "variant", "input_shape", "against", "quantity", "paper"),
    "ours": lambda entry: centre(entry.ours),
    "ours_low": lambda entry: low(entry.ours),
    "ours_high": lambda entry: high(entry.ours),
    "ours_over_paper": lambda entry: centre(entry.ratio),
    "ours_over_paper_low": lambda entry: low(entry.ratio),
    "ours_over_paper_high": lambda entry: high(entry.ratio),
    **same("basis", "replicates", "rank_paper", "rank_ours", "ranked", "verdict", "reason", "source"),
    **same("allocator"),
}


def csv_ledger(results: Results) -> str:
    """The whole ledger."""
    return csv_text(COLUMNS, results.entries)
