"""Files named by their SHA-256 in a device's cache; a file is there whole or not at all."""

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from bench.errors import UsageError

# A board's card takes some 10 MB/s: one sync of a large network at its end would silence the agent for longer than its
# lease.
SYNC_BYTES = 8 << 20
REMEDY = "set BENCH_CACHE to a folder that can be written"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def default_cache() -> Path:
    """$BENCH_CACHE, else ~/.cache/bench; UsageError where neither names a folder."""
    if given := os.environ.get("BENCH_CACHE"):
        return Path(given)
    try:
        return Path.home() / ".cache/bench"
    except RuntimeError:  # a user of no name, as in a container
        raise UsageError(f"expected a home folder, this user has none; {REMEDY}") from None


def usable_cache() -> Path:
    """The same folder, made; UsageError where no file can be kept there."""
    cache = default_cache()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache, buffering=0) as file:
            file.write(bytes(4096))  # a full disk takes names
    except OSError as error:
        raise UsageError(
            f"expected to keep files in {cache}, got: {os.strerror(error.errno or 0)}; make room there, or {REMEDY}"
        ) from None
    return cache


class Store:
    """The `files/` folder of a cache. A digest is checked to be one before it becomes part of a path."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "files"
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, digest: str) -> Path:
        """Where the file of that digest is or would be; ValueError where it is no digest."""
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"expected a SHA-256 in hexadecimal, got {digest[:80]!r}")
        return self.folder / digest

    def has(self, digest: str) -> bool:
        """Whether the file is there."""
        return self.path(digest).is_file()

    def add_file(self, path: Path) -> str:
        """Take a finished file of the same file system in (it is moved); returns its digest."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        path.replace(self.path(digest))
        return digest

    def add_bytes(self, data: bytes) -> str:
        """Write bytes; returns their digest."""
        digest = hashlib.sha256(data).hexdigest()
        incoming = Incoming(self, digest, len(data))
        incoming.write(data)
        incoming.finish()
        return digest

    def keep_only(self, digests: set[str]) -> None:
        """Remove all else, also what a killed process left half written or converted; not while another run uses it."""
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name not in digests:
                path.unlink(missing_ok=True)


class Incoming:
    """A file on its way in: written beside, checked against its digest, then renamed."""

    def __init__(self, store: Store, digest: str, size: int) -> None:
        self._target, self._digest, self._left = store.path(digest), digest, size
        self._hash = hashlib.sha256()
        self._unsynced = 0
        descriptor, name = tempfile.mkstemp(dir=store.folder, prefix=".incoming-")
        self._path = Path(name)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        """Add bytes; ValueError past the announced size, OSError on a full disk."""
        self._left -= len(data)
        if self._left < 0:
            self.abort()
            raise ValueError("more bytes came than were announced")
        self._hash.update(data)
        self._file.write(data)
        self._unsynced += len(data)
        if self._unsynced >= SYNC_BYTES:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._unsynced = 0

    def finish(self) -> None:
        """Check size and digest, make it last, rename it; ValueError where they differ."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if self._left or self._hash.hexdigest() != self._digest:
                raise ValueError(f"expected a file of digest {self._digest}, other bytes came")
            self._path.replace(self._target)
        finally:
            self.abort()

    def abort(self) -> None:
        """Leave nothing behind; harmless after `finish`."""
        try:
            self._file.close()
        finally:
            self._path.unlink(missing_ok=True)
