"""An evaluation as text: on a terminal, as Markdown, and as CSV of its parts and of every answer."""

from collections.abc import Callable

from rich.console import RenderableType

from bench.records.accuracy import TOP, Answer
from bench.records.workload import size_text
from reports.accuracy.outcome import Part, outcome_of
from reports.accuracy.page import accuracy_page
from reports.results import Results
from reports.studies.text import markdown_page, terminal_page
from reports.tables.csv_table import Value, csv_text


def terminal_accuracy(results: Results) -> RenderableType:
    """For a terminal."""
    return terminal_page(accuracy_page(results.run))


def markdown_accuracy(results: Results) -> str:
    """For a repository page. Ends with a newline."""
    return markdown_page(accuracy_page(results.run))


def csv_accuracy(results: Results) -> str:
    """A line for each part, at full precision; shares are parts of 1."""
    found, unit = outcome_of(results.run), results.run.plan.units[0]
    of_run: dict[str, str] = {
        "name": unit.workload.name,
        "variant": unit.workload.variant,
        "input_shape": size_text(unit.workload.input_shape),
        "runtime": unit.runtime,
        "dtype": unit.dtype,
        "artifact": found.asked.artifact if found else "",
        "checkpoint": found.asked.checkpoint if found else "",
        "data": found.asked.data if found else "",
    }
    return csv_text(
        {**_OF_PART, **{name: _always(text) for name, text in of_run.items()}}, found.parts if found else ()
    )


_OF_PART: dict[str, Callable[[Part], Value]] = {
    "measure": lambda part: part.name,
    "count": lambda part: part.count,
    "images": lambda part: part.total,
    "share": lambda part: part.share.centre,
    "low": lambda part: part.share.low,
    "high": lambda part: part.share.high,
}


def _always(text: str) -> Callable[[Part], Value]:
    return lambda _: text


def csv_answers(results: Results) -> str:
    """A line for each image, in the order in which they were asked; an empty cell where there is nothing."""
    found = outcome_of(results.run)
    return csv_text(_OF_ANSWER, found.answers if found else ())


def _ranked(rank: int) -> Callable[[Answer], Value]:
    return lambda answer: answer.top[rank] if rank < len(answer.top) else None


_OF_ANSWER: dict[str, Callable[[Answer], Value]] = {
    "image": lambda answer: answer.image,
    "label": lambda answer: None if answer.label < 0 else answer.label,
    **{f"top{rank + 1}": _ranked(rank) for rank in range(TOP)},
    "reference": lambda answer: None if answer.reference < 0 else answer.reference,
    "trouble": lambda answer: answer.trouble,
}
