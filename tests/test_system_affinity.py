"""Which CPUs are chosen, on machines made of files."""

from pathlib import Path

import pytest

from bench.system.affinity import Cpu, big_cpus, choose, parse_cpu_list, thread_environment, topology


def machine(
    root: Path,
    cores: list[tuple[int, int]],
    *,
    nodes: dict[int, str] | None = None,
    capacities: list[int] | None = None,
    frequencies: list[int] | None = None,
    allowed: set[int] | None = None,
) -> tuple[Cpu, ...]:
    """Write a /sys/devices/system with (package, core) of each CPU, and read it."""
    for number, (package, core) in enumerate(cores):
        write(root / f"cpu/cpu{number}/topology/physical_package_id", str(package))
        write(root / f"cpu/cpu{number}/topology/core_id", str(core))
        if capacities:
            write(root / f"cpu/cpu{number}/cpu_capacity", str(capacities[number]))
        if frequencies:
            write(root / f"cpu/cpu{number}/cpufreq/cpuinfo_max_freq", str(frequencies[number]))
    for node, cpus in (nodes or {}).items():
        write(root / f"node/node{node}/cpulist", cpus)
    return topology(allowed or set(range(len(cores))), root)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def separate(count: int) -> list[tuple[int, int]]:
    return [(0, core) for core in range(count)]


def test_core_0_is_left_to_the_kernel(tmp_path: Path) -> None:
    cpus = machine(tmp_path, separate(4))
    assert choose(cpus, 1) == (1,)
    assert choose(cpus, 3) == (1, 2, 3)
    assert choose(cpus, 4) == (0, 1, 2, 3)


def test_one_hyper_thread_a_core(tmp_path: Path) -> None:
    """Four cores whose second threads are CPUs 4 to 7; core 0's first thread comes before any second one."""
    cpus = machine(tmp_path, separate(4) * 2)
    assert choose(cpus, 2) == (1, 2)
    assert choose(cpus, 4) == (0, 1, 2, 3)
    assert choose(cpus, 5) == (0, 1, 2, 3, 5)


def test_neighbouring_hyper_threads(tmp_path: Path) -> None:
    """The other numbering: CPUs 0 and 1 share core 0."""
    cpus = machine(tmp_path, [(0, number // 2) for number in range(8)])
    assert choose(cpus, 3) == (2, 4, 6)


def test_big_cores_come_first(tmp_path: Path) -> None:
    """An RK3588: four A55, four A76 in two clusters of nearly equal capacity."""
    cpus = machine(tmp_path, separate(8), capacities=[530] * 4 + [1024, 1024, 1018, 1018])
    assert choose(cpus, 2) == (4, 5)
    assert choose(cpus, 4) == (4, 5, 6, 7)
    assert choose(cpus, 5) == (1, 4, 5, 6, 7)
    assert big_cpus(cpus) == (4, 5, 6, 7)


def test_cores_of_two_clusters_are_no_hyper_threads_of_each_other(tmp_path: Path) -> None:
    """Newer kernels count core_id from 0 in each cluster of an ARM chip; only the list of siblings tells."""
    machine(tmp_path, [(0, 0), (0, 1), (0, 0), (0, 1)])
    for number in range(4):
        write(tmp_path / f"cpu/cpu{number}/topology/core_cpus_list", str(number))
    assert len({cpu.core for cpu in topology({0, 1, 2, 3}, tmp_path)}) == 4
    for number in range(4):
        write(tmp_path / f"cpu/cpu{number}/topology/core_cpus_list", "0,2" if number in (0, 2) else "1,3")
    assert len({cpu.core for cpu in topology({0, 1, 2, 3}, tmp_path)}) == 2


def test_a_favoured_core_is_no_class_of_its_own(tmp_path: Path) -> None:
    """Desktop CPUs let two cores clock a few percent higher: no reason to use both of their hyper-threads."""
    clocks = [5_000_000, 5_000_000, 5_200_000, 5_200_000] * 2
    cpus = machine(tmp_path, separate(4) * 2, frequencies=clocks)
    assert choose(cpus, 3) == (1, 2, 3)
    assert big_cpus(cpus) == ()


def test_efficient_cores_come_last(tmp_path: Path) -> None:
    """A hybrid desktop CPU: two fast cores with two threads each, four slow ones."""
    cores = [(0, 0), (0, 0), (0, 1), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5)]
    cpus = machine(tmp_path, cores, frequencies=[5_000_000] * 4 + [3_700_000] * 4)
    assert choose(cpus, 1) == (2,)
    assert choose(cpus, 2) == (0, 2)
    assert big_cpus(cpus) == (0, 1, 2, 3)


def test_threads_stay_on_one_node(tmp_path: Path) -> None:
    cores = [(number // 4, number % 4) for number in range(8)]
    cpus = machine(tmp_path, cores, nodes={0: "0-3", 1: "4-7"})
    assert choose(cpus, 2) == (1, 2)
    # Node 0 has three CPUs beside core 0, node 1 four.
    assert choose(cpus, 4) == (4, 5, 6, 7)
    assert len(choose(cpus, 6)) == 6


def test_only_allowed_cpus_are_taken(tmp_path: Path) -> None:
    """In a container limited to CPUs 2, 3, 6 and 7, where 6 and 7 are the second threads of 2 and 3."""
    cpus = machine(tmp_path, separate(4) * 2, allowed={2, 3, 6, 7})
    assert choose(cpus, 1) == (2,)
    assert choose(cpus, 2) == (2, 3)
    assert choose(cpus, 4) == (2, 3, 6, 7)


@pytest.mark.parametrize("threads", [0, 5])
def test_more_threads_than_cpus_are_refused(tmp_path: Path, threads: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 4 threads"):
        choose(machine(tmp_path, separate(4)), threads)


def test_a_kernel_that_describes_nothing_has_equal_cores(tmp_path: Path) -> None:
    cpus = topology({0, 1, 2}, tmp_path)
    assert len({cpu.core for cpu in cpus}) == 3
    assert choose(cpus, 2) == (1, 2)
    assert big_cpus(cpus) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0-3,8", (0, 1, 2, 3, 8)), ("5", (5,)), ("", ()), ("\n", ()), ("0-1,4-5,9\n", (0, 1, 4, 5, 9))],
)
def test_the_kernels_lists(text: str, expected: tuple[int, ...]) -> None:
    assert parse_cpu_list(text) == expected


def test_every_library_is_told_the_threads() -> None:
    told = thread_environment(3)
    assert {told[name] for name in told if name.endswith("THREADS")} == {"3"}
    assert told["OMP_DYNAMIC"] == "FALSE"
