"""A run that shows itself in a notebook."""

import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bench.records.run import Run
from reports.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 120  # columns of its table
_PAGE = '<pre style="line-height: normal; overflow-x: auto; white-space: pre">{code}</pre>'


@dataclass(frozen=True, kw_only=True)
class NotebookRun(Run):
    """A run whose table and pictures a notebook shows, the pictures being figures to go on with as well."""

    @cached_property
    def _results(self) -> Results:
        return Results(run=self)

    def figures(self) -> "dict[str, Figure]":
        """The pictures of `bench report` by name, without `.png`."""
        from reports.plots.pictures import figures

        return figures(self._results)

    def _repr_html_(self) -> str:
        """The terminal's table of its command and the pictures: all text escaped, no script, nothing from outside."""
        from rich.console import Console

        from reports.formats import formats_of
        from reports.html.fragment import picture_html

        console = Console(file=io.StringIO(), record=True, width=WIDTH, force_jupyter=False)
        console.print(formats_of(self.plan.command)["table"].shown(self._results))
        return console.export_html(inline_styles=True, code_format=_PAGE) + picture_html(self._results)
