"""A device that another run holds: every command that waits for it says so."""

import fcntl
from pathlib import Path

import pytest

from bench.cache.device_lock import LOCK_NAME
from tests.bench_process import BenchProcess


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [("peak",), ("doctor",), ("salience",), ("ops", "--op", "dwconv", "--size", "8x8x8", "--quick")]
)
def test_a_command_that_waits_for_a_device_says_so(arguments: tuple[str, ...], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    with (cache / LOCK_NAME).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = BenchProcess(tmp_path, cache).start(*arguments)
        try:
            assert process.stderr is not None
            assert "no answer yet; if another run holds it, this one waits for up to 30 s" in process.stderr.readline()
        finally:
            process.terminate()
            process.communicate()
