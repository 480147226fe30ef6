"""Emptying a cache, while nobody needs what is in it."""

import contextlib
import shutil
from pathlib import Path

from bench.cache.device_lock import LOCK_NAME, take_lock
from bench.cache.files_lock import FILES_LOCK_NAME, files_in_use

_OURS = (
    "files", "artifacts", "code", "compiled", "peaks", "revisions", "environments", "own-code",
    LOCK_NAME, FILES_LOCK_NAME,
)  # fmt: skip


class CacheBusyError(Exception):
    """Another run still needs the cache; one line about it."""


def empty_cache(cache: Path, lock_wait_s: float) -> str:
    """Under the agent's lock, so that no run loses its files; only what we make, wherever $BENCH_CACHE points."""
    if not cache.exists():
        return f"{cache} is empty"
    holder = take_lock(cache, lock_wait_s)
    if holder:
        raise CacheBusyError(f"another run holds this device ({holder.process}); wait for it to end")
    with files_in_use(cache) as files, files.alone() as alone:
        if not alone:
            raise CacheBusyError(f"another run still sends files of {cache} to its devices; wait for it to end")
        size = _remove_ours(cache)
    with contextlib.suppress(OSError):  # something of the user's lies in it
        cache.rmdir()
    return f"emptied {cache}: {size} bytes"


def _remove_ours(cache: Path) -> int:
    """How many bytes went."""
    ours = [cache / name for name in _OURS]
    ours += cache.glob("wheels-*")
    size = 0
    for item in filter(Path.exists, ours):
        size += sum(path.stat().st_size for path in (item, *item.rglob("*")) if path.is_file())
        if item.is_dir():
            shutil.rmtree(item)
        else:
            item.unlink()
    return size
