"""Fixtures that several test files share."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sshd import MISSING, Sshd

Mount = Callable[[Path, str], None]


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A fresh sshd on loopback, ended with everything it started."""
    if MISSING:
        pytest.skip(MISSING)
    server = Sshd(tmp_path / "sshd")
    yield server
    server.close()


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
