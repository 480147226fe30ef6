"""Ceilings that were measured before, by the fingerprint of their device: one small JSON file for each."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from bench.durable import write_atomically
from bench.records.ceilings import Ceilings
from bench.wire.decode import decode, encode

FOLDER = "peaks"
_FORM = 1  # of what is measured and how: another one is measured anew
_MOST_BYTES = 1 << 20


class PeakCache:
    """The `peaks/` folder of the host's cache."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / FOLDER

    def get(self, fingerprint: str, dtype: str, threads: int, max_age_s: float) -> Ceilings | None:
        """Those of such a device, no older than that; None where there are none, or what lies there is none."""
        try:
            path = self._path(fingerprint, dtype, threads)
            found = decode(Ceilings, json.loads(path.read_bytes()) if path.stat().st_size <= _MOST_BYTES else None)
            age_s = (datetime.now(UTC) - datetime.fromisoformat(found.taken_utc)).total_seconds()
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        fitting = (found.dtype, found.threads) == (dtype, threads) and bool(found.gemms or found.bandwidths)
        return found if fitting and 0 <= age_s <= max_age_s else None

    def put(self, fingerprint: str, found: Ceilings) -> None:
        """Keep them; OSError on a full disk."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path(fingerprint, found.dtype, found.threads), json.dumps(encode(found)))

    def _path(self, fingerprint: str, dtype: str, threads: int) -> Path:
        # A device gives its own fingerprint: no word of it becomes part of a path.
        name = json.dumps([_FORM, fingerprint, dtype, threads])
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.json"
