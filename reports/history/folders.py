"""Which run folders are meant: those that are named, and those inside a folder that is named."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.errors import UsageError
from bench.journal import PLAN_NAME, RECORDS_NAME


def run_folders(given: Iterable[Path]) -> tuple[Path, ...]:
    """Every run's folder, each once by whatever name; UsageError where one that is named holds none."""
    found: dict[tuple[int, int], Path] = {}
    for path in given:
        try:
            for plan, folder in _under(path):
                found.setdefault((plan.st_dev, plan.st_ino), folder)
        except OSError as error:
            why = os.strerror(error.errno or 0)
            raise UsageError(f"expected a run's folder or one that holds some, got {path}: {why}") from None
    return tuple(found.values())


def _under(path: Path) -> Iterator[tuple[os.stat_result, Path]]:
    """The folder itself where it is a run, else the runs in it."""
    own = _plan(path)
    if own is not None:
        yield own, path
        return
    runs = 0
    for name in sorted(entry.name for entry in os.scandir(path) if entry.is_dir()):
        if (plan := _plan(path / name)) is not None:
            runs += 1
            yield plan, path / name
    if not runs:
        raise UsageError(f"expected a run's folder with {PLAN_NAME} in it, or one that holds some, got {path}")


def _plan(folder: Path) -> os.stat_result | None:
    """Of the folder's plan; None where it has none. A journal without one is a run that lost it."""
    try:
        return (folder / PLAN_NAME).stat()
    except FileNotFoundError:
        if (folder / RECORDS_NAME).exists():
            raise UsageError(
                f"expected {PLAN_NAME} beside {RECORDS_NAME} in {folder}, got none; leave that folder out"
            ) from None
        return None
