"""Cold caches on a CPU: emptied before each call, outside the clock, and refused where they cannot be."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.records.measurement import Measurement
from bench.records.workload import Settings
from bench.worker.failure import classify
from bench.worker.machine import CpuMachine
from bench.worker.measure import measure_loaded
from bench.worker.measuring.cold_cache import ColdCache, ColdTimer, cold_cache, last_level_bytes
from bench.worker.measuring.rules import Rules
from bench.worker.measuring.sampler import measure
from bench.worker.runtimes.loaded import Loaded, UnsupportedError
from tests.fast_clock import FastClock
from tests.made_up import unit
from tests.test_measuring_sampler import FakeClock
from tests.test_system_caches import cache

CPUS = tuple(sorted(os.sched_getaffinity(0)))
KNOWN = last_level_bytes(CPUS)
needs_sizes = pytest.mark.skipif(not KNOWN, reason="this kernel does not tell the size of its caches")


def spend(clock: FakeClock, ns: int, log: list[str], word: str) -> Callable[[], None]:
    def call() -> None:
        clock.ns += ns
        log.append(word)

    return call


def test_each_call_finds_emptied_caches_and_pays_for_none_of_it() -> None:
    clock, log = FakeClock(), list[str]()
    step, empty = spend(clock, 1000, log, "step"), spend(clock, 9_000_000, log, "empty")
    timer = ColdTimer(step, clock, empty, spend(clock, 500, log, "restore"))
    assert timer.sample(3).wall_s == pytest.approx(1e-6)
    assert log == ["restore", *["empty", "step"] * 3]


def measured(step: Callable[[], object], *, cold: bool) -> Measurement:
    own = replace(unit(), allocator="system", settings=Settings(cold_cache=cold), runtime="onnxruntime")
    loaded = Loaded(step=step, output=lambda: np.zeros(1, dtype=np.float32), threads=1)
    return measure_loaded(own, lambda: loaded, None, FastClock(), 1e-7)


@needs_sizes
def test_a_unit_on_cold_caches_has_samples_of_single_calls_and_says_so() -> None:
    data = np.ones(1 << 16)
    found = measured(data.max, cold=True)
    assert found.iterations_per_sample == 1
    where = f" on each of {len(CPUS)} CPUs" * (len(CPUS) > 1)
    assert f"cold cache: {2 * KNOWN >> 20} MiB are read{where} before each call, untimed" in found.notes
    warm = measured(data.max, cold=False)
    assert not [note for note in warm.notes if "cold" in note]
    assert warm.iterations_per_sample > 1
    assert os.sched_getaffinity(0) == set(CPUS)
    if warm.peak_memory_bytes and found.peak_memory_bytes:  # the buffer is not the workload's
        assert found.peak_memory_bytes - warm.peak_memory_bytes < KNOWN


def test_the_cap_counts_what_emptying_takes() -> None:
    """Never precise, so that sampling goes on to the cap: of ten parts of it the calls have one."""
    clock = FakeClock()

    class Slow(ColdCache):
        def empty(self) -> None:
            clock.ns += 9_000_000

    loaded = Loaded(step=spend(clock, 1_000_000, [], "step"), output=lambda: np.zeros(1), threads=1)
    machine = CpuMachine(loaded, clock, lambda cpus: Slow(cpus, 4096))
    rules = machine.begin(Rules(precision=-1.0))
    samples = measure(machine.timer(), machine.monitor, clock, rules, 1e-7)
    assert samples.iterations == 1
    assert sum(samples.wall_s) == pytest.approx(1.5 / 10, rel=0.05)


def test_a_kernel_that_does_not_tell_the_sizes_skips_the_row(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="does not on this device; measure with --cache warm") as raised:
        cold_cache([0], tmp_path)
    assert classify(raised.value)[0] == "unsupported"


def test_a_cache_too_large_for_the_memory_skips_the_row(tmp_path: Path) -> None:
    cache(tmp_path / "sys/devices/system", 0, 3, "3", "Unified", "512M", "0")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemAvailable:    1048576 kB\n")
    with pytest.raises(UnsupportedError, match="expected 1024 MiB to empty a cache of 512 MiB, 1024 MiB of memory"):
        cold_cache([0], tmp_path)
    assert last_level_bytes([0], tmp_path) == 512 << 20


@pytest.mark.skipif(len(CPUS) < 2, reason="one CPU")
def test_private_caches_of_all_cpus_are_emptied_and_the_affinity_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[int]] = []
    real = os.sched_setaffinity

    def watched(pid: int, cpus: set[int]) -> None:
        real(pid, cpus)
        seen.append(os.sched_getaffinity(0))

    monkeypatch.setattr(os, "sched_setaffinity", watched)
    ColdCache(CPUS, 1 << 12).empty()
    assert seen == [*({cpu} for cpu in CPUS), set(CPUS)]
