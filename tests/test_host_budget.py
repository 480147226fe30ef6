"""Which cells get another round, and when the time is up: hand-made medians and a clock that a test moves."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from bench.host.budget import Budget, is_apart, is_narrow
from bench.host.enough import Enough
from bench.records.record import Record
from bench.records.workload import Unit
from bench.statistics import Interval
from tests.made_up_runs import done, failed, net
from tests.script_by_name import script

A, B = "fasternet_t0", "mobilenetv2"
LEVEL, WIDE = (1.0, 1.001, 0.999, 1.0, 1.001), (1.0, 1.2, 0.8, 1.1, 0.9)


class Clock:
    """Seconds that a test counts."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def took(unit: Unit, seconds: float, median: float = 1.0) -> Record:
    return replace(done(unit, median), seconds=seconds)


def after(medians: Mapping[str, Sequence[float]], seconds: float = 1e6) -> Budget:
    """A budget whose cells had these rounds in another process."""
    budget = Budget(seconds, Clock())
    budget.plan([net(name, number) for name in medians for number in range(50)])
    for name, values in medians.items():
        for number, median in enumerate(values):
            budget.ended(took(net(name, number), 1.0, median), here=False)
    return budget


def visited(budget: Budget, number: int = 5, names: Sequence[str] = (A, B)) -> list[str]:
    return [unit.workload.name for unit in budget.chosen([net(name, number) for name in names])]


def test_what_is_narrow_needs_no_more_while_another_does() -> None:
    # The wide one reaches from 0.82 to 1.2 and meets the other.
    assert visited(after({A: LEVEL, B: WIDE})) == [B]


def test_once_is_not_enough() -> None:
    # Narrow after the third round alone: after the fourth and fifth it was not.
    assert visited(after({A: (1.0, 1.001, 0.999, 1.2, 1.0), B: WIDE})) == [A, B]
    assert visited(after({A: LEVEL[:4], B: WIDE})) == [A, B]  # two rounds in a row only


def test_what_is_apart_from_all_others_waits_for_those_in_doubt() -> None:
    far = [100 * value for value in WIDE]
    near = [1.01 * value for value in WIDE]
    third = "resnet50"
    assert visited(after({A: far, B: WIDE, third: near}), names=(A, B, third)) == [B, third]
    # Where nothing is in doubt, what is wide gets the time that is left.
    assert visited(after({A: far, B: LEVEL, third: [10 * each for each in LEVEL]}), names=(A, B, third)) == [A]


def test_a_single_row_is_apart_from_nothing() -> None:
    assert visited(after({A: WIDE}), names=(A,)) == [A]
    assert visited(after({A: LEVEL}), names=(A,)) == []


def test_a_cell_that_failed_is_not_tried_fifty_times() -> None:
    budget = after({A: WIDE[:1], B: WIDE[:1]})
    budget.ended(failed(net(A, 1)), here=False)
    assert visited(budget, 2) == [B]


def test_each_device_has_rounds_of_its_own() -> None:
    budget = after({A: [100 * value for value in WIDE], B: LEVEL})
    there = [net(A, 0, "pi4"), net(B, 0, "pi4")]
    budget.plan(there)
    assert budget.chosen(there) == tuple(there)  # nothing is known of them
    assert visited(budget) == [A]  # nothing is in doubt here, whatever is there


def test_a_round_is_decided_when_it_begins() -> None:
    budget = after({A: LEVEL, B: WIDE})
    assert visited(budget) == [B]
    budget.ended(took(net(B, 5), 1.0, 9.0), here=False)
    assert visited(budget) == [B]


def test_no_unit_begins_that_would_end_after_its_time() -> None:
    clock = Clock()
    budget = Budget(60.0, clock)
    units = [net(name, number) for number in range(50) for name in (A, B)]
    budget.plan(units)
    begun = []
    for unit in units:
        for each in budget.chosen([unit]):
            begun.append(each)
            seconds = 10.0 if each.workload.name == A else 2.0
            clock.now += seconds + 1.5  # a worker's start
            budget.ended(took(each, seconds, 1.0 + 0.3 * (each.round % 2)))
    # A round takes 11.5 + 3.5 = 15 s: four of them fit to the second.
    assert clock.now == 60.0
    assert [unit.round for unit in begun] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_once_the_time_is_up_short_units_get_no_rounds_that_long_ones_do_not() -> None:
    clock = Clock()
    budget = Budget(25.0, clock)
    budget.plan([net(A), net(B)])
    for name, seconds in ((A, 10.0), (B, 2.0)):
        assert budget.chosen([net(name)])
        clock.now += seconds
        budget.ended(took(net(name), seconds))
    clock.now = 20.0
    assert not budget.chosen([net(A, 1)])
    assert not budget.chosen([net(B, 1)])


def test_of_a_shared_worker_as_many_units_as_there_is_time_for() -> None:
    budget = after({A: [1.0], B: [1.0]}, 7.0)
    names = [A, B] * 5
    assert len(budget.chosen([net(name, 1) for name in names])) == 7  # a second each


def test_a_lost_device_owes_the_rounds_that_a_row_needs() -> None:
    units = [net(A, number) for number in range(50)]
    assert [unit.round for unit in Budget(60.0).owed(units)] == [0, 1, 2]
    assert Enough().owed(units) == tuple(units)
    assert Enough().chosen(units) == tuple(units)


def test_narrow_and_apart() -> None:
    assert is_narrow(Interval(centre=1.0, low=0.981, high=1.019))
    assert not is_narrow(Interval(centre=1.0, low=0.97, high=1.02))
    assert not is_narrow(Interval(centre=1.0))
    one = Interval(centre=1.0, low=0.9, high=1.1)
    assert is_apart(one, [Interval(centre=1.3, low=1.2, high=1.4), Interval(centre=0.5, low=0.4, high=0.89)])
    assert not is_apart(one, [Interval(centre=1.15, low=1.09, high=1.2)])
    assert not is_apart(one, [None])


@pytest.mark.parametrize("seconds", [300.0, 900.0])
def test_intervals_of_a_budget_still_cover(seconds: float) -> None:
    rows, held, rounds = script("budget_coverage").coverage(seconds, 20)
    assert held.total() / rows.total() >= 0.88  # of 240 rows: four standard errors below what thousands of runs give
    if seconds > 300:  # time for more than the first five rounds goes to those that need it
        assert rounds[0.08] / rows[0.08] > 2 * rounds[0.01] / rows[0.01]
