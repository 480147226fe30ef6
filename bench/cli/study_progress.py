"""How far a study is, on stderr: a bar on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bench.cli.progress import LONGEST_LINE, time_text
from bench.plain_text import plain_line
from bench.records.study import StudyInput, StudyRecord


class StudyProgress:
    """Draws only when a piece has come."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console, self._quiet = console, quiet
        self._began, self._done, self._total = time.monotonic(), 0, 0
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

    def ended(self, record: StudyRecord) -> None:
        """One more piece is written down."""
        if record.input is not None:
            self._begin(record.input)
            return
        self._done += 1
        done = min(self._done, self._total)
        left = (time.monotonic() - self._began) * (self._total - done) / done
        what = outcome(record)
        self._bar.update(
            self._task, completed=done, description=escape(plain_line(what, 60)), left=f"{time_text(left)} left"
        )
        self._bar.refresh()
        if not self._console.is_terminal:
            self._line(f"[{done}/{self._total}] {what}, {time_text(left)} left")

    def _begin(self, told: StudyInput) -> None:
        self._began, self._total = time.monotonic(), told.parts
        self._bar.update(self._task, total=told.parts)
        for each in told.images.trouble if told.images else ():
            self._line(f"left out: {each}")

    def _line(self, text: str) -> None:
        if not self._quiet:
            self._console.print(plain_line(text, LONGEST_LINE), markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


def outcome(record: StudyRecord) -> str:
    """A piece in a few words."""
    if (made := record.approximation) is not None:
        found = f"MSE {made.fit.mse:.3g} after {made.fit.epochs} epochs" if made.fit else made.reason
        return f"stage {made.stage} {made.operator}, seed {made.seed}: {found}"
    if (seen := record.salience) is not None:
        return f"{seen.layer}: {sum(seen.counts)} filters"
    if (alike := record.redundancy) is not None:
        return f"{alike.layer}: {alike.twins} of {alike.channels} channels have a near twin"
    return record.failed
