"""How long things will take: a rough guess from the work, corrected by what has been seen."""

from math import prod

from bench.plan.runtimes import runtime
from bench.plan.schedule import BURSTS_PER_SIDE
from bench.plan.subjects import network_entry, operator_spec
from bench.records.measurement import Cost
from bench.records.pair import Pair
from bench.records.sustained import LONGEST_REST_S, REST_S
from bench.records.workload import Unit
from bench.wire.order import Task
from models.registry import DEFAULT_INPUT_PX, height_width
from operators.cost import operator_cost

# Calls of a slow step within one unit: first call, check, three warm-up windows of three, five samples, and a margin.
SLOW_CALLS = 20
# Of each side of a pair: these, bursts of one call with an untimed one before each, and those that settle a seat.
PAIR_CALLS = SLOW_CALLS + 2 * BURSTS_PER_SIDE + 15
# Of a unit of `bench layers`: the same, and those with its profiler and without in turn.
LAYER_CALLS = SLOW_CALLS + 30
DEADLINE_S = 120.0
# Slower than any healthy device at fp32 on one thread, a Cortex-A72's depthwise convolution apart.
SLOWEST_MACS_PER_S = 0.25e9
# A sixth of the peak of the smallest GPU there is to meet, a Jetson Nano's (128 cores at 0.92 GHz).
SLOWEST_GPU_MACS_PER_S = 20e9
TYPICAL_GPU_MACS_PER_S = 1e12
SAMPLING_S = 1.2
TYPICAL_GMACS = {"t0": 0.4, "t1": 0.8, "t2": 1.9, "s": 4.5, "m": 9.0, "l": 15.0}  # of the blocks of Table 3
WARM_UP_S = 1.0  # of a unit that is sustained


def macs_of(unit: Unit) -> float:
    """Multiply-adds of one call; a guess for networks, which are counted only when they are built."""
    if unit.workload.operator is not None:
        return operator_cost(operator_spec(unit.workload), unit.batch).macs * float(unit.batch)
    entry = network_entry(unit.workload)
    typical = entry.gmacs or next((TYPICAL_GMACS[group] for group in entry.groups if group in TYPICAL_GMACS), 5.0)
    own = height_width(entry.input_px or DEFAULT_INPUT_PX)
    return typical * 1e9 * unit.batch * prod(unit.workload.input_shape[1:]) / prod(own)


def deadline_s(unit: Unit, cost: Cost | None = None, calls: float = SLOW_CALLS) -> float:
    """When a unit is taken to hang: two minutes, more where its work alone could take longer or is asked to.

    `cost` is what was counted when the network was built, `calls` how often a slow step is called.
    """
    macs = macs_of(unit) if cost is None or not cost.macs else float(cost.macs) * unit.batch
    sustain_s = unit.settings.sustain_s
    asked_s = LONGEST_REST_S + sustain_s if sustain_s else 0.0
    speed = SLOWEST_GPU_MACS_PER_S if unit.accelerator else SLOWEST_MACS_PER_S
    return DEADLINE_S + asked_s + 2 * calls * macs / speed


def expected_s(unit: Unit, shared: bool) -> float:
    """A first guess at a unit's time; `shared` where its worker's start is spread over many."""
    row = runtime(unit.runtime)
    start = 0.3 if shared else row.start_s
    sampling = SAMPLING_S * (4 if unit.effort == "publish" else 1)
    if unit.settings.sustain_s:
        sampling = REST_S + WARM_UP_S + unit.settings.sustain_s
    return start + row.compile_s + max(sampling, SLOW_CALLS * _step_s(unit))


def expected_pair_s(pair: Pair) -> float:
    """A first guess at one pair: each side loads and is sampled, then come the bursts, an untimed call before each."""
    sides = (pair.first, pair.second)
    bursts = sum(BURSTS_PER_SIDE * (max(Task.burst_s, _step_s(unit)) + _step_s(unit)) for unit in sides)
    return sum(expected_s(unit, shared=False) for unit in sides) + bursts


def _step_s(unit: Unit) -> float:
    return macs_of(unit) / (TYPICAL_GPU_MACS_PER_S if unit.accelerator else runtime(unit.runtime).macs_per_s)


def expected_export_s(unit: Unit) -> float:
    """A first guess at what it takes to build a network, run it once and export it."""
    return 0.5 if unit.workload.kind == "op" else 5.0 + 1.2e-9 * macs_of(unit) / unit.batch


class TimeLeft:
    """Scales the guesses for what is left by how the finished ones turned out."""

    def __init__(self, guesses: dict[str, float]) -> None:
        self._left = dict(guesses)
        self._guessed = self._taken = 0.0

    def ended(self, key: str, seconds: float) -> None:
        """One of them is over and took so long, its worker's start included."""
        guess = self._left.pop(key, None)
        if guess is not None:
            self._guessed += guess
            self._taken += seconds

    @property
    def seconds(self) -> float:
        """What is left. The first few units are mixed with the guess, so that one slow start does not mislead."""
        trust = 10.0
        scale = (self._taken + trust) / (self._guessed + trust)
        return sum(self._left.values()) * scale
