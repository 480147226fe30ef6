"""All reports of a run, written into its folder; may be repeated at any time."""

import os
import tempfile
from pathlib import Path

from bench.records.run import Run
from reports.ledger.csv_ledger import ledger_csv_text
from reports.ledger.entries import ledger
from reports.ledger.markdown_ledger import ledger_markdown_text
from reports.plots.network_pictures import model_pictures
from reports.plots.operator_pictures import ops_pictures
from reports.plots.settings_pictures import settings_pictures
from reports.rows import rows
from reports.tables.csv_table import csv_text
from reports.tables.markdown_table import markdown_text


def write_reports(run: Run, folder: Path) -> tuple[Path, ...]:
    """Writes the tables, the ledger and the pictures; each file is replaced whole or not at all.

    Raises OSError where the folder cannot be written. The same run gives the same bytes.
    """
    table = rows(run)
    entries = ledger(run, table)
    texts = {
        "table.csv": csv_text(table),
        "table.md": markdown_text(run, table),
        "ledger.csv": ledger_csv_text(entries),
        "ledger.md": ledger_markdown_text(run, entries),
    }
    # Tables first: they are there even if a picture cannot be drawn.
    written = [_replace(folder / name, text.encode()) for name, text in texts.items()]
    pictures = ops_pictures(run, table, entries) | settings_pictures(run, table) | model_pictures(run, table)
    return (*written, *(_replace(folder / name, picture) for name, picture in pictures.items()))


def _replace(path: Path, content: bytes) -> Path:
    """Writes beside the target and renames: a reader never sees half a file."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)  # mkstemp makes it private, which a shared results folder is not
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
