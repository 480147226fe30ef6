"""What malloc does with freed memory, in real processes that were started with each choice."""

import ctypes.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.system import allocator
from bench.system.allocator import ALLOCATORS, DEFAULT_ALLOCATOR, allocator_environment
from bench.system.inherited import without_inherited
from bench.worker.measuring.page_faults import check_allocator
from bench.worker.runtimes.loaded import UnsupportedError

_CHECK = """
import sys
from bench.worker.measuring.page_faults import check_allocator, keeps_freed_memory
print(keeps_freed_memory())
check_allocator(sys.argv[1])
"""


def started(name: str) -> subprocess.CompletedProcess[str]:
    """A process that has that allocator, and says whether it keeps what is freed."""
    environment = without_inherited(os.environ) | allocator_environment(name)
    command = [sys.executable, "-c", _CHECK, name]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ALLOCATORS)
def test_a_process_has_the_allocator_that_was_chosen(name: str) -> None:
    library = ALLOCATORS[name].library
    if library and ctypes.util.find_library(library) is None:
        pytest.skip(f"{library} is not installed")
    ended = started(name)
    assert (ended.returncode, ended.stdout.strip()) == (0, str(ALLOCATORS[name].retains)), ended.stderr


def test_another_allocator_than_the_one_asked_for_is_refused() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _CHECK, DEFAULT_ALLOCATOR],
        env=without_inherited(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.strip() == "False"
    assert "UnsupportedError: expected malloc to keep what was freed (--allocator retained)" in ended.stderr


def test_a_library_that_is_not_installed_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator, "_library", lambda name: None)
    assert allocator_environment("jemalloc") == {}
    if "libjemalloc" in Path("/proc/self/maps").read_text():
        pytest.skip("these tests run under jemalloc themselves")
    with pytest.raises(UnsupportedError, match="jemalloc is not installed on this device; install libjemalloc2"):
        check_allocator("jemalloc")


def test_an_unknown_allocator_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an allocator of system, retained, jemalloc, got 'tcmalloc'"):
        allocator_environment("tcmalloc")
