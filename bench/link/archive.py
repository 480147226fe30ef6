"""The code that travels to a device: our pure-Python packages and plug-ins in one zip file, named by its hash."""

import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

from bench.plan.plugins import sources
from bench.plan.sources import files_of

# `reports` stays on the host; nothing a device runs needs it.
PACKAGES = ("bench", "models", "operators")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip file can say


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A zip file that Python imports from as it is; equal sources give equal bytes."""

    data: bytes
    digest: str


@lru_cache(maxsize=1)
def code_archive() -> Archive:
    """Pack once per process: 30 ms, against a file cache's own hashing of all sources."""
    return pack(tuple((name, resources.files(name)) for name in PACKAGES), sources(pure=True))


def pack(packages: tuple[tuple[str, Traversable], ...], others: Iterable[tuple[str, bytes]] = ()) -> Archive:
    """The packages' Python files under their names, then the others, in a fixed order, without times and modes."""
    files = [file for name, folder in packages for file in sorted(files_of(name, folder))]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, source in (*files, *sorted(others)):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, source)
    data = buffer.getvalue()
    return Archive(data=data, digest=hashlib.sha256(data).hexdigest())
