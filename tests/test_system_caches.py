"""Cache sizes as the kernel's files tell them."""

from pathlib import Path

import pytest

from bench.system.caches import last_level_bytes


def caches(root: Path, cpu: int, *sizes: str) -> None:
    for number, size in enumerate(sizes):
        folder = root / f"cpu/cpu{cpu}/cache/index{number}"
        folder.mkdir(parents=True)
        (folder / "size").write_text(f"{size}\n")


def test_the_last_level_is_the_largest_of_all_cpus_in_use(tmp_path: Path) -> None:
    caches(tmp_path, 0, "32K", "32K", "512K", "16M")
    caches(tmp_path, 1, "32K", "32K", "1024K", "32768K")
    assert last_level_bytes([0], tmp_path) == 16 << 20
    assert last_level_bytes([0, 1], tmp_path) == 32 << 20


@pytest.mark.parametrize("size", ["", "0K", "-1K", "lots", "9" * 40 + "K", "12G", "1e3K"])
def test_what_is_no_size_is_not_known(tmp_path: Path, size: str) -> None:
    caches(tmp_path, 0, size)
    assert last_level_bytes([0], tmp_path) is None
    assert last_level_bytes([7], tmp_path) is None
