"""What an agent is asked to run: the task of a worker, and the limits around it."""

from dataclasses import dataclass
from typing import Literal

from bench.records.workload import Unit

# Folders where a worker of this machine may import a user's own factory from, after its own.
IMPORT_PATH = "BENCH_IMPORT_PATH"

TaskKind = Literal["measure", "export", "noise", "pair", "probe", "inspect"]


@dataclass(frozen=True, kw_only=True)
class Files:
    """The digests of the files that one unit needs in the device's store; empty where it needs none."""

    unit: str
    reference: str = ""  # fp32 eager's output on the same input, .npy
    model: str = ""  # the exported graph, .onnx


@dataclass(frozen=True, kw_only=True)
class Task:
    """The work of one worker process. The agent fills in the CPUs, the cache and, for a pair, the token pipes."""

    kind: TaskKind
    units: tuple[Unit, ...] = ()
    attempts: tuple[int, ...] = ()  # as many as units
    files: tuple[Files, ...] = ()
    bursts: int = 0  # of each side of a pair
    burst_s: float = 0.05
    seed: int = 0  # of a pair's order
    side: int = 0
    cpus: tuple[int, ...] = ()
    cache: str = ""
    token_read: int = -1
    token_write: int = -1
    sources: tuple[str, ...] = ()  # of the networks to inspect
    input_px: int = 0  # asked for; 0: the network's own


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """How long a unit may take, in seconds."""

    unit: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Job:
    """A task with its limits; a pair has two workers."""

    task: Task
    workers: int = 1
    threads: int = 1
    start_s: float = 120.0  # until the first unit begins
    deadlines: tuple[Deadline, ...] = ()
    default_deadline_s: float = 120.0

    def __post_init__(self) -> None:
        if self.workers not in (1, 2) or self.threads < 1 or self.start_s <= 0:
            raise ValueError("expected 1 or 2 workers, at least one thread and a positive start limit")

    def deadline_s(self, unit: str) -> float:
        """The limit of that unit."""
        return next((d.seconds for d in self.deadlines if d.unit == unit), self.default_deadline_s)
