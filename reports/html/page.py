"""The page: from runs to one file."""

import base64
import hashlib
import shlex
from collections.abc import Sequence

from reports.html.beside import beside
from reports.html.charts.pictures import charts
from reports.html.details import details, sample_step
from reports.html.environments import environments
from reports.html.ledger_table import ledger_table
from reports.html.pair_table import pair_csv, pair_details, pair_tables
from reports.html.row_table import csv_lines, row_tables
from reports.html.shown import Shown, shown_runs, usual_name
from reports.html.study_part import study_notes, study_tables
from reports.html.templates import asset, rendered
from reports.html.words import verdict_words
from reports.results import Results
from reports.rows import workload_notes
from reports.studies.ledger_page import INTRODUCTION
from reports.tables.sections import CONVENTION, VERDICT_LEGEND

TIMES = (
    "ms: one call of the whole batch, the geometric mean over rounds of the workers' medians; ±: its 95% interval over "
    "rounds, each a fresh process."
)
MEMORY_AND_TOP1 = (
    "MB: the most memory of the process. top-1: with an interval as `bench accuracy` measured it, else as printed."
)
_FRONT = "front: nothing here is both as accurate and as fast; open: that cannot be told."

_ROW_LEGENDS = (f"{TIMES} {MEMORY_AND_TOP1} {_FRONT}", f"{CONVENTION}.", f"{VERDICT_LEGEND}.")
_LEDGER = {
    False: (
        "Ours over the paper: below 1 is faster for a time, above 1 for a speed. Another machine, library and year "
        "stand behind its numbers: times are context, ratios are the test."
    ),
    True: INTRODUCTION,
}


def html_report(results: Results) -> str:
    """The page of one run, under the name that its plan gives it."""
    return html_page([(usual_name(results), results)])


def html_page(named: Sequence[tuple[str, Results]], links: Sequence[tuple[str, str]] = ()) -> str:
    """The page of several runs, each with its name.

    `links` are words with what they lead to, beside the parts of the page.
    """
    runs = shown_runs(named)
    script, style = asset("page.js"), asset("page.css") + asset("charts.css")
    step = sample_step(runs)
    return rendered(
        "page.html",
        title=" and ".join(shown.name for shown in runs),
        links=links,
        runs=[{"shown": shown, "said": verdict_words(shown), "charts": list(charts(shown))} for shown in runs],
        tables=(*row_tables(runs), *pair_tables(runs)),
        studies=study_tables(runs),
        ledger=ledger_table(runs),
        ledger_said=[text for kind, text in _LEDGER.items() if kind in {shown.study is not None for shown in runs}],
        beside=list(beside(runs)),
        environments=environments(runs),
        commands=[(shown.name, shlex.join(["bench", *shown.results.run.plan.argv])) for shown in runs],
        notes=_notes(runs),
        legends=(*_ROW_LEGENDS * any(shown.study is None for shown in runs), *study_notes(runs)),
        thinned="" if step == 1 else f"Of the samples every {step}th is in this page; records.jsonl has all.",
        data=_data(runs),
        script=script,
        style=style,
        policy=policy(script, style),
    )


def _data(runs: Sequence[Shown]) -> dict[str, object]:
    """What the script reads: by the numbers of rows and comparisons, and the headings of their CSV."""
    rows, pairs = csv_lines(runs), pair_csv(runs)
    return {
        "rows": [*details(runs), *pair_details(runs)],
        "csv": [*rows[1:], *pairs[1:]],
        "heads": {"op": rows[0], "model": rows[0], "pair": pairs[0]},
    }


def _notes(runs: Sequence[Shown]) -> list[str]:
    """What must be known of the workloads, each note once with the names it holds for."""
    names: dict[str, dict[str, None]] = {}
    for row in (row for shown in runs for row in shown.rows):
        for note in workload_notes(row.unit.workload, row.cost):
            names.setdefault(note, {})[row.label] = None
    return [f"{', '.join(who)}: {note}" for note, who in names.items()]


def policy(script: str, style: str) -> str:
    """What a page may do: run that script, look like that style, and nothing else."""
    return (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; script-src {_hash(script)}; style-src {_hash(style)}"
    )


def _hash(text: str) -> str:
    """As a policy names what may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
