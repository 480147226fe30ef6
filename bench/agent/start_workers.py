"""The worker processes of one job: their environment, and the pipes between the two of a pair."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.agent.worker_process import WorkerProcess
from bench.system.affinity import thread_environment
from bench.system.allocator import allocator_environment
from bench.system.inherited import without_inherited
from bench.wire.decode import encode
from bench.wire.order import Job, Order


def start_workers(job: Job, cpus: tuple[int, ...], cache: Path, command: tuple[str, ...]) -> list[WorkerProcess]:
    """One worker, or two that hand a token to and fro so that only one of them runs at any moment."""
    environment = without_inherited(os.environ) | thread_environment(job.threads) | {"BENCH_CACHE": str(cache)}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [_code_path(), os.environ.get("PYTHONPATH", "")]))
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment["PYTHONSAFEPATH"] = "1"  # else `-m` looks in the current folder first, where a `bench` may lie
    # Code that a worker before it has compiled would make a round no independent one.
    environment["TORCHINDUCTOR_CACHE_DIR"] = str(compiled_folder(cache) / "inductor")
    environment["TRITON_CACHE_DIR"] = str(compiled_folder(cache) / "triton")
    task = replace(job.task, cpus=cpus, cache=str(cache))
    if job.workers == 1:
        environment |= _allocator(job.task.orders[:1])
        return [WorkerProcess(json.dumps(encode(task)).encode(), environment, start_s=job.start_s, command=command)]
    first, second = os.pipe(), os.pipe()
    workers = []
    for index, (read, write) in enumerate(((first[0], second[1]), (second[0], first[1]))):
        side = replace(task, side=index, token_read=read, token_write=write)
        data = json.dumps(encode(side)).encode()
        own = environment | _allocator(job.task.orders[index : index + 1])
        workers.append(WorkerProcess(data, own, start_s=job.start_s, extra=(read, write), command=command))
    for descriptor in (*first, *second):
        os.close(descriptor)
    return workers


def _allocator(orders: Sequence[Order]) -> dict[str, str]:
    """Units that share a worker share its allocator: the plan sees to it."""
    return allocator_environment(orders[0].unit.allocator) if orders else {}


def compiled_folder(cache: Path) -> Path:
    """Where `torch.compile` keeps its work: for one job alone, which the device's lock makes the only one."""
    return cache.absolute() / "compiled"


def _code_path() -> str:
    """What was put on sys.path for this package: the checkout, or the archive that came over the wire."""
    import bench

    return str(Path(str(bench.__file__)).parent.parent)
