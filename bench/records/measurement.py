"""What a worker measures and the host counts: raw samples, disturbances, the noise floor, costs.

SI units throughout (`_s` seconds, `_bytes`, `_hz`). Nothing here is rounded or derived.
"""

from dataclasses import dataclass, field

from bench.records.sustained import Sustained
from bench.records.times import are_times
from bench.records.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class KindMacs:
    """The multiply-adds of one kind of operation (convolution, linear, attention, ...)."""

    kind: str
    macs: int


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a workload must do: `macs` and `params` per image, `bytes_*` per call of the whole batch.

    `bytes_ideal` is the paper's analytic memory access (each touched tensor once), None for networks;
    `bytes_moved` is what the module's own operations read and write where they are executed as they are, in eager;
    None for the other runtimes, which make others of them. None as well where it could not be counted whole: then
    `unseen` says what is missing.
    """

    params: int
    macs: int | None
    bytes_ideal: int | None
    bytes_moved: int | None
    params_unfused: int | None = None  # of the network as published, batch norms not folded
    macs_unfused: int | None = None
    params_merged: int | None = None  # of one whose branches are merged, no other batch norm folded; None without any
    macs_merged: int | None = None
    kinds: tuple[KindMacs, ...] = ()  # how `macs` divides, networks only
    unseen: tuple[str, ...] = ()  # what the counter could not see, with its share, one line each
    notes: tuple[str, ...] = ()  # what of the deployed form could not be made, one line each

    def __post_init__(self) -> None:
        for name in ("params", "macs", "bytes_ideal", "bytes_moved"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"expected {name} >= 0, got {value}")


@dataclass(frozen=True, kw_only=True)
class Disturbances:
    """What the machine did while a unit was sampled; None where it cannot be read there.

    steal_percent: time that a hypervisor gave to others, in percent of the time of the CPUs in use.
    involuntary_switches_per_s: how often the kernel took the process off its CPU, per second.
    frequency_ratio: the lowest clock seen on the CPUs in use over their maximum, 1 at full speed.
    governor: the CPU frequency governor, by the kernel's name.
    swapped_in_pages: pages that the whole machine read back from swap.
    temperature_c: the highest seen, in degrees Celsius; of the GPU where it computes.
    throttle_flags: a Raspberry Pi's get_throttled bits, live ones and sticky ones that are new.
    clock_reasons: NVML's clock event reasons seen, as bits.
    sm_clock_ratio: the GPU's lowest SM clock over its default one.
    power_w: the GPU's highest power, in watts.
    page_faults_per_call: minor page faults in one timed call, of all threads of the process.
    page_fault_s: seconds that one takes here: the kernel finds a page, clears it and maps it.
    throttled_periods: how often the process's control group was stopped because its CPU quota was used up.
    throttled_s: for how many seconds altogether.
    threads_worked: threads of the process that spent a twentieth of the time or more on a CPU.
    discarded_groups: groups of samples thrown away because the machine was throttled while they were taken.
    remeasured: whether this is the second measurement, after a first that was disturbed.
    """

    steal_percent: float | None = None
    involuntary_switches_per_s: float | None = None
    frequency_ratio: float | None = None
    governor: str | None = None
    swapped_in_pages: int | None = None
    temperature_c: float | None = None
    throttle_flags: int | None = None
    clock_reasons: int | None = None
    sm_clock_ratio: float | None = None
    power_w: float | None = None
    page_faults_per_call: float | None = None
    page_fault_s: float | None = None
    throttled_periods: int | None = None
    throttled_s: float | None = None
    threads_worked: int | None = None
    discarded_groups: int = 0
    remeasured: bool = False


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One worker's samples of one unit. An iteration is one call of the whole batch of images.

    samples_s: wall time of a call in seconds, each the mean over a timed batch of calls.
    iterations_per_sample: calls in such a batch.
    device_samples_s: the same in seconds by events on the accelerator; empty on a CPU.
    warmup_iterations: calls before the first sample.
    steady: whether the warm-up settled before its cap.
    precise: whether the interval of the median met its target before the cap.
    load_s: seconds until the workload was in its runtime, the runtime's import left out. Operators share a worker: all
        but its first find what a process sets up once.
    first_call_s: seconds of the first call of all.
    max_error: max |y - reference| / max |reference|, against fp32 eager; None where there is no reference.
    peak_memory_bytes: the process's largest resident size, output check left out; None where it cannot be read.
    device_memory_bytes: the peak of the accelerator's allocator; None on a CPU.
    threads_seen: threads as the runtime reports them.
    cpus: the CPUs that the process could use, read back.
    isa: the instruction set that the runtime says it chose; empty where it does not tell.
    delegated: (N, M): N of the graph's M operations are computed by the runtime's fast backend (XNNPACK, say), the
        others by its own plain kernels; None of a runtime without such a division.
    verdicts: what limits the trust in the samples; empty where nothing does.
    notes: what else must be known, a line each.
    disturbances: what the machine did meanwhile.
    bytes_moved: what the operations of a call read and write as this runtime executes them; None in eager, whose cost
        has it, and where `notes` say why not.
    sustained: the series of a unit that was kept busy for minutes, whose `samples_s` are the medians of its steady
        windows; None of any other.
    """

    samples_s: tuple[float, ...]
    iterations_per_sample: int
    device_samples_s: tuple[float, ...] = ()
    warmup_iterations: int
    steady: bool
    precise: bool
    load_s: float
    first_call_s: float
    max_error: float | None
    peak_memory_bytes: int | None
    device_memory_bytes: int | None = None
    threads_seen: int
    cpus: tuple[int, ...]
    isa: str = ""
    delegated: tuple[int, int] | None = None
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    disturbances: Disturbances = field(default_factory=Disturbances)
    bytes_moved: int | None = None
    sustained: Sustained | None = None

    def __post_init__(self) -> None:
        if not self.samples_s or not are_times(self.samples_s):
            raise ValueError("expected at least one sample, all of them times in seconds")
        if not are_times(self.device_samples_s):
            raise ValueError("expected device samples that are times in seconds")
        if self.iterations_per_sample < 1 or self.warmup_iterations < 0:
            raise ValueError("expected iterations_per_sample >= 1 and warmup_iterations >= 0")
        if self.bytes_moved is not None and self.bytes_moved < 0:
            raise ValueError(f"expected bytes_moved >= 0, got {self.bytes_moved}")
        if self.delegated is not None and not 0 <= self.delegated[0] <= self.delegated[1]:
            raise ValueError(f"expected delegated operations of all, got {self.delegated}")


@dataclass(frozen=True, kw_only=True)
class NoiseFloor:
    """What this device's clock and cores do when nothing of ours is at stake (measurement.md rule 9)."""

    timer_overhead_s: float  # of one reading of the clock
    timer_resolution_s: float  # the clock's smallest step
    spin_samples_s: tuple[float, ...]  # a fixed loop of integer additions
    gemm_samples_s: tuple[float, ...]  # a fixed float32 matrix product
    gemm_size: int  # rows and columns of either matrix

    def __post_init__(self) -> None:
        if not are_times((*self.spin_samples_s, *self.gemm_samples_s)):
            raise ValueError("expected noise samples that are times in seconds")
        if not all(0 <= each <= 1e6 for each in (self.timer_overhead_s, self.timer_resolution_s)):
            raise ValueError("expected a timer with an overhead and a resolution in seconds")
