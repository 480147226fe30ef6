"""Page faults of real memory: counted by the sampler, priced, and told."""

import mmap

from bench.worker.measuring.clock import SystemClock
from bench.worker.measuring.page_faults import page_fault_s, page_faults_note
from bench.worker.measuring.rules import Rules
from bench.worker.measuring.sampler import CpuTimer, Sample, Samples, measure

PAGES = 300


class Quiet:
    """A machine on which nothing happens."""

    def start(self) -> None:
        """Nothing to forget."""

    def keeps_group(self) -> bool:
        return True


def touch_new_pages() -> None:
    with mmap.mmap(-1, PAGES * mmap.PAGESIZE) as block:
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            block.madvise(mmap.MADV_NOHUGEPAGE)
        for offset in range(0, len(block), mmap.PAGESIZE):
            block[offset] = 1


def test_the_pages_that_a_call_touches_anew_are_counted() -> None:
    clock, rules = SystemClock(), Rules(cap_s=0.1, warmup_cap_s=0.1)
    found = measure(CpuTimer(touch_new_pages, clock), Quiet(), clock, rules, 1e-7).page_faults_per_call
    assert found is not None
    assert PAGES <= found < 1.1 * PAGES
    quiet = measure(CpuTimer(lambda: None, clock), Quiet(), clock, rules, 1e-7).page_faults_per_call
    assert quiet is not None
    assert quiet < 0.01


def test_a_timer_that_counts_none_leaves_the_number_unknown() -> None:
    class Other:
        def sample(self, iterations: int) -> Sample:
            return Sample(wall_s=0.1)

    assert measure(Other(), Quiet(), SystemClock(), Rules(cap_s=0.1), 1e-7).page_faults_per_call is None
    assert Samples().page_faults_per_call is None


def test_a_fault_costs_something() -> None:
    assert 0 < page_fault_s(SystemClock()) < 1e-3


def test_a_visible_share_is_told_with_its_remedy() -> None:
    assert page_faults_note(400.0, 1e-6, 0.01, 0.05) == ()
    assert page_faults_note(None, None, 0.01, 0.05) == ()
    (told,) = page_faults_note(3600.0, 2e-6, 0.009, 0.05)
    assert told == "about 80% of the time went into 3600 page faults a call: see --allocator"
    assert page_faults_note(9e9, 1.0, 0.009, 0.05)[0].startswith("about 100% of")
