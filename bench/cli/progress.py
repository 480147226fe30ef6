"""What is said on the way, on stderr: a bar with the time left on a terminal, plain lines elsewhere."""

import math
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from bench.cli.streams import tell
from bench.host.observer import SilentObserver
from bench.plain_text import plain_line
from bench.plan.estimate import TimeLeft, expected_export_s, expected_pair_s, expected_s
from bench.plan.schedule import shares_worker
from bench.records.artifact import Artifact
from bench.records.device import Device
from bench.records.pair import Pair, PairRecord
from bench.records.record import Record
from bench.records.verdict import worst
from bench.records.workload import Unit, describe, size_text

LONGEST_LINE = 900  # characters


class Teller(SilentObserver):
    """Only what is worth a line, on stderr: a machine that another run holds, a link that broke."""

    def said(self, machine: str, text: str) -> None:
        tell(plain_line(f"{machine}: {text}", LONGEST_LINE))


class ConsoleObserver:
    """Draws only when something has happened: nothing ticks beside a measurement."""

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self._console, self._quiet = console, quiet
        self._lock = threading.Lock()
        # One for each machine, since they run side by side and the devices of one in turn; one for what is prepared.
        self._left: dict[str, TimeLeft] = {}
        self._machines: dict[str, str] = {}
        self._preparing = TimeLeft({})
        self._total = self._done = 0
        self._until = math.inf
        self._last: dict[str, float] = {}
        self._failed: set[str] = set()  # pairs fail for their sides: the ten of a comparison in the same words
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    @contextmanager
    def watching(
        self, units: Iterable[Unit], pairs: Iterable[Pair], devices: Iterable[Device], most_s: float = math.inf
    ) -> Iterator[None]:
        """What is to be done on these devices: the time left, and a bar where there is a terminal to show it on.

        It ends after `most_s`, done or not.
        """
        self._until = time.monotonic() + most_s
        self._plan(units, pairs, devices)
        self._start()
        try:
            yield
        finally:
            if self._bar is not None:
                self._bar.stop()
                self._bar = None

    def _plan(self, units: Iterable[Unit], pairs: Iterable[Pair], devices: Iterable[Device]) -> None:
        self._machines = {device.name: device.machine for device in devices}
        guesses: dict[str, dict[str, float]] = {}
        for unit in units:
            mine = guesses.setdefault(self._machines[unit.device], {})
            mine[unit.id] = expected_s(unit, shared=shares_worker(unit))
        for pair in pairs:
            guesses.setdefault(self._machines[pair.first.device], {})[pair.id] = expected_pair_s(pair)
        self._left = {machine: TimeLeft(mine) for machine, mine in guesses.items()}
        self._total = sum(map(len, guesses.values()))
        self._last = dict.fromkeys(guesses, time.monotonic())

    def _start(self) -> None:
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

    def exporting(self, units: Sequence[Unit]) -> None:
        self._preparing = TimeLeft({unit.id: expected_export_s(unit) for unit in units})
        what = "reference output" if len(units) == 1 else "reference outputs"
        self.line(f"preparing {len(units)} {what} and graphs (kept for the next run), {self._time_left()}")

    def exported(self, unit: Unit, artifact: Artifact) -> None:
        with self._lock:
            now = time.monotonic()
            self._preparing.ended(unit.id, artifact.seconds)
            self._last = dict.fromkeys(self._last, now)
        workload = unit.workload
        what = " ".join(filter(None, (workload.name, workload.variant, size_text(workload.input_shape))))
        if artifact.kind:
            self.line(f"{what}: not prepared: {artifact.reason}")
        elif workload.kind == "model":
            self.line(f"{what}: prepared ({artifact.seconds:.0f} s), {self._time_left()}")

    def began(self, unit: Unit) -> None:
        with self._lock:
            self._draw(describe(unit))

    def ended(self, record: Record | PairRecord) -> None:
        unit = record.unit if isinstance(record, Record) else record.pair.first
        key = record.unit.id if isinstance(record, Record) else record.pair.id
        with self._lock:
            now = time.monotonic()
            # From one end to the next: a worker's start belongs to its first unit.
            machine = self._machines[unit.device]
            self._left[machine].ended(key, now - self._last[machine])
            self._last[machine] = now
            self._done += 1
            self._total = max(self._total, self._done)  # what a gate measures again, nobody knew of
            if self._bar is None and not self._quiet:
                self._console.print(
                    f"[{self._done}/{self._total}] {self._outcome(record)}, {self._time_left()}",
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )
            self._draw(describe(unit))

    def _outcome(self, record: Record | PairRecord) -> str:
        """The reason of a failure once."""
        told = outcome(record)
        if isinstance(record, Record) or record.status == "done":
            return told
        if told in self._failed:
            return f"{told.partition(': ')[0]}: {record.status} as before"
        self._failed.add(told)
        return told

    def said(self, machine: str, text: str) -> None:
        self.line(f"{machine}: {text}")

    def line(self, text: str) -> None:
        """One line of its own, above the bar where there is one."""
        if not self._quiet:
            with self._lock:
                self._console.print(plain_line(text, LONGEST_LINE), markup=False, highlight=False, soft_wrap=True)

    def _time_left(self) -> str:
        measuring = max((left.seconds for left in self._left.values()), default=0.0)
        left = min(self._preparing.seconds + measuring, max(0.0, self._until - time.monotonic()))
        return f"{time_text(left)} left"

    def _draw(self, what: str) -> None:
        if self._bar is not None and self._task is not None:
            left = self._time_left()
            self._bar.update(self._task, completed=self._done, description=escape(plain_line(what, 48)), left=left)
            self._bar.refresh()


def outcome(record: Record | PairRecord) -> str:
    """The end of a unit in a few words."""
    if isinstance(record, PairRecord):
        sides = (record.pair.first, record.pair.second)
        first, second = (" ".join(filter(None, (u.workload.name, u.origin.label))) for u in sides)
        if record.status != "done":
            return f"{first} against {second}: {record.status}: {plain_line(record.reason, LONGEST_LINE)}"
        return f"{second} takes {math.exp(record.log_ratio):.3g} times as long as {first}"
    if record.measurement is None:
        return f"{describe(record.unit)}: {record.status}: {plain_line(record.reason, LONGEST_LINE)}"
    samples = sorted(record.measurement.samples_s)
    middle = samples[len(samples) // 2]
    return f"{describe(record.unit)}: {1e3 * middle:.3g} ms, {worst(record.measurement.verdicts)}"


def time_text(seconds: float) -> str:
    """Minutes and seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
