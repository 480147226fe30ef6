"""The kernel's settings, from a /proc and a /sys made of files."""

from pathlib import Path

import pytest

from bench.system.tuning import frequency_hz, tuning

FILES = {
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "schedutil",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "performance",
    "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "1800000",
    "sys/devices/system/cpu/cpu1/cpufreq/cpuinfo_max_freq": "2400000",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "600000",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "1500000",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet",
    "sys/devices/system/node/node0/cpulist": "0",
    "sys/devices/system/node/node1/cpulist": "1",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never",
    "proc/sys/kernel/randomize_va_space": "2",
    "proc/meminfo": "MemAvailable: 1000 kB\nSwapTotal: 500 kB\nSwapFree: 400 kB\nHugePages_Total: 0\nodd",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        write(tmp_path, name, text)
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def test_a_machine_that_tells_everything(root: Path) -> None:
    found = tuning((0, 1), root)
    assert (found.governor, found.max_frequency_hz, found.clock_source) == (
        "performance,schedutil",
        1_800_000_000,
        "hpet",
    )
    assert (found.numa_nodes, found.huge_pages, found.aslr) == (2, "madvise", 2)
    assert (found.memory_available_bytes, found.swap_bytes, found.swap_used_bytes) == (1_024_000, 512_000, 102_400)


def test_only_the_cpus_in_use_count(root: Path) -> None:
    assert tuning((1,), root).governor == "performance"
    assert (frequency_hz((1,), root), frequency_hz((0, 1), root)) == (1_500_000_000, 600_000_000)


@pytest.mark.parametrize(
    ("name", "text", "boost"),
    [
        ("cpufreq/boost", "1", True),
        ("cpufreq/boost", "0", False),
        ("intel_pstate/no_turbo", "0", True),
        ("intel_pstate/no_turbo", "1", False),
        ("cpufreq/boost", "perhaps", None),
    ],
)
def test_boost_is_said_in_two_ways(name: str, text: str, boost: bool | None, root: Path) -> None:
    write(root, f"sys/devices/system/cpu/{name}", text)
    assert tuning((0,), root).boost is boost


@pytest.mark.parametrize(("capabilities", "lowest"), [("0000000000800000", -20), ("000001ffff7fffff", 0)])
def test_who_may_take_a_lower_nice(capabilities: str, lowest: int, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.nice", lambda _: 0)  # whatever these tests run at
    write(root, "proc/self/status", f"Name:\tx\nCapEff:\t{capabilities}")
    assert min(tuning((), root).lowest_nice, 0) == lowest


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    found = tuning((0,), tmp_path)
    assert (found.governor, found.max_frequency_hz, found.boost, found.numa_nodes) == ("", None, None, 1)
    assert (found.swap_bytes, found.swap_used_bytes, found.memory_available_bytes, found.aslr) == (None,) * 4
    assert frequency_hz((0,), tmp_path) is None
