"""One run at a time on a device: a lock that the kernel frees when its holder dies."""

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

LOCK_NAME = "agent.lock"


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who has a device: its process, for people; the run it serves, and what that run calls the device."""

    process: str
    run: str = ""
    device: str = ""


def take_lock(cache: Path, wait_s: float, run: str = "", device: str = "") -> Holder | None:
    """Hold the device until this process dies; returns who has it where it stays taken for `wait_s`.

    Nobody waits for the same run under another name: that one ends with the run.
    """
    cache.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait_s
    while True:
        descriptor = os.open(cache / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _holder(os.pread(descriptor, 400, 0).decode("utf-8", "replace"))
        else:
            if is_still(cache / LOCK_NAME, descriptor):
                break
            holder = Holder(process="a process that empties the cache")
        os.close(descriptor)
        if time.monotonic() >= until or (run and holder.run == run and holder.device != device):
            return holder
        cache.mkdir(parents=True, exist_ok=True)
        time.sleep(0.2)
    os.ftruncate(descriptor, 0)
    since = time.strftime("%H:%M:%S", time.gmtime())
    os.pwrite(descriptor, f"process {os.getpid()} since {since} UTC\n{run}\n{device}\n".encode(), 0)
    return None


def _holder(text: str) -> Holder:
    process, run, device, *_ = [*text.split("\n"), "", "", ""]
    return Holder(process=process.strip() or "another process", run=run, device=device)


def is_still(path: Path, descriptor: int) -> bool:
    """Whether the locked file is the one that others will find; `clean` may have removed it in between."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
