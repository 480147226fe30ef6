"""The worker processes of one job: their Python, their environment, and the pipes between the two of a pair."""

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.agent.import_paths import import_variables
from bench.agent.worker_process import WorkerProcess
from bench.records.origin import Origin
from bench.system.affinity import thread_environment
from bench.system.allocator import allocator_environment
from bench.system.inherited import without_inherited
from bench.system.spinning import spinning_environment
from bench.wire.decode import encode
from bench.wire.order import Job, Order

# Whatever Python it is, it shall be able to say that it is too old: as old as Python 2 it reads these lines.
_LOOK = """\
import sys
if sys.version_info < (3, 11):
    sys.exit("this is Python %d.%d.%d" % sys.version_info[:3])
from bench.worker.__main__ import main
main()
"""


class NotStartedError(Exception):
    """The Python that a worker was to have cannot be started; one line for the host."""


def start_workers(job: Job, cpus: tuple[int, ...], cache: Path, command: tuple[str, ...]) -> list[WorkerProcess]:
    """One worker, or two that hand a token to and fro so that only one of them runs at any moment.

    NotStartedError where the origin of one names a Python that is none; the other has ended by then.
    """
    environment = without_inherited(os.environ) | thread_environment(job.threads) | {"BENCH_CACHE": str(cache)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment["PYTHONSAFEPATH"] = "1"  # else `-m` looks in the current folder first, where a `bench` may lie
    # Code that a worker before it has compiled would make a round no independent one.
    environment["TORCHINDUCTOR_CACHE_DIR"] = str(compiled_folder(cache) / "inductor")
    environment["TRITON_CACHE_DIR"] = str(compiled_folder(cache) / "triton")
    task = replace(job.task, cpus=cpus, cache=str(cache))
    pipes = [os.pipe(), os.pipe()] if job.workers == 2 else []
    workers: list[WorkerProcess] = []
    try:
        for index, tokens in enumerate(_tokens(pipes) or [()]):
            origin = job.task.origin_of(index)
            side = replace(task, side=index, token_read=tokens[0], token_write=tokens[1]) if tokens else task
            own = environment | import_variables(origin, cache) | _before_it_starts(job.task.orders[index : index + 1])
            data = json.dumps(encode(side)).encode()
            program = _program(origin, job, command)
            workers.append(WorkerProcess(data, _for(origin, own), start_s=job.start_s, extra=tokens, command=program))
    except OSError as error:
        for worker in workers:
            worker.end()
        python = job.task.origin_of(len(workers)).python
        if not python or error.filename != python:
            raise
        what = "a folder" if Path(python).is_dir() else error.strerror
        raise NotStartedError(f"{python}: {what}") from None
    finally:
        for descriptor in (each for pipe in pipes for each in pipe):
            os.close(descriptor)
    return workers


def _tokens(pipes: Sequence[tuple[int, int]]) -> list[tuple[int, ...]]:
    """For each of a pair the end that it reads and the one that it writes."""
    return [(pipes[0][0], pipes[1][1]), (pipes[1][0], pipes[0][1])] if pipes else []


def _program(origin: Origin, job: Job, command: tuple[str, ...]) -> tuple[str, ...]:
    if not origin.python:
        return command
    return (origin.python, "-c", _LOOK) if job.task.kind == "look" else (origin.python, *command[1:])


def _for(origin: Origin, environment: dict[str, str]) -> dict[str, str]:
    """Another Python finds its own standard library."""
    if origin.python:
        with contextlib.suppress(KeyError):
            del environment["PYTHONHOME"]
    return environment


def _before_it_starts(orders: Sequence[Order]) -> dict[str, str]:
    """Units that share a worker share its allocator and switches: the plan sees to it."""
    if not orders:
        return {}
    unit = orders[0].unit
    return allocator_environment(unit.allocator) | spinning_environment(unit.switches)


def compiled_folder(cache: Path) -> Path:
    """Where `torch.compile` keeps its work: for one job alone, which the device's lock makes the only one."""
    return cache.absolute() / "compiled"
