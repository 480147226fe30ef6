"""One side of a pair: two live workers take turns in short bursts, so that drift meets both alike (rule 7)."""

import os
import random
from dataclasses import replace
from pathlib import Path

from bench.cache.store import Store
from bench.wire.messages import Begin, Bursts, SideFailed
from bench.wire.order import Task
from bench.worker.channel import Channel
from bench.worker.failure import classify
from bench.worker.machine import Machine, machine_for
from bench.worker.measure import load, model_of, reference_of
from bench.worker.measuring.clock import SystemClock, timer_overhead_s
from bench.worker.measuring.page_faults import check_allocator
from bench.worker.measuring.rules import rules_for
from bench.worker.measuring.sampler import iterations_for, warm_up
from bench.worker.output_check import check
from bench.worker.precision import precision_notes
from bench.worker.settings import applied


def turns(bursts: int, seed: int) -> list[int]:
    """Whose turn it is: blocks of ABBA or BAAB, drawn by `seed`, each side `bursts` times."""
    generator = random.Random(seed)
    order: list[int] = []
    while len(order) < 2 * bursts:
        first = generator.randrange(2)
        order += [first, 1 - first, 1 - first, first]
    # An odd number of bursts ends in half a block, which still holds one turn of each side.
    return order[: 2 * bursts]


class Token:
    """The right to run, handed over a pipe; the other side sleeps in a read."""

    def __init__(self, read: int, write: int, held: bool) -> None:
        self._read, self._write, self._held = read, write, held

    def take(self) -> None:
        """Wait for it; EOFError where the other side has died."""
        if not self._held and os.read(self._read, 1) != b"t":
            raise EOFError("the other side of the pair ended")
        self._held = True

    def give(self) -> None:
        """Hand it over."""
        if self._held:
            os.write(self._write, b"t")
            self._held = False


def take_turns(task: Task, token: Token, machine: Machine, iterations: int) -> Bursts:
    """This side's bursts, on a fresh seat in each block; the first turn begins with the token at side 0."""
    seconds: list[float] = []
    discarded: list[int] = []
    order, draw = turns(task.bursts, task.seed), random.Random(f"{task.seed}:{task.side}")
    for position, side in enumerate(order):
        if side == task.side:
            token.take()
            if seconds and len(seconds) % task.bursts_per_seat == 0:
                machine.reseat(draw)
            timer = machine.timer()
            timer.sample(1)  # untimed: fills the caches that the other side has emptied
            seconds.append(timer.sample(iterations).wall_s)
            if not machine.monitor.keeps_group():  # while the other side still sleeps
                discarded.append(len(seconds) - 1)
            if position + 1 < len(order) and order[position + 1] != side:
                token.give()
        elif position == 0:
            token.give()  # the other side begins
    return Bursts(seconds=tuple(seconds), discarded=tuple(discarded))


def measure_pair(task: Task, channel: Channel) -> None:
    """Load this side's unit, then take turns; sends one `bursts` message."""
    order = task.orders[task.side]
    unit = order.unit
    store, clock = Store(Path(task.cache)), SystemClock()
    token = Token(task.token_read, task.token_write, held=task.side == 0)
    channel.send(Begin(), order)
    try:
        check_allocator(unit.allocator)
        with applied(unit):
            # Loading takes turns as well: two imports at once would fight for one core and the same memory.
            token.take()
            precision_notes(unit, model_of(order, store))
            loaded = load(order, store)
            machine = machine_for(unit, loaded, clock)
            with machine.ready():
                check(unit, machine.timed(), reference_of(order, store))
                rules = machine.begin(rules_for(unit.effort))
                iteration_s = warm_up(machine.timer(), clock, rules, timer_overhead_s(clock)).iteration_s
                least = iterations_for(iteration_s, rules, 0)
                token.give()
                if task.side == 0:
                    token.take()
                machine.monitor.start()
                iterations = max(round(task.burst_s * rules.calls_share / iteration_s), least)
                bursts = take_turns(task, token, machine, iterations)
                verdicts = machine.monitor.finish().verdicts
    except (EOFError, BrokenPipeError):
        raise  # the other side says why
    except Exception as error:  # a side may fail in any way; the pair's record says how
        kind, reason = classify(error)
        channel.send(SideFailed(kind=kind, reason=reason), order)
        raise SystemExit(1) from error
    channel.send(replace(bursts, verdicts=verdicts), order)
