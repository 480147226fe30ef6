"""One evaluation in a worker of its own, its pieces passed on as they come."""

from collections.abc import Callable

from bench.cache.store import Store
from bench.errors import BenchError, UsageError
from bench.host.job import failure_of, gave_way, send_files
from bench.host.machine import Machine
from bench.plain_text import plain_line
from bench.plan.runtimes import runtime
from bench.plan.support import unsupported
from bench.records.accuracy import Evaluation, EvaluationRecord
from bench.records.artifact import Artifact
from bench.records.workload import Unit, describe
from bench.wire.messages import Fatal, Said
from bench.wire.order import Job, Order, Task

LONGEST_S = 30 * 86_400.0  # its images decide how long it takes; the user ends it sooner


class _Heard:
    """What the worker has said so far."""

    def __init__(self, start: int, passed_on: Callable[[EvaluationRecord], None]) -> None:
        self._start, self._passed_on = start, passed_on
        self.fatal: Fatal | None = None
        self.left: int | None = None  # images; None before it has told how many there are

    def take(self, said: Said) -> None:
        """In its order; what a worker does not say in an evaluation, the agent has refused already."""
        if isinstance(said.body, Fatal):
            self.fatal = said.body
        elif isinstance(said.body, EvaluationRecord):
            told = said.body.asked
            self.left = told.images - self._start if told else (self.left or 0) - len(said.body.answers)
            self._passed_on(said.body)


def check_can_start(unit: Unit, machine: Machine, artifact: Artifact) -> None:
    """UsageError where the unit cannot be asked: it is not for this machine, or what it needs could not be made."""
    graph = artifact.graph_reason if runtime(unit.runtime).graph else ""
    if why := unsupported(unit, machine.environment_of(unit)) or artifact.reason or graph:
        raise UsageError(plain_line(f"{unit.workload.name} in {unit.runtime}: {why}", 700))


def carry_out(
    machine: Machine,
    store: Store,
    order: Order,
    asked: Evaluation,
    threads: int,
    passed_on: Callable[[EvaluationRecord], None],
) -> str:
    """Why it broke off, empty where it is whole; UsageError where what was asked for cannot be.

    The worker has `threads` CPUs: the unit takes its own, images are read on all. The first record that is passed on
    says what is asked: before it nothing has to be written down. BenchError where the worker ends without any.
    """
    send_files(machine.connection, store, [order])
    heard = _Heard(asked.start, passed_on)
    job = Job(task=Task(kind="accuracy", orders=(order,), evaluation=asked), threads=threads, start_s=LONGEST_S)
    exits = machine.work_on(job, heard.take)
    fatal, whole = heard.fatal, heard.left == 0 and all(map(gave_way, exits))
    why = plain_line(fatal.reason, 500) if fatal else "" if whole else failure_of(exits)[1]
    if heard.left is not None:
        return why
    if fatal and fatal.kind in ("build", "unsupported"):
        raise UsageError(why)
    raise BenchError(f"expected {describe(order.unit)} to be asked, got: {why}; look at its code and at the memory")
