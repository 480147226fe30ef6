"""From run folders to a site."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.journal import PLAN_NAME, RECORDS_NAME, Progress, read_plan, read_run, silent
from reports.history.folders import run_folders
from reports.html.page import html_page
from reports.results import Results
from reports.site.entry import Entry, by_recency, entries_of
from reports.site.folder import PAGE, RUNS, TABLE, check_target, check_timed, run_names, write_site
from reports.site.index import RunLine, index_page
from reports.site.index_table import index_csv
from reports.tables.csv_table import csv_table


@dataclass(frozen=True, kw_only=True)
class _Made:
    """One run of the site: its line and rows in the index, and its files by name."""

    line: RunLine
    entries: tuple[Entry, ...]
    files: dict[str, bytes]


def make_site(given: Sequence[Path], out: Path, progress: Progress = silent) -> Path:
    """A site of all these runs, or folders of runs, in `out`; returns its first page.

    It is made whole before anything is written, from the journals alone: the same runs give the same bytes. Raises
    UsageError where a run cannot be read or times nothing, or `out` holds something else; OSError where it cannot be
    written.
    """
    folders = run_names(run_folders(given))
    check_target(out, folders.values())
    for name, folder in folders.items():
        check_timed(read_plan(folder).command, name)  # of all, before a long one is read
    made = [_run(name, folder, progress) for name, folder in sorted(folders.items())]
    made.sort(key=lambda each: each.line.began, reverse=True)
    entries = by_recency([entry for each in made for entry in each.entries])
    files = {f"{RUNS}/{each.line.name}/{name}": content for each in made for name, content in each.files.items()}
    table = index_csv(entries)
    files[TABLE] = table.encode()
    files[PAGE] = index_page([each.line for each in made], entries, table).encode()
    write_site(out, files, [each.line.name for each in made])
    return out / PAGE


def _run(name: str, folder: Path, progress: Progress) -> _Made:
    results = Results(run=read_run(folder, progress))
    progress(f"page of {name}", 0, 1)
    files = {TABLE: csv_table(results).encode()}
    files |= {each: (folder / each).read_bytes() for each in (RECORDS_NAME, PLAN_NAME) if (folder / each).exists()}
    links = [("All runs", "../../index.html"), *((each, each) for each in files)]
    plan, entries = results.run.plan, tuple(entries_of(name, results))
    line = RunLine(
        name=name,
        began=plan.created_utc,
        command=f"bench {plan.command}",
        devices=tuple(dict.fromkeys(each.device for each in entries)) or tuple(each.name for each in plan.devices),
        rows=len(results.rows),
        comparisons=len({pair.cell for pair in plan.pairs}),
        files=tuple((each, len(content)) for each, content in files.items()),
    )
    return _Made(line=line, entries=entries, files={**files, PAGE: html_page([(name, results)], links).encode()})
