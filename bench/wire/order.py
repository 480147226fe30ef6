"""What an agent is asked to run: a worker's task, unit by unit, and the limits around it."""

import re
from dataclasses import dataclass, field
from typing import Literal

from bench.records.accuracy import Evaluation
from bench.records.origin import Origin
from bench.records.study import Study
from bench.records.workload import PLAIN_NAME, Unit

# Folders where a worker of this machine may import a user's own factory from, after its own, where no origin has any.
IMPORT_PATH = "BENCH_IMPORT_PATH"

TaskKind = Literal[
    "measure", "layers", "pair", "export", "inspect", "noise", "peak", "health", "study", "accuracy", "look", "probe"
]


@dataclass(frozen=True, kw_only=True)
class Order:
    """One unit to work on: its attempt, its files by their digest in the device's store, how long it may take."""

    unit: Unit
    attempt: int = 1
    reference: str = ""  # fp32 eager's output on the same input, .npz; empty where there is nothing to check against
    model: str = ""  # the file that the runtime opens; empty where it takes a module
    converter: str = ""  # the Python that makes that file; empty where the worker's own does
    deadline_s: float = 120.0  # from the unit's beginning
    slowdown: float = 1.0  # how many times as long its step is made to take, to see whether that is found

    @property
    def digests(self) -> tuple[str, ...]:
        """The files that the device must have."""
        return tuple(filter(None, (self.reference, self.model, self.unit.workload.given)))


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One part of a device's ceilings to measure once; threads are those of the job."""

    part: str  # memory, numpy, cuda or a runtime
    dtype: str
    accelerator: str = ""  # "" is the CPU, else "cuda:N"
    shapes: tuple[tuple[int, int, int], ...] = ()  # of the matrix products (m, k, n); none: all there are
    realtime: bool = False  # the worker runs at real-time priority

    def __post_init__(self) -> None:
        if not re.fullmatch(PLAIN_NAME, self.part):
            raise ValueError(f"expected the plain name of a part to visit, got {self.part!r}")


@dataclass(frozen=True, kw_only=True)
class Task:
    """The work of one worker process. The agent fills in the CPUs, the cache and, for a pair, the token pipes."""

    kind: TaskKind
    orders: tuple[Order, ...] = ()
    bursts: int = 0  # of each side of a pair
    bursts_per_seat: int = 1  # after so many, a side takes another seat
    burst_s: float = 0.025
    seed: int = 0  # of a pair's order
    side: int = 0
    cpus: tuple[int, ...] = ()
    cache: str = ""
    token_read: int = -1
    token_write: int = -1
    sources: tuple[str, ...] = ()  # of the networks to inspect
    image: tuple[int, ...] = ()  # the (height, width) that they are asked to take; empty: their own
    arrays: str = ""  # the file of arrays that they are to take instead
    packages: tuple[str, ...] = ()  # to look for
    origin: Origin = field(default_factory=Origin)  # of a worker that has no unit
    study: Study | None = None  # to carry out
    evaluation: Evaluation | None = None  # of the one order
    visit: Visit | None = None  # of `bench peak`

    def __post_init__(self) -> None:
        if self.bursts_per_seat < 1:
            raise ValueError(f"expected one burst on a seat or more, got {self.bursts_per_seat}")

    def origin_of(self, worker: int) -> Origin:
        """Where that worker's packages and networks come from: units that share a worker share it."""
        orders = self.orders[worker:] if self.kind == "pair" else self.orders
        return orders[0].unit.origin if orders else self.origin

    @property
    def realtime(self) -> bool:
        """Whether it is worked on at real-time priority; units that share a worker agree, the plan sees to it."""
        visited = self.visit is not None and self.visit.realtime
        return visited or any(order.unit.settings.realtime for order in self.orders)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A task with its limits; a pair has two workers."""

    task: Task
    workers: int = 1
    threads: int = 1  # of each worker
    start_s: float = 120.0  # until the first unit begins

    def __post_init__(self) -> None:
        if self.workers not in (1, 2) or self.threads < 1 or self.start_s <= 0:
            raise ValueError("expected 1 or 2 workers, at least one thread and a positive start limit")

    def deadline_s(self, unit: str) -> float:
        """The limit of that unit, by its id."""
        return next((order.deadline_s for order in self.task.orders if order.unit.id == unit), Order.deadline_s)
