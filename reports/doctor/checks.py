"""The checks of `bench doctor`, in the order in which they are shown, with the command that mends what is found.

A new one is a row here: its name, how what was found is shown (empty: the device does not tell), when that is good, the
advice where it is not, and when it makes numbers wrong.
"""

from reports.doctor import pairs, words
from reports.doctor.check import Check, of_gpus, of_health
from reports.numbers import significant

_CPU = "/sys/devices/system/cpu"
THROTTLED_NOW = 0xF  # a Raspberry Pi's live bits
_GPU_SLOWED = 0xE8  # HW slowdown, SW thermal, HW thermal, HW power brake: nvml.h, nvmlClocksEventReason*
_HOT_C = 75.0  # from where on a Raspberry Pi slows down soon

CHECKS: tuple[Check, ...] = (
    Check(
        name="timer",
        found=words.timer,
        state=words.timer_state,
        advice="echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource",
    ),
    of_health(
        "governor",
        lambda h: h.tuning.governor,
        lambda h: h.tuning.governor == "performance",
        f"echo performance | sudo tee {_CPU}/cpu*/cpufreq/scaling_governor",
    ),
    of_health(
        "boost",
        lambda h: words.on(h.tuning.boost),
        lambda h: not h.tuning.boost,
        f"clocks rise while it is cool: echo 0 | sudo tee {_CPU}/cpufreq/boost"
        f" (Intel: echo 1 | sudo tee {_CPU}/intel_pstate/no_turbo)",
    ),
    of_health(
        "clock", words.clock, lambda h: words.clock_ratio(h) >= 0.9, "look at governor, cooling and power supply"
    ),
    of_health(
        "heat",
        words.heat,
        lambda h: (h.temperature_c or 0) < _HOT_C and not h.throttle_flags,
        "cool it, give it a stronger power supply; look again: vcgencmd get_throttled",
        lambda h: bool((h.throttle_flags or 0) & THROTTLED_NOW),
    ),
    of_health(
        "steal",
        lambda h: f"{significant(h.load.steal_percent, digits=2)}% of the CPUs' time",
        lambda h: h.load.steal_percent <= 1,
        "other guests of the host take it: choose dedicated CPUs, or measure ratios: bench compare A B",
    ),
    of_health(
        "load",
        words.load,
        lambda h: h.load.others_percent <= 5,
        "end or stop them (kill -STOP PID), or take their place: --priority realtime",
    ),
    Check(
        name="quota",
        found=words.quota,
        state=words.quota_state,
        advice="whole CPUs instead of a share of their time: docker run --cpuset-cpus 0-1 without --cpus",
    ),
    Check(
        name="CPUs",
        found=words.cpus,
        state=lambda e: "good" if len(e.environment.allowed_cpus) > 1 else "warning",
        advice="agent and worker share the only one: allow two (taskset, docker run --cpuset-cpus 0-1)",
    ),
    of_health(
        "threads",
        words.threads,
        lambda h: h.threads.worked == len(h.threads.cpus) and not h.threads.outside and h.threads.share >= 0.9,
        "others take their CPUs, or something binds threads: see load, quota and taskset -p PID",
        lambda h: bool(h.threads.outside),
    ),
    of_health(
        "hyper-threads",
        lambda h: f"CPUs {list(h.threads.siblings)} share the cores" if h.threads.siblings else "none shares a core",
        lambda h: not h.threads.siblings,
        "what runs on them takes half the core: echo off | sudo tee /sys/devices/system/cpu/smt/control",
    ),
    of_health(
        "NUMA",
        lambda h: f"{h.tuning.numa_nodes} nodes, workers stay on one" if h.tuning.numa_nodes > 1 else "",
        lambda h: True,
        "",
    ),
    of_health(
        "memory",
        lambda h: (
            f"{words.gb(h.tuning.memory_available_bytes)} free" if h.tuning.memory_available_bytes is not None else ""
        ),
        lambda h: (h.tuning.memory_available_bytes or 0) >= 1_000_000_000,
        "end what holds it: ps -eo rss,comm --sort=-rss | head",
    ),
    of_health(
        "swap",
        lambda h: (
            f"{words.gb(h.tuning.swap_used_bytes)} of {words.gb(h.tuning.swap_bytes)} used"
            if h.tuning.swap_bytes
            else ""
        ),
        lambda h: not h.tuning.swap_used_bytes,
        "what comes back from it costs milliseconds: sudo swapoff -a",
    ),
    of_health(
        "allocator",
        lambda h: f"{', '.join(h.allocators)} can be had",
        lambda h: "jemalloc" in h.allocators,
        "for --allocator jemalloc, which keeps memory in huge pages: sudo apt-get install libjemalloc2",
    ),
    of_health(
        "huge pages",
        lambda h: h.tuning.huge_pages,
        lambda h: h.tuning.huge_pages in ("always", "madvise"),
        "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled",
    ),
    of_health(
        "page fault",
        lambda h: f"{significant(h.page_fault_s, 1e-6)} us each",
        lambda h: h.page_fault_s <= 1e-6,
        "they are dear here: keep --allocator retained",
    ),
    Check(
        name="priority",
        found=words.priority,
        state=lambda e: "warning" if e.environment.realtime_refused else "good",
        advice="for --priority realtime: ulimit -r 11, or `USER - rtprio 11` in /etc/security/limits.conf;"
        " in a container --cap-add SYS_NICE",
    ),
    of_health(
        "ASLR",
        lambda h: "" if h.tuning.aslr is None else words.on(h.tuning.aslr > 0),
        lambda h: bool(h.tuning.aslr),
        "every process gets the same addresses, lucky or not: sudo sysctl kernel.randomize_va_space=2",
    ),
    of_gpus(
        "GPU persistence",
        lambda g: words.on(g.persistence),
        lambda g: g.persistence is not False,
        "sudo nvidia-smi -pm 1",
    ),
    of_gpus(
        "GPU power",
        words.power,
        lambda g: g.power_limit_w is None or g.power_default_w is None or g.power_limit_w >= 0.99 * g.power_default_w,
        "its limit was lowered: sudo nvidia-smi -pl WATTS",
    ),
    of_gpus(
        "GPU clock",
        lambda g: (
            f"{g.sm_clock_mhz:.0f} of {g.max_sm_clock_mhz:.0f} MHz" if g.sm_clock_mhz and g.max_sm_clock_mhz else ""
        ),
        lambda g: True,
        "",
    ),
    of_gpus(
        "GPU throttling",
        lambda g: "" if g.clock_reasons is None else f"reasons {g.clock_reasons:#x}",
        lambda g: not (g.clock_reasons or 0) & _GPU_SLOWED,
        "heat or power slows it now: nvidia-smi -q -d PERFORMANCE",
        lambda g: bool((g.clock_reasons or 0) & _GPU_SLOWED),
    ),
    Check(
        name="noise floor",
        found=words.noise,
        state=words.noise_state,
        advice="a difference smaller than these is the machine: see load and steal",
    ),
    Check(name="A/A", found=pairs.itself, state=lambda e: "good", advice=""),
    Check(
        name="visible",
        found=pairs.visible,
        state=pairs.visible_state,
        advice="more pairs, or a core to themselves, see less: bench compare A B --until 2% --priority realtime",
    ),
)
