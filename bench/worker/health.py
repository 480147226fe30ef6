"""The task that looks at its machine, in a process that holds no runtime."""

import os

from bench.records.health import Health
from bench.system.allocator import ALLOCATORS, allocator_environment
from bench.system.load import watch
from bench.system.sensors import temperature_c, throttle_flags
from bench.system.tuning import tuning
from bench.wire.order import Task
from bench.worker.busy_threads import busy_threads
from bench.worker.channel import Channel
from bench.worker.measuring.clock import SystemClock
from bench.worker.measuring.gpu_tuning import gpu_tunings
from bench.worker.measuring.page_faults import page_fault_s

WATCHED_S = 1.0


def look_at_machine(task: Task, channel: Channel) -> None:
    """Send one `health` message: first what others do while this process sleeps, then what it may do itself."""
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    load, threads = watch(cpus, WATCHED_S), busy_threads()
    channel.send(
        Health(
            load=load,
            threads=threads,
            tuning=tuning(cpus),
            allocators=tuple(name for name in ALLOCATORS if _is_there(name)),
            page_fault_s=min(page_fault_s(SystemClock()), 1.0),
            temperature_c=temperature_c(),
            throttle_flags=throttle_flags(),
            gpus=gpu_tunings(),
        )
    )


def _is_there(allocator: str) -> bool:
    return not ALLOCATORS[allocator].library or "LD_PRELOAD" in allocator_environment(allocator)
