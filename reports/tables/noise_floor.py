"""The noise floor: what the clock and the cores do when nothing of ours is at stake."""

from collections.abc import Sequence
from statistics import median

from bench.records.measurement import NoiseFloor
from bench.records.run import DeviceState, Run
from bench.statistics import quantile
from reports.numbers import about_percent, significant


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
        f"a fixed {size}x{size} matrix product {_spread(floors, 'gemm')}. Spreads leave out the slowest and the "
        "fastest tenth. A difference smaller than these is the machine, not the code."
    )


def _spread(floors: Sequence[NoiseFloor], what: str) -> str:
    """How far the samples of one round and the medians of all rounds lie apart."""
    samples = [floor.spin_samples_s if what == "spin" else floor.gemm_samples_s for floor in floors]
    taken = [each for each in samples if each]
    if not taken:
        return "was not measured"
    within = [middle_spread(each) for each in taken]
    if len(within) == 1:
        return f"varied by {about_percent(within[0])}"
    medians = [median(each) for each in taken]
    across = (max(medians) - min(medians)) / median(medians)
    return (
        f"varied by {about_percent(median(within))} in a typical round and {about_percent(max(within))} in the worst, "
        f"its medians by {about_percent(across)} over {len(medians)} rounds"
    )


def middle_spread(samples: Sequence[float]) -> float:
    """From p10 to p90, relative: a single preempted sample would make thousands of percent of the whole range."""
    return (quantile(samples, 0.90) - quantile(samples, 0.10)) / median(samples)
