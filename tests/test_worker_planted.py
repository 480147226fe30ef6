"""A planted slowdown is work that was really done, as much as was asked for."""

from collections.abc import Callable

import pytest

from bench.worker.planted import slowed
from bench.worker.runtimes.loaded import Loaded


class Clockwork:
    """A clock that moves as work is done: a step by `step_ns`, and each turn of the loop by `turn_ns`."""

    def __init__(self, step_ns: int, turn_ns: int) -> None:
        self._now, self.step_ns, self.turn_ns, self.interrupted = 0, step_ns, turn_ns, 0

    def now_ns(self) -> int:
        return self._now

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing waits")

    def step(self) -> str:
        self._now += self.step_ns * (1 + 3 * (self.interrupted % 4 > 1))
        self.interrupted += self.interrupted > 0
        return "answer"

    def spin(self, turns: range) -> None:
        self._now += self.turn_ns * len(turns)


@pytest.fixture
def clockwork(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], Clockwork]:
    def made(step_ns: int, turn_ns: int) -> Clockwork:
        clock = Clockwork(step_ns, turn_ns)
        monkeypatch.setattr("bench.worker.planted._spin", clock.spin)
        return clock

    return made


def loaded(clock: Clockwork, restore: Callable[[], None] | None = None) -> Loaded:
    return Loaded(step=clock.step, output=clock.step, threads=1, restore=restore)


@pytest.mark.parametrize(("step_ns", "factor"), [(10_000_000, 1.1), (200_000, 1.5), (3_000, 10.0)])
def test_a_step_takes_as_many_times_as_long(
    clockwork: Callable[[int, int], Clockwork], step_ns: int, factor: float
) -> None:
    clock = clockwork(step_ns, 20)
    slow = slowed(loaded(clock), factor, clock)
    before = clock.now_ns()
    assert slow.step() == "answer"
    assert clock.now_ns() - before == pytest.approx(factor * step_ns, rel=0.01)


def test_what_interrupts_half_of_the_steps_is_not_planted(clockwork: Callable[[int, int], Clockwork]) -> None:
    clock = clockwork(3_000_000, 20)
    clock.interrupted = 1
    slow = slowed(loaded(clock), 1.1, clock)
    clock.interrupted = 0
    before = clock.now_ns()
    slow.step()
    assert clock.now_ns() - before == pytest.approx(1.1 * 3_000_000, rel=0.01)


def test_nothing_is_planted_at_one(clockwork: Callable[[int, int], Clockwork]) -> None:
    clock = clockwork(1000, 20)
    plain = loaded(clock)
    assert slowed(plain, 1.0, clock) is plain
    assert clock.now_ns() == 0


def test_an_input_that_the_step_overwrites_is_put_back(clockwork: Callable[[int, int], Clockwork]) -> None:
    clock, restored = clockwork(1000, 20), list[int]()
    slow = slowed(loaded(clock, lambda: restored.append(clock.now_ns())), 2.0, clock)
    assert restored == [clock.now_ns()]  # after the last call
    assert slow.restore is not None


def test_the_loop_is_real_work() -> None:
    """Its turns are counted by the interpreter itself."""
    from bench.worker.planted import _spin

    turns = iter(range(1000))
    _spin(turns)  # type: ignore[arg-type]
    assert next(turns, None) is None
