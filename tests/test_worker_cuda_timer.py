"""Wall and device time on a paper GPU, worked by hand: a launch costs the host 10 ns, kernels what the step says."""

import pytest

from bench.worker.cuda_timer import LatencyTimer, QueueTimer
from bench.worker.measuring.sampler import Sample
from tests.fake_cuda import MIB, PaperCuda


def nanoseconds(sample: Sample) -> tuple[float, float]:
    """Wall and device time of one iteration."""
    assert sample.device_s is not None
    return sample.wall_s * 1e9, sample.device_s * 1e9


def test_latency_waits_for_every_call() -> None:
    """Launched at 10, done at 110: the wall sees 110, and so do the marks, set before and behind it."""
    cuda = PaperCuda()
    assert nanoseconds(LatencyTimer(cuda.step(100), cuda, cuda).sample(3)) == pytest.approx((110, 110))
    assert cuda.log == ["wait", "record", "step", "record", "wait"] * 3


def test_device_time_holds_the_gaps_of_a_launch_bound_step() -> None:
    """Kernels of 1 ns behind launches of 10: the device waits nine tenths of the time, and its marks say so."""
    cuda = PaperCuda()
    assert nanoseconds(LatencyTimer(cuda.step(1, 1, 1), cuda, cuda).sample(1)) == pytest.approx((31, 31))


def test_a_queue_is_waited_for_once() -> None:
    """Four calls of two kernels: launches run ahead of the device, which ends at 10 + 8 x 50."""
    cuda = PaperCuda()
    timed = QueueTimer(cuda.step(50, 50), cuda, cuda).sample(4)
    assert nanoseconds(timed) == pytest.approx((410 / 4, 410 / 4))
    assert cuda.log == ["wait", "record", "step", "step", "step", "step", "record", "wait"]


def test_a_queue_hides_the_launches_that_latency_shows() -> None:
    cuda = PaperCuda(launch_ns=40)
    queued = QueueTimer(cuda.step(100), cuda, cuda).sample(100)
    waited = LatencyTimer(cuda.step(100), cuda, cuda).sample(100)
    assert nanoseconds(queued) == pytest.approx((100.4, 100.4))
    assert nanoseconds(waited) == pytest.approx((140, 140))


def test_the_cache_is_flushed_before_each_call_and_outside_both_clocks() -> None:
    cuda = PaperCuda()
    flush = cuda.buffer(256 * MIB).zero_
    timed = LatencyTimer(cuda.step(100), cuda, cuda, flush=flush).sample(2)
    assert nanoseconds(timed) == pytest.approx((110, 110))
    assert cuda.log == ["flush", "wait", "record", "step", "record", "wait"] * 2
    assert cuda.ns > 2 * 256 * MIB // 100  # the flushes took their time


@pytest.mark.parametrize("timer", [LatencyTimer, QueueTimer])
def test_an_overwritten_input_is_put_back_once_for_a_sample_untimed(
    timer: type[LatencyTimer] | type[QueueTimer],
) -> None:
    cuda = PaperCuda()
    timed = timer(cuda.step(100), cuda, cuda, restore=cuda.step(10**6, name="restore")).sample(1)
    assert nanoseconds(timed) == pytest.approx((110, 110))
    assert cuda.log == ["restore", "wait", "record", "step", "record", "wait"]


@pytest.mark.parametrize("timer", [LatencyTimer, QueueTimer])
def test_a_step_without_work_gives_no_zero(timer: type[LatencyTimer] | type[QueueTimer]) -> None:
    cuda = PaperCuda()
    timed = timer(cuda.step(), cuda, cuda).sample(1)
    assert min(nanoseconds(timed)) > 0
