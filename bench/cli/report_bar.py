"""How far a long report is: a bar on stderr, where that is a terminal."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

PATIENCE_S = 1.0  # a report that is made by then needs no bar: many small runs show none


class ReportBar:
    """Called with what is being done, how much of it is, and of how much."""

    def __init__(self, console: Console, patience_s: float = PATIENCE_S) -> None:
        self._due = time.monotonic() + patience_s
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            console=console,
            auto_refresh=False,
            transient=True,
            disable=not console.is_interactive,
        )
        self._task = self._bar.add_task("")

    def __call__(self, what: str, done: int, total: int) -> None:
        if time.monotonic() >= self._due:
            self._bar.start()  # again and again does no harm
            self._bar.update(self._task, description=what, completed=done, total=total, refresh=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
