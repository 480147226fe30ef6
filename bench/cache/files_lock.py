"""Who may remove files from a cache: nobody while a run may still send them to a device."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.cache.device_lock import is_still

FILES_LOCK_NAME = "files.lock"


@contextmanager
def files_in_use(cache: Path) -> Iterator["FilesLock"]:
    """For as long as a run may send files of this cache. Several runs may; the kernel lets go when a holder dies."""
    path = cache / FILES_LOCK_NAME
    while True:
        cache.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if is_still(path, descriptor):
            break
        os.close(descriptor)
    try:
        yield FilesLock(descriptor)
    finally:
        os.close(descriptor)


class FilesLock:
    """One holder's share."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether nobody else holds the files, and nobody can until the end of the block."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            alone = False
        else:
            alone = True
        try:
            yield alone
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)
