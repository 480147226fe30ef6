"""The numbers of the measuring procedure; docs/method.md gives the reason for each."""

from dataclasses import dataclass

from bench.records.verdict import NOISY, VERY_NOISY
from bench.records.workload import Effort


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Lengths and limits of warm-up and sampling, in seconds, counts and fractions."""

    sample_s: float = 0.010  # one sample lasts at least this long
    overhead_factor: float = 1000.0  # ... and this many times the cost of reading the clock
    warmup_iterations: int = 3  # at least
    window: int = 10  # samples that two consecutive windows compare
    slow_window: int = 3  # ... where an iteration takes `slow_s` or more
    slow_s: float = 0.100
    median_tolerance: float = 0.02
    quartile_tolerance: float = 0.05
    warmup_cap_s: float = 2.0
    slow_windows_cap: int = 3  # give up after this many windows where iterations are slow
    group: int = 5  # samples between two looks at the machine and at the stopping rule
    first_check: int = 20
    precision: float = 0.01  # half-width of the median's interval at which a worker stops
    cap_s: float = 1.5
    cap_samples: int = 5  # where the cap passes sooner
    hard_cap_s: float = 30.0
    calls_share: float = 1.0  # of the time that calls take; the rest goes into flushes between them
    fewest: int = 3
    noisy: float = NOISY
    very_noisy: float = VERY_NOISY
    page_faults: float = 0.05  # of a call's time, from which on they are a verdict
    remeasure_pause_s: float = 0.5
    discard_pause_s: float = 0.05  # doubled up to `discard_pause_cap_s` while groups are discarded in a row
    discard_pause_cap_s: float = 0.5
    discards: int = 10


def rules_for(effort: Effort) -> Rules:
    """The default rules, or the stricter ones of `--publish`."""
    return Rules(precision=0.005, cap_s=5.0) if effort == "publish" else Rules()
