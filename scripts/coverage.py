"""How often a comparison's 95 % interval holds the true ratio, by simulation: `python scripts/coverage.py`.

Each line is one model of a machine. Pairs are drawn from it at three levels (processes, seats, bursts) and go through
the product's own code: a pair's ratio, the interval, the answer and the rule of `--until`. The last columns plant a
true slowdown and count how often ten pairs say SLOWER by the margin of a gate.
"""

import argparse
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bench.host.enough import narrow
from bench.plan.schedule import BURSTS_PER_SEAT, BURSTS_PER_SIDE
from bench.records.answer import GATE_MARGIN, answer
from bench.statistics import Interval, log_mean_interval, midmean
from bench.worker.pair import turns

UNTIL, MOST_PAIRS = 0.02, 40
PLANTED = (1.00, 1.05, 1.10)


@dataclass(frozen=True, kw_only=True)
class Model:
    """A machine: standard deviations of log times, and what else happens to them."""

    name: str
    process: float = 0.006
    seat: float = 0.02
    burst: float = 0.02
    bimodal: float = 0.0  # one seat in six is faster by so much
    autocorrelation: float = 0.0  # of neighbouring bursts
    drift: float = 0.0  # over one pair
    spikes: float = 0.0  # share of bursts that take up to three times as long


MODELS = (
    Model(name="quiet"),
    Model(name="processes differ", process=0.02),
    Model(name="seats differ", process=0.013, seat=0.035),
    Model(name="bimodal seats", bimodal=0.08),
    Model(name="autocorrelated", burst=0.04, autocorrelation=0.8),
    Model(name="drifting", drift=0.10),
    Model(name="spikes", spikes=0.05),
    Model(name="all of it", process=0.013, bimodal=0.08, autocorrelation=0.5, drift=0.05, spikes=0.05),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", type=int, default=2000, help="simulated for each figure (default 2000)")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    headings = [f"{f'x{planted:.2f}':>7}" for planted in PLANTED]
    print(f"{'':17} {'4 pairs':>14} {'10 pairs':>14} {'--until 2%':>24} {''.join(headings)}")
    for model in MODELS:
        draw = random.Random(given.seed)
        four, ten = ([pairs(model, count, draw) for _ in range(given.comparisons)] for count in (4, 10))
        stopped = [until(model, draw) for _ in range(given.comparisons)]
        taken = sum(map(len, stopped)) / len(stopped)
        slower = "".join(f"{_slower(ten, planted):7.1%}" for planted in PLANTED)
        print(f"{model.name:17} {_held(four)} {_held(ten)} {_held(stopped)} {taken:4.1f} pairs{slower}", flush=True)


def pairs(model: Model, count: int, draw: random.Random) -> list[float]:
    """The log ratios of `count` simulated pairs of the same workload."""
    return [pair(model, draw) for _ in range(count)]


def until(model: Model, draw: random.Random) -> list[float]:
    """Pairs until the product says that the interval is narrow enough."""
    found: list[float] = []
    while not narrow(found, UNTIL) and len(found) < MOST_PAIRS:
        found.append(pair(model, draw))
    return found


def pair(model: Model, draw: random.Random) -> float:
    """One pair's log ratio, its true value 0."""
    order = turns(BURSTS_PER_SIDE, draw.randrange(1 << 30))
    process = (draw.gauss(0, model.process), draw.gauss(0, model.process))
    seats, logs = [0.0, 0.0], ([], [])  # type: tuple[list[float], tuple[list[float], list[float]]]
    noise = draw.gauss(0, model.burst)
    for position, side in enumerate(order):
        if len(logs[side]) % BURSTS_PER_SEAT == 0:
            seats[side] = draw.gauss(0, model.seat) - (model.bimodal if draw.random() < 1 / 6 else 0.0)
        logs[side].append(process[side] + seats[side] + noise + model.drift * position / len(order))
        if draw.random() < model.spikes:
            logs[side][-1] += draw.uniform(0, math.log(3))
        new = math.sqrt(1 - model.autocorrelation**2) * draw.gauss(0, model.burst)
        noise = model.autocorrelation * noise + new
    return midmean([second - first for first, second in zip(*logs, strict=True)])


def _intervals(found: Iterable[list[float]], planted: float = 1.0) -> Iterator[Interval]:
    return (log_mean_interval([planted * math.exp(each) for each in logs]) for logs in found)


def _held(found: list[list[float]]) -> str:
    """How often the interval held the truth, and its median half-width."""
    bounds = [(ratio.low or 0.0, ratio.high or 0.0, ratio.half_width or 0.0) for ratio in _intervals(found)]
    held = sum(low <= 1 <= high for low, high, _ in bounds) / len(bounds)
    return f"{held:6.1%} ±{sorted(half for *_, half in bounds)[len(bounds) // 2]:6.2%}"


def _slower(found: list[list[float]], planted: float) -> float:
    return sum(answer(ratio, GATE_MARGIN) == "SLOWER" for ratio in _intervals(found, planted)) / len(found)


if __name__ == "__main__":
    main()
