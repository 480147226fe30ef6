"""One busy thread for each CPU of this process: do they all work, and there alone?"""

import hashlib
import os
import threading
import time
from pathlib import Path

from bench.records.health import Threads
from bench.system.affinity import SYS, parse_cpu_list
from bench.system.files import text_of
from bench.system.quota import CpuQuota
from bench.system.tuning import frequency_hz
from bench.worker.measuring.threads import ThreadWatch

_ROUNDS = 20_000  # of SHA-256 at a time, about 10 ms
BUSY_S = 0.5


def busy_threads(seconds: float = BUSY_S) -> Threads:
    """Keep every CPU that this process may use busy for that long, and see what the kernel made of it."""
    cpus, quota, watch = tuple(sorted(os.sched_getaffinity(0))), CpuQuota(), ThreadWatch()
    stopped, threads = quota.throttling(), [threading.Thread(target=_work, args=(seconds,)) for _ in cpus]
    watch.start()
    started, before = time.monotonic(), time.process_time()
    for each in threads:
        each.start()
    time.sleep(0.9 * seconds)  # they still work
    worked = watch.worked()
    outside = {cpu for number in worked for cpu in os.sched_getaffinity(number)} - set(cpus)
    clock = frequency_hz(cpus)
    for each in threads:
        each.join()
    passed, now = time.monotonic() - started, quota.throttling()
    return Threads(
        cpus=cpus,
        worked=len(worked),
        outside=tuple(sorted(outside)),
        share=min(1.0, (time.process_time() - before) / (passed * len(cpus))),
        stopped_s=None if stopped is None or now is None else now.since(stopped).seconds,
        frequency_hz=clock,
        siblings=siblings(cpus),
    )


def siblings(cpus: tuple[int, ...], sys: Path = SYS) -> tuple[int, ...]:
    """The other hyper-threads of the cores that these CPUs are."""
    shared: set[int] = set()
    for cpu in cpus:
        folder = sys / f"cpu/cpu{cpu}/topology"
        shared |= {*parse_cpu_list(text_of(folder / "core_cpus_list") or text_of(folder / "thread_siblings_list"))}
    return tuple(sorted(shared - set(cpus)))


def _work(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        hashlib.pbkdf2_hmac("sha256", b"", b"", _ROUNDS)  # without the interpreter's lock
