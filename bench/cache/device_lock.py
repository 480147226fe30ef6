"""One run at a time on a device: a lock that the kernel frees when its holder dies."""

import fcntl
import os
import time
from pathlib import Path

LOCK_NAME = "agent.lock"


def take_lock(cache: Path, wait_s: float) -> str:
    """Hold the device until this process dies; returns who holds it where it stays taken for `wait_s`."""
    cache.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait_s
    while True:
        descriptor = os.open(cache / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or "another process"
        else:
            if is_still(cache / LOCK_NAME, descriptor):
                break
            holder = "a process that empties the cache"
        os.close(descriptor)
        if time.monotonic() >= until:
            return holder
        cache.mkdir(parents=True, exist_ok=True)
        time.sleep(0.2)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} since {time.strftime('%H:%M:%S', time.gmtime())} UTC\n".encode(), 0)
    return ""


def is_still(path: Path, descriptor: int) -> bool:
    """Whether the locked file is the one that others will find; `clean` may have removed it in between."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
