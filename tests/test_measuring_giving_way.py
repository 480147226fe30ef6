"""A real-time worker's naps: as long as the time on a CPU before them asks for, and none is timed."""

from bench.worker.measuring.disturbances import CpuMonitor
from bench.worker.measuring.giving_way import SHARE, GivingWay
from bench.worker.measuring.watch import Ending


class PaperClock:
    """Stands still, and writes down how long it was asked to sleep."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now_ns(self) -> int:
        return 0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def test_it_sleeps_by_what_its_threads_have_used_since_the_last_nap() -> None:
    clock, used = PaperClock(), iter([0.0, 3.0, 3.0, 4.0, 4.5, 4.5, 4.5])
    watch = GivingWay(CpuMonitor((0, 1), clock), clock, 2, lambda: next(used))
    watch.start()  # after a warm-up of 3 s on two CPUs
    assert watch.keeps_group()  # 1 s more, then half a second of its own, which is not counted
    assert watch.keeps_group()
    assert clock.slept == [SHARE * 3.0 / 2, SHARE * 1.0 / 2, 0.0]


def test_what_was_seen_is_that_of_the_watch() -> None:
    clock = PaperClock()
    assert isinstance(GivingWay(CpuMonitor((0,), clock), clock, 1).finish(), Ending)


def test_it_leaves_more_than_the_kernel_keeps_back_for_others() -> None:
    """A twentieth of each second; beyond it the worker would be stopped while it is timed."""
    assert 1 / (1 + SHARE) < 0.95
