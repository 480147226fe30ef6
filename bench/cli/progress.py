"""What is said on the way, on stderr: a bar with the time left on a terminal, plain lines elsewhere."""

import math
import threading
import time
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from bench.artifacts import Artifact
from bench.estimate import TimeLeft, expected_s
from bench.pair import Pair, PairRecord
from bench.records import Record
from bench.runner import describe
from bench.verdicts import worst
from bench.workload import Unit

EXPORT_GUESS_S = 12.0
PAIR_GUESS_S = 15.0


class ConsoleObserver:
    """Draws only when something has happened: nothing ticks beside a measurement."""

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self._console, self._quiet = console, quiet
        self._lock = threading.Lock()
        self._left = TimeLeft({})
        self._total = self._done = 0
        self._last: dict[str, float] = {}
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def plan(self, units: Iterable[Unit], pairs: Iterable[Pair]) -> None:
        """What is to be done, for the time left."""
        guesses = {unit.id: expected_s(unit, shared=unit.workload.kind == "op") for unit in units}
        guesses |= {pair.id: PAIR_GUESS_S for pair in pairs}
        self._left, self._total = TimeLeft(guesses), len(guesses)
        now = time.monotonic()
        self._last = {unit.device: now for unit in units}

    def start(self) -> None:
        """Show the bar, where there is a terminal to show it on."""
        if self._console.is_terminal and not self._quiet:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[left]}"),
                console=self._console,
                auto_refresh=False,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("preparing", total=self._total, left="")
            self._bar.refresh()

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def exporting(self, count: int) -> None:
        self.line(f"preparing {count} reference output{'s' if count > 1 else ''} and graphs (kept for the next run)")

    def exported(self, unit: Unit, artifact: Artifact) -> None:
        size = "x".join(map(str, unit.workload.input_shape))
        what = f"{unit.workload.name} {size}: " + (f"not prepared: {artifact.reason}" if artifact.kind else "prepared")
        if unit.workload.kind == "model" or artifact.kind:
            self.line(f"{what} ({artifact.seconds:.0f} s)" if not artifact.kind else what)
        with self._lock:
            self._last = dict.fromkeys(self._last, time.monotonic())

    def began(self, unit: Unit) -> None:
        with self._lock:
            self._draw(describe(unit))

    def ended(self, record: Record | PairRecord) -> None:
        unit = record.unit if isinstance(record, Record) else record.pair.first
        key = record.unit.id if isinstance(record, Record) else record.pair.id
        with self._lock:
            now = time.monotonic()
            # From one end to the next: a worker's start belongs to its first unit.
            self._left.ended(key, now - self._last.get(unit.device, now))
            self._last[unit.device] = now
            self._done += 1
            if self._bar is None and not self._quiet:
                self._console.print(
                    f"[{self._done}/{self._total}] {outcome(record)}, {time_text(self._left.seconds)} left",
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )
            self._draw(describe(unit))

    def said(self, machine: str, text: str) -> None:
        self.line(f"{machine}: {text}")

    def line(self, text: str) -> None:
        """One line of its own, above the bar where there is one."""
        if not self._quiet:
            with self._lock:
                self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    def _draw(self, what: str) -> None:
        if self._bar is not None and self._task is not None:
            left = f"{time_text(self._left.seconds)} left"
            self._bar.update(self._task, completed=self._done, description=escape(printable(what)[:48]), left=left)
            self._bar.refresh()


def outcome(record: Record | PairRecord) -> str:
    """The end of a unit in a few words."""
    if isinstance(record, PairRecord):
        names = f"{record.pair.first.workload.name} against {record.pair.second.workload.name}"
        if record.status != "done":
            return f"{names}: {record.status}: {printable(record.reason)}"
        return f"{names}: {math.exp(record.log_ratio):.3g} times its speed"
    if record.measurement is None:
        return f"{describe(record.unit)}: {record.status}: {printable(record.reason)}"
    samples = sorted(record.measurement.samples_s)
    middle = samples[len(samples) // 2]
    return f"{describe(record.unit)}: {1e3 * middle:.3g} ms, {worst(record.measurement.verdicts)}"


def time_text(seconds: float) -> str:
    """Minutes and seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def printable(text: str) -> str:
    """Without characters that could steer a terminal: a device's words may be part of it."""
    return "".join(c if c.isprintable() else "?" for c in text)
