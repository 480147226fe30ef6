"""The noise floor: what the clock and the cores do when nothing of ours is at stake."""

from collections.abc import Sequence
from statistics import median

from bench.records import NoiseFloor
from bench.run import DeviceState, Run
from reports.numbers import significant


def noise_lines(run: Run) -> tuple[str, ...]:
    """One sentence per device that measured it (not escaped)."""
    return tuple(_line(state) for state in run.devices if state.noise)


def _line(state: DeviceState) -> str:
    floors = state.noise
    overhead = max(floor.timer_overhead_s for floor in floors)
    resolution = max(floor.timer_resolution_s for floor in floors)
    size = floors[-1].gemm_size
    return (
        f"Noise floor of {state.name}: reading the clock takes {significant(overhead, 1e-9)} ns "
        f"and it ticks in {significant(resolution, 1e-9)} ns; a fixed loop of additions {_spread(floors, 'spin')}; "
        f"a fixed {size}x{size} matrix product {_spread(floors, 'gemm')}. "
        "A difference smaller than these spreads is the machine, not the code."
    )


def _spread(floors: Sequence[NoiseFloor], what: str) -> str:
    """How far the samples of one round and the medians of all rounds lie apart."""
    samples = [floor.spin_samples_s if what == "spin" else floor.gemm_samples_s for floor in floors]
    medians = [median(each) for each in samples if each]
    if not medians:
        return "was not measured"
    within = max((max(each) - min(each)) / median(each) for each in samples if each)
    text = f"varied by {significant(100 * within, digits=2)}% within a round"
    if len(medians) < 2:
        return text
    across = (max(medians) - min(medians)) / median(medians)
    return f"{text} and by {significant(100 * across, digits=2)}% between {len(medians)} rounds"
