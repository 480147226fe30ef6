"""What `bench doctor` reads on a device: raw evidence, whose judgement is the host's."""

from dataclasses import dataclass

MOST_PERCENT = 1e6  # of one CPU, on the largest machine there is


@dataclass(frozen=True, kw_only=True)
class ProcessUse:
    """A process that worked while nothing of ours did; `percent` of one CPU."""

    name: str  # by which the kernel knows it, 15 characters at most
    percent: float


@dataclass(frozen=True, kw_only=True)
class Load:
    """What others did with the CPUs that this process may use, in percent of their time, while it slept."""

    seconds: float  # that it was watched
    others_percent: float  # processes and the kernel
    steal_percent: float  # the hypervisor's other guests
    processes: tuple[ProcessUse, ...] = ()  # the busiest, most first

    def __post_init__(self) -> None:
        shares = (self.others_percent, self.steal_percent, *(each.percent for each in self.processes))
        if not 0 < self.seconds <= 1e6 or not all(0 <= each <= MOST_PERCENT for each in shares):
            raise ValueError(f"expected a load of some seconds in percent of 0 to {MOST_PERCENT:g}, got {shares}")


@dataclass(frozen=True, kw_only=True)
class Threads:
    """What became of one busy thread for each CPU that a worker is put on."""

    cpus: tuple[int, ...]  # that they were put on
    worked: int  # of them
    outside: tuple[int, ...] = ()  # other CPUs on which they could have run
    share: float  # of the time that they could have had; less where others took it
    stopped_s: float | None = None  # that their control group was stopped for its quota; None: nobody counts
    frequency_hz: int | None = None  # the lowest at their end
    siblings: tuple[int, ...] = ()  # other hyper-threads of the cores that they ran on


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """The settings of the kernel and of this process that decide numbers; None or empty where it does not tell."""

    governor: str = ""  # of the CPUs in use
    max_frequency_hz: int | None = None  # the lowest of them
    boost: bool | None = None
    clock_source: str = ""
    numa_nodes: int = 1
    memory_available_bytes: int | None = None
    swap_bytes: int | None = None
    swap_used_bytes: int | None = None
    huge_pages: str = ""  # always, madvise or never
    aslr: int | None = None  # randomize_va_space, 2 is all of it
    lowest_nice: int = 0  # that this process may take


@dataclass(frozen=True, kw_only=True)
class GpuTuning:
    """One NVIDIA GPU as its driver sees it; None where it does not tell."""

    name: str
    persistence: bool | None = None
    power_limit_w: float | None = None
    power_default_w: float | None = None
    sm_clock_mhz: float | None = None
    max_sm_clock_mhz: float | None = None
    clock_reasons: int | None = None  # NVML's bits
    temperature_c: float | None = None


@dataclass(frozen=True, kw_only=True)
class Health:
    """One look at a device."""

    load: Load  # of others
    threads: Threads  # what became of busy ones
    tuning: Tuning  # of the kernel
    allocators: tuple[str, ...]  # that can be had there
    page_fault_s: float  # that one minor fault takes
    temperature_c: float | None = None  # of the hottest CPU zone, after the threads
    throttle_flags: int | None = None  # a Raspberry Pi's get_throttled bits
    gpus: tuple[GpuTuning, ...] = ()  # in NVML's order

    def __post_init__(self) -> None:
        if not 0 <= self.threads.share <= 1 or not 0 <= self.page_fault_s <= 1:
            raise ValueError("expected a share of 0 to 1 and a page fault of up to a second")
