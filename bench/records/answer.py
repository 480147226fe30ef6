"""What the interval of a ratio of times says, with a margin below which no change counts."""

from typing import Literal

from bench.statistics import Interval

Answer = Literal["SLOWER", "FASTER", "SAME", "UNCLEAR", "UNMEASURED"]
MARGIN = 0.05  # of a comparison, where none is given
GATE_MARGIN = 0.02  # of a gate: it is there to find small slowdowns, and measures again what it finds


def answer(ratio: Interval, margin: float = MARGIN) -> Answer:
    """Of time of the second over that of the first; UNMEASURED where the interval has no bounds."""
    if ratio.low is None or ratio.high is None:
        return "UNMEASURED"
    if ratio.low > 1 + margin:
        return "SLOWER"
    if ratio.high < 1 / (1 + margin):
        return "FASTER"
    return "SAME" if 1 / (1 + margin) <= ratio.low and ratio.high <= 1 + margin else "UNCLEAR"
