"""All that is wrong with a contributed run, one by one: nothing of it is trusted, and no fault ends the search."""

import json
import stat
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from bench.errors import UsageError
from bench.journal import PLAN_NAME, RECORDS_NAME, read_plan
from reports.contributed.fault import Fault
from reports.contributed.plans import wrong_plan, wrong_sizes
from reports.contributed.records import RecordCheck
from reports.contributed.values import wrong_numbers
from reports.site.folder import NAME, check_timed

MOST_FAULTS = 100  # that are told of one run
MOST_BYTES = {PLAN_NAME: 20_000_000, RECORDS_NAME: 100_000_000}  # the latter is what GitHub takes


def faults(folders: Iterable[Path], now: datetime | None = None) -> Iterator[Fault]:
    """Those of each run's folder, and runs that are there twice. `now` is when it is asked, by default this moment."""
    seen: dict[str | bytes, Path] = {}
    for folder in folders:
        found = _of_run(folder, now or datetime.now(UTC), seen)
        yield from islice(found, MOST_FAULTS)
        if next(found, None) is not None:
            yield Fault(path=folder, said=f"more is wrong; the first {MOST_FAULTS} are told")


def _of_run(folder: Path, now: datetime, seen: dict[str | bytes, Path]) -> Iterator[Fault]:
    """`seen` are the first folders of each name, in lower case, and of each plan."""
    found = list(_of_files(folder))
    yield from found
    if found:
        return
    path = folder / PLAN_NAME
    try:
        plan = read_plan(folder)
        check_timed(plan.command, folder.name)
    except UsageError as error:
        yield Fault(path=path, said=str(error).replace(str(path), "it"))
        return
    text = path.read_bytes()
    for what, own in (("an address", folder.resolve().name.lower()), ("a run", text)):
        if (first := seen.setdefault(own, folder)) != folder:
            yield Fault(path=folder, said=f"expected {what} of its own, got that of {first} again")
    raw = json.loads(text)
    outsized = [*wrong_numbers(raw, "plan"), *wrong_sizes(plan)]
    yield from (Fault(path=path, said=said) for said in outsized or wrong_plan(plan, raw, now))
    if outsized:  # whoever reads on would compute without end
        return
    yield from RecordCheck(plan, folder / RECORDS_NAME, now).faults()


def _of_files(folder: Path) -> Iterator[Fault]:
    """The journal has to be two plain files in a folder whose name can be an address."""
    if folder.is_symlink() or not NAME.fullmatch(folder.resolve().name):
        yield Fault(path=folder, said="expected a folder, no link, named by up to 80 letters, digits, _, . and -")
    for name, most in MOST_BYTES.items():
        path = folder / name
        try:
            about = path.lstat()
        except OSError:
            yield Fault(path=path, said="expected a file, got none")
            continue
        if not stat.S_ISREG(about.st_mode):
            yield Fault(path=path, said="expected a plain file, got a link or something else")
        elif about.st_size > most:
            yield Fault(path=path, said=f"expected at most {most} bytes, got {about.st_size}")
