"""What a study or `bench accuracy` has in the page: its tables, and what it found in sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reports.accuracy.outcome import outcome_of
from reports.accuracy.page import bounds_text
from reports.html.shown import Shown
from reports.tables.text_table import TextTable


def study_tables(runs: Sequence[Shown]) -> list[TextTable]:
    """Those of all runs, each with a title that no other has."""
    return [
        replace(table, title=_title(shown, table) if len(runs) == 1 else f"{shown.name}: {_title(shown, table)}")
        for shown in runs
        if shown.study is not None
        for table in shown.study.tables
    ]


def _title(shown: Shown, table: TextTable) -> str:
    return table.title or (shown.study.title if shown.study else "")


def study_notes(runs: Sequence[Shown]) -> list[str]:
    """How the tables are to be read, each note once."""
    found = (note for shown in runs if shown.study is not None for note in shown.study.notes)
    return list(dict.fromkeys(f"{note}." for note in found))


def study_findings(shown: Shown) -> Iterator[str]:
    """What came of it, a sentence each."""
    outcome = outcome_of(shown.results.run)
    for part in outcome.parts if outcome else ():
        percent = f"{100 * part.share.centre:.2f}% {bounds_text(part.share)}"
        yield f"{part.title}: {percent}, {part.count} of {part.total} images."
    yield from (f"{line}." for line in (shown.study.findings if shown.study else ()))
