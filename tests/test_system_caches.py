"""Caches as the kernel lists them, from made-up files."""

from pathlib import Path

import pytest

from bench.system.caches import CacheLevel, cache_levels


def cache(root: Path, cpu: int, index: int, level: str, kind: str, size: str, shared: str) -> None:
    folder = root / f"cpu/cpu{cpu}/cache/index{index}"
    folder.mkdir(parents=True)
    for name, text in (("level", level), ("type", kind), ("size", size), ("shared_cpu_list", shared)):
        (folder / name).write_text(text + "\n")


@pytest.fixture
def four_cpus(tmp_path: Path) -> Path:
    """Two clusters of two cores: each core its L1, each cluster its L2, one L3."""
    for cpu in range(4):
        pair = "0-1" if cpu < 2 else "2-3"
        cache(tmp_path, cpu, 0, "1", "Data", "32K", str(cpu))
        cache(tmp_path, cpu, 1, "1", "Instruction", "64K", str(cpu))
        cache(tmp_path, cpu, 2, "2", "Unified", "512K", pair)
        cache(tmp_path, cpu, 3, "3", "Unified", "8M", "0-3")
    return tmp_path


def sizes(*found: tuple[str, int]) -> tuple[CacheLevel, ...]:
    return tuple(CacheLevel(name=name, size_bytes=size << 10) for name, size in found)


def test_one_cpu_has_its_own_and_all_of_what_it_shares(four_cpus: Path) -> None:
    assert cache_levels((2,), four_cpus) == sizes(("L1d", 32), ("L2", 512), ("L3", 8192))


def test_a_shared_cache_counts_once_and_private_ones_each(four_cpus: Path) -> None:
    assert cache_levels((0, 1), four_cpus) == sizes(("L1d", 64), ("L2", 512), ("L3", 8192))
    assert cache_levels((0, 2), four_cpus) == sizes(("L1d", 64), ("L2", 1024), ("L3", 8192))


def test_a_kernel_that_tells_nothing_or_nonsense(tmp_path: Path) -> None:
    assert cache_levels((0,), tmp_path) == ()
    cache(tmp_path, 0, 0, "1", "Data", "many", "0")
    cache(tmp_path, 0, 1, "2", "Unified", "0K", "0")
    assert cache_levels((0,), tmp_path) == ()
