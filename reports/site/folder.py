"""The folder of a site: whose it is, and what is written and taken away there."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from bench.errors import UsageError
from bench.journal import PLAN_NAME, RECORDS_NAME
from bench.records.study import STUDIES
from reports.write import replace_file

RUNS = "runs"
MARK = "site.json"  # by which a folder is known to hold a site
PAGE = "index.html"
TABLE = "table.csv"
RUN_FILES = (PAGE, TABLE, RECORDS_NAME, PLAN_NAME)  # of each run; the last one tells that the others are ours
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_MADE_BY = "bench site"


def check_target(folder: Path, sources: Iterable[Path]) -> None:
    """UsageError where the folder holds something that is no site of ours, or runs that a site is made from."""
    if folder.exists() and any(folder.iterdir()) and not _is_ours(folder):
        raise UsageError(
            f"expected an empty or new folder for --out, or one that `bench site` has made, got {folder}, which holds"
            f" other files and no {MARK} of ours; choose another"
        )
    for source in sources:
        if source.resolve().is_relative_to(folder.resolve()):
            raise UsageError(
                f"expected runs outside of --out, got {source}, and {folder} is written anew; keep them elsewhere"
            )


def check_timed(command: str, name: str) -> None:
    """UsageError where runs of that command time nothing that a site has a row for."""
    if command == "accuracy" or command in STUDIES:
        raise UsageError(
            f"expected runs of ops, models, layers or compare for a site, got {name} of bench {command}; "
            "its own report.html has its results"
        )


def _is_ours(folder: Path) -> bool:
    try:
        found = json.loads((folder / MARK).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("made_by") == _MADE_BY


def run_names(folders: Iterable[Path]) -> dict[str, Path]:
    """The folders by their names, which become addresses; UsageError where one has none to show, or that of another."""
    found: dict[str, Path] = {}
    for folder in folders:
        name = folder.resolve().name
        if not NAME.fullmatch(name):
            raise UsageError(
                f"expected a run's folder named by up to 80 letters, digits, _, . and -, as its address will be, got "
                f"{name[:90]!r}; rename it"
            )
        if name.lower() in (known.lower() for known in found):
            raise UsageError(
                f"expected folders of different names, got {found.get(name, name)} and {folder}; rename one"
            )
        found[name] = folder
    return found


def write_site(folder: Path, files: Mapping[str, bytes], runs: Collection[str]) -> None:
    """Each file by its path in the folder, whole or not at all, `index.html` last; then pages of other runs go.

    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / MARK, json.dumps({"made_by": _MADE_BY}).encode() + b"\n")
    for name, content in sorted(files.items(), key=lambda item: item[0] == PAGE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        replace_file(folder / name, content)
    for old in sorted((folder / RUNS).iterdir()):
        if old.name not in runs and (old / PLAN_NAME).is_file():
            _remove(old)


def _remove(old: Path) -> None:
    """What we made there; a file of anyone else stays, and its folder with it."""
    for name in RUN_FILES:
        (old / name).unlink(missing_ok=True)
    if old.is_dir() and not any(old.iterdir()):
        old.rmdir()
