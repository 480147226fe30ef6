"""One study in a worker of its own, its pieces passed on as they come."""

from collections.abc import Callable

from bench.errors import BenchError, UsageError
from bench.host.job import failure_of, gave_way
from bench.host.machine import Machine
from bench.plain_text import plain_line
from bench.records.study import Study, StudyRecord
from bench.wire.messages import Fatal, Said
from bench.wire.order import Job, Task

LONGEST_S = 7 * 86_400.0  # its images decide how long it takes; the user ends it sooner


class _Heard:
    """What the worker has said so far."""

    def __init__(self, passed_on: Callable[[StudyRecord], None]) -> None:
        self._passed_on = passed_on
        self.fatal: Fatal | None = None
        self.left: int | None = None  # pieces; None before the first one has told how many there are

    def take(self, said: Said) -> None:
        """In its order; what a worker does not say in a study, the agent has refused already."""
        if isinstance(said.body, Fatal):
            self.fatal = said.body
        elif isinstance(said.body, StudyRecord):
            told = said.body.input
            self.left = told.parts if told else (self.left or 0) - 1
            self._passed_on(said.body)


def carry_out(machine: Machine, study: Study, passed_on: Callable[[StudyRecord], None]) -> str:
    """Why it broke off, empty where it is whole; UsageError where what was asked for cannot be studied.

    The first record that is passed on says what is studied: before it nothing has to be written down. BenchError where
    the worker ends without any.
    """
    heard = _Heard(passed_on)
    # One thread: the same sums in the same order, and no waiting for each other where the CPUs have more to do.
    job = Job(task=Task(kind="study", study=study), start_s=LONGEST_S)
    exits = machine.work_on(job, heard.take)
    fatal, whole = heard.fatal, heard.left == 0 and all(map(gave_way, exits))
    why = plain_line(fatal.reason, 500) if fatal else "" if whole else failure_of(exits)[1]
    if heard.left is not None:
        return why
    if fatal and fatal.kind != "out_of_memory":
        raise UsageError(why)
    raise BenchError(f"expected {study.model} to be studied, got: {why}; look at its code and at the memory")
