"""Many runs at once: their journals are the database, shared out over the CPUs where there is much to read."""

import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from bench.journal import RECORDS_NAME, Progress, silent
from bench.records.workload import Unit
from reports.history.folders import run_folders
from reports.history.points import History, Point, Series
from reports.history.scan import Scan, ScannedRun
from reports.history.wanted import Wanted
from reports.tables.csv_table import OF_UNIT

ALONE_BYTES = 32 << 20  # of journals, below which starting other processes takes longer than reading
SHARE_BYTES = 16 << 20  # of one share, so that no process has much more to do than another
MOST_PROCESSES = 8


def read_history(given: Iterable[Path], wanted: Wanted, progress: Progress = silent) -> History:
    """The cells that are wanted over all runs; UsageError where a folder holds no run, or one that is damaged.

    A run that is given twice, or whose copy is given, counts once.
    """
    folders = run_folders(given)
    sizes = [_size(folder) for folder in folders]
    shares, done = [], 0
    for share, size in _scanned(folders, sizes, wanted):
        shares.append(share)
        done += size
        progress("reading", done, sum(sizes))
    return _history(shares)


def _scanned(folders: Sequence[Path], sizes: Sequence[int], wanted: Wanted) -> Iterator[tuple[Scan, int]]:
    """Shares of the runs in their order, each with its bytes."""
    shares = list(_shares(folders, sizes))
    processes = min(len(os.sched_getaffinity(0)), len(shares), MOST_PROCESSES)
    scan = partial(_scan, wanted)
    if processes < 2 or sum(sizes) < ALONE_BYTES:
        yield from ((scan(share), size) for share, size in shares)
        return
    # Fresh processes, since a fork of a process with threads may hang; Ctrl-C is for us alone.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN))
    try:
        yield from zip(pool.map(scan, [share for share, _ in shares]), [size for _, size in shares], strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


def _scan(wanted: Wanted, folders: Sequence[Path]) -> Scan:
    scan = Scan(wanted=wanted)
    for folder in folders:
        scan.read(folder)
    return scan


def _size(folder: Path) -> int:
    try:
        return (folder / RECORDS_NAME).stat().st_size
    except OSError:
        return 0  # nothing was measured, or reading says what is wrong


def _shares(folders: Sequence[Path], sizes: Sequence[int]) -> Iterator[tuple[list[Path], int]]:
    share: list[Path] = []
    held = 0
    for folder, size in zip(folders, sizes, strict=True):
        share.append(folder)
        held += size
        if held >= SHARE_BYTES:
            yield share, held
            share, held = [], 0
    if share:
        yield share, held


def _history(shares: Sequence[Scan]) -> History:
    runs = [run for share in shares for run in share.runs]
    kept = _once(runs)
    grouped: dict[tuple[int, str], list[Point]] = {}
    place: dict[Unit, int] = {}  # a number is hashed a hundred times as fast
    first = 0
    for share in shares:
        places = [place.setdefault(cell, len(place)) for cell in share.cells]
        for cell, run, fingerprint, code, medians, said, ended in share.found:
            if first + run in kept:
                point = Point(share.runs[run], code, medians, said, ended)
                grouped.setdefault((places[cell], fingerprint), []).append(point)
        first += len(share.runs)
    return History(
        series=tuple(_series(list(place), grouped)),
        runs=tuple(sorted((runs[each] for each in kept), key=lambda run: run.created_utc)),
        environments={name: one for share in reversed(shares) for name, one in share.environments.items()},
        records=sum(share.records for share in shares),
        damage=tuple(line for share in shares for line in share.damage),
    )


def _series(cells: Sequence[Unit], grouped: Mapping[tuple[int, str], list[Point]]) -> Iterator[Series]:
    """By name, those of one cell next to each other in the order of time."""
    for points in grouped.values():
        points.sort(key=lambda point: point.run.created_utc)

    def order(item: tuple[tuple[int, str], list[Point]]) -> tuple[str, ...]:
        (cell, _), points = item
        return (*(str(value(cells[cell])) for value in OF_UNIT.values()), points[0].run.created_utc)

    for (cell, fingerprint), points in sorted(grouped.items(), key=order):
        yield Series(cell=cells[cell], fingerprint=fingerprint, points=tuple(points))


def _once(runs: Sequence[ScannedRun]) -> frozenset[int]:
    """Of copies of a run, which have the same plan, the one that holds most."""
    best: dict[str, int] = {}
    for number, run in enumerate(runs):
        if run.plan not in best or runs[best[run.plan]].bytes < run.bytes:
            best[run.plan] = number
    return frozenset(best.values())
