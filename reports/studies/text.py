"""A study as text: on a terminal, as Markdown and as CSV."""

from collections.abc import Callable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from bench.records.run import Run
from bench.records.study import StudyName
from reports.results import Results
from reports.studies.approximate_page import approximate_page, csv_approximate
from reports.studies.page import StudyPage, question
from reports.studies.redundancy_page import csv_redundancy, redundancy_page
from reports.studies.salience_page import csv_salience, salience_page
from reports.tables.rich_table import rich_table
from reports.untrusted import safe_markdown, visible

_LONGEST = 1200  # characters of a sentence
_PAGES: dict[StudyName, Callable[[Run], StudyPage]] = {
    "approximate": approximate_page,
    "salience": salience_page,
    "redundancy": redundancy_page,
}
_CSV: dict[StudyName, Callable[[Results], str]] = {
    "approximate": csv_approximate,
    "salience": csv_salience,
    "redundancy": csv_redundancy,
}


def csv_study(results: Results) -> str:
    """Every number at full precision, a line for each pair or layer."""
    return _CSV[question(results.run).name](results)


def study_page(results: Results) -> StudyPage:
    """What was asked and what came of it."""
    return _PAGES[question(results.run).name](results.run)


def markdown_study(results: Results) -> str:
    """For a repository page. Ends with a newline."""
    return markdown_page(study_page(results))


def markdown_page(page: StudyPage) -> str:
    """Of any page. Ends with a newline."""
    parts = [f"# {safe_markdown(page.title)}", *(f"{safe_markdown(line, _LONGEST)}." for line in page.about)]
    parts += ["\n".join(f"- {safe_markdown(line, _LONGEST)}" for line in page.findings)] if page.findings else []
    for table in page.tables:
        parts += [f"## {safe_markdown(table.title)}"] if table.title else []
        parts.append(table.markdown)
    return "\n\n".join([*parts, *(f"{safe_markdown(line, _LONGEST)}." for line in page.notes)]) + "\n"


def terminal_study(results: Results) -> RenderableType:
    """The same for a terminal."""
    return terminal_page(study_page(results))


def terminal_page(page: StudyPage) -> RenderableType:
    """Of any page."""
    return Group(*_terminal(page))


def _terminal(page: StudyPage) -> Iterator[RenderableType]:
    yield Text(visible(page.title), style="bold")
    for line in page.about:
        yield Text(visible(line, _LONGEST), style="dim")
    for table in page.tables:
        yield Text("")
        if table.title:
            yield Text(visible(table.title), style="bold")
        yield rich_table(table)
    yield Text("")
    for line in page.findings:
        yield Text(visible(line, _LONGEST))
    for line in page.notes:
        yield Text(visible(line, _LONGEST), style="dim")
