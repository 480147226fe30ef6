"""How far what comes in pieces is, on stderr: a bar on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bench.cli.progress import LONGEST_LINE, time_text
from bench.plain_text import plain_line


class PieceProgress:
    """Draws only when a piece has come; lines are at least `every_s` apart, but for the last one."""

    def __init__(self, console: Console, *, quiet: bool, every_s: float = 0.0) -> None:
        self._console, self._quiet, self._every_s = console, quiet, every_s
        self._began, self._last, self._done, self._total, self._first = time.monotonic(), 0.0, 0, 0, 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            auto_refresh=False,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("preparing", total=None, left="")

    def begin(self, total: int, done: int = 0) -> None:
        """So many pieces there are, and so many an earlier process has done."""
        self._began, self._total, self._done, self._first = time.monotonic(), total, done, done
        self._bar.update(self._task, total=total, completed=done)

    def advance(self, pieces: int, what: str) -> None:
        """So many more are done; `what` tells of them."""
        self._done = min(self._done + pieces, self._total)
        own = max(1, self._done - self._first)
        left = f"{time_text((time.monotonic() - self._began) * (self._total - self._done) / own)} left"
        self._bar.update(self._task, completed=self._done, description=escape(plain_line(what, 60)), left=left)
        self._bar.refresh()
        due = time.monotonic() - self._last >= self._every_s or self._done == self._total
        if due and not self._console.is_terminal:
            self._last = time.monotonic()
            self.line(f"[{self._done}/{self._total}] {what}, {left}")

    def line(self, text: str) -> None:
        """Something to be told once."""
        if not self._quiet:
            self._console.print(plain_line(text, LONGEST_LINE), markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
