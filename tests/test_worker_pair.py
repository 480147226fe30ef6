"""A pair's turns: whose they are, what is thrown away, and that neighbours stay neighbours."""

import os
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from bench.host.pair import PairRun
from bench.plan.schedule import BURSTS_PER_SEAT, BURSTS_PER_SIDE
from bench.records.pair import Pair, PairRecord
from bench.wire.messages import Bursts, Said
from bench.wire.order import Order, Task
from bench.worker.machine import Machine
from bench.worker.measuring.sampler import Sample
from bench.worker.pair import Token, take_turns, turns
from tests.made_up import unit


class CountingMachine:
    """Each burst is one second longer than the one before; who ran, and who changed its seat, is written down."""

    def __init__(self, side: int, order: list[int], seats: list[int], look: Callable[[int], bool]) -> None:
        self._side, self._order, self._seats, self._look, self._bursts = side, order, seats, look, 0
        self.monitor = self

    def keeps_group(self) -> bool:
        return self._look(self._side)

    def timer(self) -> "CountingMachine":
        return self

    def reseat(self, draw: random.Random) -> None:
        self._seats.append(self._side)

    def sample(self, iterations: int) -> Sample:
        if iterations == 1:
            return Sample(wall_s=1.0)
        self._order.append(self._side)
        self._bursts += 1
        return Sample(wall_s=float(self._bursts))


def both_sides(look: Callable[[int], bool], bursts: int = 4) -> tuple[list[Bursts], list[int], list[int]]:
    """Bursts on each side, in two threads; `look` is asked after each, by side. With the order of turns and seats."""
    first, second = os.pipe(), os.pipe()
    ends = ((first[0], second[1]), (second[0], first[1]))
    order: list[int] = []
    seats: list[int] = []
    found: dict[int, Bursts] = {}

    def run(side: int) -> None:
        token = Token(*ends[side], held=side == 0)
        machine = cast("Machine", CountingMachine(side, order, seats, look))
        found[side] = take_turns(
            Task(kind="pair", bursts=bursts, bursts_per_seat=BURSTS_PER_SEAT, seed=3, side=side), token, machine, 10
        )

    threads = [threading.Thread(target=run, args=(side,)) for side in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    for descriptor in (*first, *second):
        os.close(descriptor)
    return [found[0], found[1]], order, seats


def test_the_machine_is_read_after_each_burst_while_the_other_side_sleeps() -> None:
    looks: list[int] = []

    def look(side: int) -> bool:
        looks.append(side)
        return not (side == 1 and looks.count(1) == 2)

    sides, order, seats = both_sides(look)
    assert order == looks == turns(4, 3)
    assert [side.seconds for side in sides] == [(1.0, 2.0, 3.0, 4.0)] * 2
    assert [side.discarded for side in sides] == [(), (1,)]
    assert seats == []


def test_both_sides_change_their_seats_equally_often_before_a_block_begins() -> None:
    sides, _, seats = both_sides(lambda _: True, bursts=3 * BURSTS_PER_SEAT)
    assert [len(side.seconds) for side in sides] == [3 * BURSTS_PER_SEAT] * 2
    assert sorted(seats) == [0, 0, 1, 1]
    assert BURSTS_PER_SEAT % 2 == 0  # a block of ABBA has two of each side


def ended(*discarded: list[int]) -> PairRecord:
    pair = Pair(first=unit("conv"), second=unit("pconv"))
    run = PairRun(pair, (Order(unit=pair.first), Order(unit=pair.second)), 1.0)
    for side, indices in enumerate(discarded):
        seconds = tuple(10.0 * side + index + 1 for index in range(4))
        run.handle(Said(body=Bursts(seconds=seconds, discarded=tuple(indices)), worker=side))
    return run.record(())


def test_a_discarded_burst_leaves_with_its_neighbour() -> None:
    record = ended([], [1])
    assert (record.first_s, record.second_s) == ((1.0, 3.0, 4.0), (11.0, 13.0, 14.0))
    assert record.verdicts == ("throttled",)


@pytest.mark.parametrize(
    ("first", "second", "verdicts"), [([], [], ()), ([0, 1], [2], ("throttled",)), ([0, 1, 2, 3], [], ("throttled",))]
)
def test_all_bursts_stay_where_none_or_most_would_go(
    first: list[int], second: list[int], verdicts: tuple[str, ...]
) -> None:
    record = ended(first, second)
    assert (len(record.first_s), record.verdicts) == (4, verdicts)


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_in_every_other_pair_the_second_side_is_the_first_worker(number: int) -> None:
    pair = Pair(first=replace(unit("conv"), round=number), second=replace(unit("pconv"), round=number))
    sides, swapped = (pair.first, pair.second), number % 2
    run = PairRun(pair, (Order(unit=pair.first), Order(unit=pair.second)), 1.0)
    assert (run.job().task.bursts, run.job().task.bursts_per_seat) == (BURSTS_PER_SIDE, BURSTS_PER_SEAT)
    assert [order.unit for order in run.job().task.orders] == [sides[swapped], sides[1 - swapped]]
    for worker in (0, 1):
        run.handle(Said(body=Bursts(seconds=(1.0 + worker,)), worker=worker))
    record = run.record(())
    assert (record.first_s, record.second_s) == (((1.0,), (2.0,)) if not swapped else ((2.0,), (1.0,)))
