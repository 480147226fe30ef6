"""The caches of a CPU, as the kernel describes them."""

import re
from collections.abc import Iterable
from pathlib import Path

from bench.system.affinity import SYS
from bench.system.files import text_of

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}


def last_level_bytes(cpus: Iterable[int], sys: Path = SYS) -> int | None:
    """The size of the largest cache that any of the CPUs has; None where the kernel does not tell."""
    sizes = [
        size
        for cpu in cpus
        for index in (sys / f"cpu/cpu{cpu}/cache").glob("index[0-9]*")
        if (size := _bytes(text_of(index / "size"))) is not None
    ]
    return max(sizes, default=None)


def _bytes(text: str) -> int | None:
    """`32768K`."""
    found = re.fullmatch(r"(\d{1,9})([KM]?)", text)
    return None if found is None or not int(found[1]) else int(found[1]) * _UNITS[found[2]]
