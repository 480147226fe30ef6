"""What was found in words, and how good it is where that takes more than a comparison."""

from bench.devices.check import throttle_text
from bench.host.doctor import Examination
from bench.records.health import GpuTuning, Health
from reports.doctor.check import State
from reports.numbers import about_percent, significant
from reports.tables.noise_floor import middle_spread

_SLOW_CLOCKS = ("hpet", "acpi_pm", "jiffies", "refined-jiffies")
MOST_NOISE = 0.05  # of a fixed loop or product


def gb(count: int | None) -> str:
    return "" if count is None else f"{significant(count, 1e9)} GB"


def _mhz(hertz: int | None) -> str:
    return "" if hertz is None else f"{hertz / 1e6:.0f} MHz"


def on(value: bool | None) -> str:
    return "" if value is None else "on" if value else "off"


# --- timer, clock, heat


def timer(examined: Examination) -> str:
    noise, source = examined.noise, examined.health.tuning.clock_source if examined.health else ""
    if noise is None:
        return ""
    ticks = f"{significant(noise.timer_overhead_s, 1e-9)} ns a reading, steps of "
    return ticks + f"{significant(noise.timer_resolution_s, 1e-9)} ns{f', {source}' if source else ''}"


def timer_state(examined: Examination) -> State:
    noise, health = examined.noise, examined.health
    slow = health is not None and health.tuning.clock_source in _SLOW_CLOCKS
    coarse = noise is not None and max(noise.timer_overhead_s, noise.timer_resolution_s) > 1e-6
    return "warning" if slow or coarse else "good"


def clock_ratio(health: Health) -> float:
    """Of the slowest CPU at work to its maximum; 1 where the kernel does not tell."""
    now, most = health.threads.frequency_hz, health.tuning.max_frequency_hz
    return now / most if now and most else 1.0


def clock(health: Health) -> str:
    now, most = health.threads.frequency_hz, health.tuning.max_frequency_hz
    return f"{_mhz(now)} of {_mhz(most)} while all work" if now and most else ""


def heat(health: Health) -> str:
    heat, flags = health.temperature_c, health.throttle_flags
    words = [] if heat is None else [f"{heat:.0f} C"]
    return ", ".join(words + ([] if flags is None else [f"throttle flags: {throttle_text(flags)}"]))


# --- who else is there


def load(health: Health) -> str:
    names = [f"{each.name} {each.percent:.0f}%" for each in health.load.processes]
    busy = f"others use {significant(health.load.others_percent, digits=2)}% of the CPUs"
    return busy + (f": {', '.join(names)} of one" if names else "")


def quota(examined: Examination) -> str:
    quota, threads = examined.environment.cpu_quota, examined.health.threads if examined.health else None
    if quota is None:
        return ""
    stopped = threads.stopped_s if threads is not None and threads.stopped_s else 0.0
    return f"{quota:.3g} CPUs on average" + (f", stopped for {stopped:.2g} s of the check" if stopped else "")


def quota_state(examined: Examination) -> State:
    """Wrong where it stops a worker; where there is room for one, a warning of more threads."""
    threads = examined.health.threads if examined.health else None
    stopped = threads is not None and bool(threads.stopped_s)
    return "wrong" if stopped or (examined.environment.cpu_quota or 1) < 1 else "warning"


def cpus(examined: Examination) -> str:
    found = examined.environment
    some = f"{len(found.allowed_cpus)} of {found.logical_cpus} CPUs allowed, {found.physical_cores} cores"
    return ", ".join(filter(None, [some, found.virtual, f"big {list(found.big_cpus)}" if found.big_cpus else ""]))


def threads(health: Health) -> str:
    found = health.threads
    text = f"{found.worked} of {len(found.cpus)} worked, got {found.share:.0%} of their CPUs"
    return text + (f", could run on {list(found.outside)} too" if found.outside else ", stayed on them")


def priority(examined: Examination) -> str:
    lowest = examined.health.tuning.lowest_nice if examined.health else 0
    nice = f"nice down to {lowest}" if lowest < 0 else "no nice below the present one"
    return f"real-time {'refused' if examined.environment.realtime_refused else 'allowed'}, {nice}"


# --- GPUs


def power(gpu: GpuTuning) -> str:
    if gpu.power_limit_w is None:
        return ""
    usual = "" if gpu.power_default_w is None else f", usually {gpu.power_default_w:.0f} W"
    return f"{gpu.power_limit_w:.0f} W{usual}"


# --- the noise floor


def _spread(samples: tuple[float, ...]) -> float:
    return middle_spread(samples) if samples else 0.0


def noise(examined: Examination) -> str:
    noise = examined.noise
    if noise is None:
        return ""
    return (
        f"a fixed loop varies by {about_percent(_spread(noise.spin_samples_s))}, a matrix product by "
        + about_percent(_spread(noise.gemm_samples_s))
    )


def noise_state(examined: Examination) -> State:
    noise = examined.noise
    worst = 0.0 if noise is None else max(_spread(noise.spin_samples_s), _spread(noise.gemm_samples_s))
    return "good" if worst <= MOST_NOISE else "warning"
