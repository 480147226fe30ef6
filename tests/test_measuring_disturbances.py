"""What is seen of a machine made of files: steal, clock, throttling, governor, swap."""

from pathlib import Path

import pytest

from bench.records.verdict import Verdict
from bench.system.sensors import temperature_c, throttle_flags
from bench.worker.measuring.disturbances import CpuMonitor


class Clock:
    """Ten seconds pass between two readings: involuntary switches of this process then count as few."""

    def __init__(self) -> None:
        self._ns = 0

    def now_ns(self) -> int:
        self._ns += 10 * 10**9
        return self._ns

    def sleep(self, seconds: float) -> None:
        """Not used."""


class Machine:
    """A fabricated root folder; CPU 1 is the one measured."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ticks(cpu0=(0, 0), cpu1=(1000, 0))
        self.swap_ins(10)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    def ticks(self, **cpus: tuple[int, int]) -> None:
        """(idle, stolen) ticks of each CPU."""
        lines = [f"{name} 0 0 0 {idle} 0 0 0 {stolen} 0 0" for name, (idle, stolen) in cpus.items()]
        self.write("proc/stat", "\n".join(["cpu 0 0 0 0 0 0 0 0 0 0", *lines]))

    def swap_ins(self, pages: int) -> None:
        self.write("proc/vmstat", f"pgpgin 4\npswpin {pages}\npswpout 0")

    def clock(self, current: int, most: int = 2_000_000) -> None:
        self.write("sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", str(current))
        self.write("sys/devices/system/cpu/cpu1/cpufreq/cpuinfo_max_freq", str(most))

    def governor(self, name: str) -> None:
        self.write("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", name)

    def throttled(self, bits: int) -> None:
        self.write("sys/devices/platform/soc/soc:firmware/get_throttled", f"{bits:x}")

    def monitor(self) -> CpuMonitor:
        return CpuMonitor((1,), Clock(), self.root)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def verdicts(monitor: CpuMonitor) -> tuple[Verdict, ...]:
    return monitor.finish()[1]


def test_a_quiet_machine_gives_no_verdict_and_no_note(machine: Machine) -> None:
    monitor = machine.monitor()
    machine.ticks(cpu0=(0, 0), cpu1=(2000, 0))
    assert monitor.keeps_group()
    found, said, notes = monitor.finish()
    assert (said, notes) == ((), ())
    assert found.steal_percent == 0
    assert found.swapped_in_pages == 0
    # What cannot be read there is said to be unknown, never zero.
    unknown = (found.frequency_ratio, found.governor, found.temperature_c, found.throttle_flags, found.throttled_s)
    assert unknown == (None,) * 5


def test_steal_of_the_measured_cpu_counts(machine: Machine) -> None:
    monitor = machine.monitor()
    machine.ticks(cpu0=(0, 5000), cpu1=(1000 + 95, 5))
    found, said, _ = monitor.finish()
    assert found.steal_percent == pytest.approx(5)
    assert said == ("contended",)


def test_steal_of_another_cpu_does_not(machine: Machine) -> None:
    monitor = machine.monitor()
    machine.ticks(cpu0=(0, 5000), cpu1=(1100, 0))
    assert verdicts(monitor) == ()


def test_a_single_tick_of_steal_is_rounding(machine: Machine) -> None:
    monitor = machine.monitor()
    machine.ticks(cpu0=(0, 0), cpu1=(1000 + 20, 1))
    assert verdicts(monitor) == ()


def test_steal_up_to_one_percent_is_allowed(machine: Machine) -> None:
    monitor = machine.monitor()
    machine.ticks(cpu0=(0, 0), cpu1=(1000 + 990, 10))
    assert verdicts(monitor) == ()


def test_a_new_start_forgets(machine: Machine) -> None:
    monitor = machine.monitor()
    machine.ticks(cpu0=(0, 0), cpu1=(1095, 50))
    monitor.start()
    assert verdicts(monitor) == ()


def test_a_cpu_quota_that_was_used_up_is_throttled(machine: Machine) -> None:
    machine.write("proc/self/cgroup", "0::/")
    machine.write("proc/self/mountinfo", "33 31 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup rw")
    machine.write("sys/fs/cgroup/cpu.max", "50000 100000")
    machine.write("sys/fs/cgroup/cpu.stat", "nr_throttled 100\nthrottled_usec 4000000")
    monitor = machine.monitor()
    # Ten seconds pass: 50 ms of them are less than a hundredth, 5 s are half.
    machine.write("sys/fs/cgroup/cpu.stat", "nr_throttled 101\nthrottled_usec 4050000")
    assert verdicts(monitor) == ()
    machine.write("sys/fs/cgroup/cpu.stat", "nr_throttled 200\nthrottled_usec 9000000")
    found, said, notes = monitor.finish()
    assert said == ("throttled",)
    assert (found.throttled_periods, found.throttled_s) == (100, 5.0)
    assert notes[0].startswith("stopped for 5.0 of ")
    assert "CPU quota of 0.5 was used up" in notes[0]


@pytest.mark.parametrize(("current", "expected"), [(2_000_000, ()), (1_800_000, ()), (1_790_000, ("throttled",))])
def test_a_clock_under_ninety_percent_is_throttled(
    machine: Machine, current: int, expected: tuple[Verdict, ...]
) -> None:
    machine.clock(2_000_000)
    monitor = machine.monitor()
    monitor.keeps_group()
    machine.clock(current)
    # The group is kept: a clock that never rises would discard for ever.
    assert monitor.keeps_group()
    machine.clock(2_000_000)
    monitor.keeps_group()
    found, said, _ = monitor.finish()
    assert said == expected
    assert found.frequency_ratio == pytest.approx(current / 2_000_000)


@pytest.mark.parametrize(
    ("bits", "kept"),
    [
        (0x1, False),  # under-voltage
        (0x2, True),  # clock capped
        (0x4, False),  # throttled
        (0x8, True),  # soft limit
    ],
)
def test_live_throttle_bits(machine: Machine, bits: int, kept: bool) -> None:
    machine.throttled(0)
    monitor = machine.monitor()
    machine.throttled(bits)
    assert monitor.keeps_group() is kept
    machine.throttled(0)
    assert monitor.keeps_group()
    found, said, _ = monitor.finish()
    assert said == ("throttled",)
    assert found.throttle_flags == bits


def test_an_old_sticky_bit_says_nothing_of_today(machine: Machine) -> None:
    machine.throttled(0x50000)
    monitor = machine.monitor()
    assert monitor.keeps_group()
    found, said, _ = monitor.finish()
    assert said == ()
    assert found.throttle_flags == 0


def test_a_new_sticky_bit_betrays_what_was_missed_between_two_looks(machine: Machine) -> None:
    machine.throttled(0x10000)
    monitor = machine.monitor()
    machine.throttled(0x50000)
    assert monitor.keeps_group()
    found, said, _ = monitor.finish()
    assert said == ("throttled",)
    assert found.throttle_flags == 0x40000


@pytest.mark.parametrize(("name", "notes"), [("performance", ()), ("powersave", ("governor powersave",))])
def test_another_governor_is_a_note(machine: Machine, name: str, notes: tuple[str, ...]) -> None:
    machine.governor(name)
    found, said, told = machine.monitor().finish()
    assert (found.governor, said, told) == (name, (), notes)


def test_swapped_in_pages_are_a_note(machine: Machine) -> None:
    monitor = machine.monitor()
    machine.swap_ins(13)
    found, said, notes = monitor.finish()
    assert (found.swapped_in_pages, said, notes) == (3, (), ("3 pages swapped in",))


def test_involuntary_switches_are_counted_for_the_time_they_took(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """520 in ten seconds are 52 a second, over the limit of 50; 480 are under it."""

    class Usage:
        ru_nivcsw = 100

    monkeypatch.setattr("bench.worker.measuring.disturbances.resource.getrusage", lambda _: Usage)
    monitor = machine.monitor()
    Usage.ru_nivcsw = 100 + 480
    assert verdicts(monitor) == ()
    monitor.start()
    Usage.ru_nivcsw += 520
    found, said, _ = monitor.finish()
    assert found.involuntary_switches_per_s == pytest.approx(52)
    assert said == ("contended",)


def test_the_hottest_zone_counts(machine: Machine) -> None:
    assert temperature_c(machine.root) is None
    machine.write("sys/class/thermal/thermal_zone0/temp", "41250")
    machine.write("sys/class/thermal/thermal_zone1/temp", "-3000")
    machine.write("sys/class/thermal/thermal_zone2/temp", "broken")
    assert temperature_c(machine.root) == 41.25
    monitor = machine.monitor()
    monitor.keeps_group()
    machine.write("sys/class/thermal/thermal_zone0/temp", "40000")
    monitor.keeps_group()
    assert monitor.finish()[0].temperature_c == 41.25


def test_flags_that_cannot_be_read_are_unknown(machine: Machine) -> None:
    assert throttle_flags(machine.root) is None
    machine.write("sys/devices/platform/soc/soc:firmware/get_throttled", "nonsense")
    assert throttle_flags(machine.root) is None
    assert machine.monitor().keeps_group()
