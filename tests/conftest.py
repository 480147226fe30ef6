"""Fixtures that several test files share."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.bench_process import BenchProcess
from tests.cutting_proxy import CuttingProxy
from tests.sshd import MISSING, Sshd

Mount = Callable[[Path, str], None]

# No test fails for a machine that stands still for a moment, nor for colours that somebody's shell asks for.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
# What a device can do at most takes half a minute to measure: the tests that are about it ask for it.
os.environ["BENCH_NO_LIMIT"] = "1"
for variable in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "PYTHON_COLORS"):
    os.environ.pop(variable, None)


@pytest.fixture(scope="session", autouse=True)
def _signals_of_a_terminal() -> Iterator[None]:
    """What is started here can be interrupted, also where `nohup` or a script's `&` has the tests ignore signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)}
    for number in before:
        if before[number] == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module", autouse=True)
def _a_cpu_for_each() -> None:
    """Tests that run side by side compute on one thread each: two that share all CPUs wait for each other."""
    if "PYTEST_XDIST_WORKER" in os.environ and "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder in which a command of this process starts, with a cache of its own: what it writes is seen."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> BenchProcess:
    """Commands in processes of their own, in a folder and with a cache that a file's tests share."""
    folder = tmp_path_factory.mktemp("bench")
    return BenchProcess(folder, folder / "cache")


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A fresh sshd on loopback, ended with everything it started."""
    if MISSING:
        pytest.skip(MISSING)
    server = Sshd(tmp_path / "sshd")
    yield server
    server.close()


@pytest.fixture
def proxy(sshd: Sshd) -> Iterator[CuttingProxy]:
    """A proxy before that server, whose port is trusted too."""
    cutting = CuttingProxy(sshd.port)
    sshd.trust(sshd.port, cutting.port)
    yield cutting
    cutting.close()


@pytest.fixture
def mounted() -> Iterator[Mount]:
    """Mount a small tmpfs; gone after the test."""
    folders: list[Path] = []

    def mount(folder: Path, options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={options}", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
        folders.append(folder)

    yield mount
    for folder in folders:
        subprocess.run(["umount", "-l", str(folder)], check=True)
