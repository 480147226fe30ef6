"""How narrow a workload's comparison with itself is, by the bursts and seats of each side.

    python scripts/seats.py fasternet_t0@onnxruntime

A line for each way: half the interval and the time that the pairs took, then the mean log ratio of the pairs whose
first side loaded first and of those whose second did. Let nothing else run meanwhile.
"""

import argparse
import time
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from unittest.mock import patch

from bench.api import compare, read_run
from bench.host import pair as host_pair

WAYS = ((18, 6), (18, 18), (30, 6), (30, 30))  # bursts of a side, and of them on one seat


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subject", help="as bench compare takes it")
    parser.add_argument("--pairs", type=int, default=8)
    given = parser.parse_args()
    compare(given.subject, given.subject, pairs=1)  # what must be exported is exported
    for bursts, on_one in WAYS:
        with patch.multiple(host_pair, BURSTS_PER_SIDE=bursts, BURSTS_PER_SEAT=on_one):
            print(line(given.subject, given.pairs, bursts, bursts // on_one), flush=True)


def line(subject: str, pairs: int, bursts: int, seats: int) -> str:
    """Compare it with itself once."""
    with TemporaryDirectory() as scratch:
        started = time.monotonic()
        made = compare(subject, subject, pairs=pairs, out=Path(scratch) / "run")
        seconds = time.monotonic() - started
        records = [record for record in read_run(Path(scratch) / "run").pair_records if record.status == "done"]
    loaded_first = [
        fmean(record.log_ratio for record in records if record.pair.first.round % 2 == second) for second in (0, 1)
    ]
    told = " and ".join(f"{share:+.2%}" for share in loaded_first)
    half = "no interval" if made.smallest is None else f"±{made.smallest:.2%}"
    return f"{bursts} bursts, {seats} seats: {half}, {seconds:.0f} s; the first loaded first, the second did: {told}"


if __name__ == "__main__":
    main()
