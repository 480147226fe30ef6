"""One column of the table as people read it."""

from collections.abc import Callable
from dataclasses import dataclass

from reports.row import Row


@dataclass(frozen=True, kw_only=True)
class Column:
    """A heading and the text under it; `numeric` ones are aligned to the right."""

    heading: str
    text: Callable[[Row], str]
    numeric: bool = False


def number(heading: str, text: Callable[[Row], str]) -> Column:
    """One that is aligned to the right."""
    return Column(heading=heading, text=text, numeric=True)
