"""A lock on one file of the cache, which the kernel frees when its holder dies."""

import fcntl
import os
from pathlib import Path

from bench.cache.device_lock import is_still


def held(path: Path) -> int | None:
    """A descriptor that holds the lock until it is closed; None where another process has it."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        if is_still(path, lock):
            return lock
        os.close(lock)
