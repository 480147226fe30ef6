"""The table as JSON: a list of objects with the columns of table.csv, null where one does not apply."""

import json

from reports.results import Results
from reports.tables.csv_table import COLUMNS


def json_table(results: Results) -> str:
    """Strict JSON (no NaN), ASCII only so that no invisible character of a device gets through."""
    table = [{name: value(row) for name, value in COLUMNS.items()} for row in results.rows]
    return json.dumps(table, indent=1, allow_nan=False, ensure_ascii=True) + "\n"
