"""Fixtures that several test files share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sshd import MISSING, Sshd


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A fresh sshd on loopback, ended with everything it started."""
    if MISSING:
        pytest.skip(MISSING)
    server = Sshd(tmp_path / "sshd")
    yield server
    server.close()
