"""A planted slowdown is work that was really done, as much as was asked for."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from bench.worker.planted import _spin, slowed
from bench.worker.runtimes.loaded import Loaded


class Processor:
    """Its time goes by as work is done: a step by `step_ns`, and each turn of the loop by `turn_ns`."""

    def __init__(self, step_ns: int, turn_ns: int = 20) -> None:
        self.now, self.step_ns, self.turn_ns = 0, step_ns, turn_ns

    def step(self) -> str:
        self.now += self.step_ns
        return "answer"

    def spin(self, turns: range) -> None:
        self.now += self.turn_ns * len(turns)


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Processor]:
    def made(step_ns: int) -> Processor:
        own = Processor(step_ns)
        monkeypatch.setattr("bench.worker.planted._spin", own.spin)
        for name in ("process_time_ns", "thread_time_ns"):
            monkeypatch.setattr(time, name, lambda: own.now)
        return own

    return made


def loaded(own: Processor, threads: int = 1, restore: Callable[[], None] | None = None) -> Loaded:
    return Loaded(step=own.step, output=own.step, threads=threads, restore=restore)


@pytest.mark.parametrize(("step_ns", "factor"), [(10_000_000, 1.1), (200_000, 1.5), (3_000, 10.0)])
def test_a_step_takes_as_many_times_as_long(processor: Callable[[int], Processor], step_ns: int, factor: float) -> None:
    own = processor(step_ns)
    slow = slowed(loaded(own), factor)
    before = own.now
    assert slow.step() == "answer"
    assert own.now - before == pytest.approx(factor * step_ns, rel=0.01)


def test_the_time_of_threads_side_by_side_counts_once(processor: Callable[[int], Processor]) -> None:
    """Two threads use 8 ms of processor time in 4 ms: a tenth of these is planted."""
    own = processor(8_000_000)
    slow = slowed(loaded(own, threads=2), 1.1)
    before = own.now
    slow.step()
    assert own.now - before - 8_000_000 == pytest.approx(400_000, rel=0.01)


def test_it_stays_on_every_seat(processor: Callable[[int], Processor]) -> None:
    own = processor(200_000)

    def anew() -> Loaded:
        return replace(loaded(own), anew=anew)

    slow = slowed(anew(), 1.5)
    for _ in range(3):
        assert slow.anew is not None
        slow = slow.anew()
        before = own.now
        slow.step()
        assert own.now - before == pytest.approx(300_000, rel=0.01)
    assert slowed(loaded(own), 1.5).anew is None


def test_nothing_is_planted_at_one(processor: Callable[[int], Processor]) -> None:
    own = processor(1000)
    plain = loaded(own)
    assert slowed(plain, 1.0) is plain
    assert own.now == 0


def test_an_input_that_the_step_overwrites_is_put_back(processor: Callable[[int], Processor]) -> None:
    own, restored = processor(1000), list[int]()
    slow = slowed(loaded(own, restore=lambda: restored.append(own.now)), 2.0)
    assert restored == [own.now]  # after the last call
    assert slow.restore is not None


def test_a_real_step_uses_more_of_the_processor() -> None:
    """Whatever else runs here: by processor time, between 1.25 and 2 where 1.5 is asked for."""

    def work() -> None:
        _spin(range(100_000))

    slow = slowed(Loaded(step=work, output=work, threads=1), 1.5)
    assert 1.25 < _used(slow.step) / _used(work) < 2


def _used(step: Callable[[], object]) -> int:
    start = time.thread_time_ns()
    for _ in range(20):
        step()
    return time.thread_time_ns() - start
