"""A revision checked out beside the user's tree: a git worktree in the cache, gone when it is no longer needed."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.cache.path_lock import held
from bench.errors import UsageError
from bench.host.repository import Repository

FOLDER = "revisions"
_SHOWN = 3  # names in a note
_POINTER = b"version https://git-lfs.github.com/spec/"


@contextmanager
def checked_out(repository: Repository, commit: str, cache: Path) -> Iterator[Path]:
    """The commit's files, for the time of the block; what a killed run left behind is removed first.

    The folder has the same name for the same repository and commit, so that a run that goes on finds what its plan
    names. UsageError where another process has it, or git cannot make it.
    """
    room = cache / FOLDER
    room.mkdir(parents=True, exist_ok=True)
    _remove_left(repository, room)
    mark = hashlib.sha256(os.fsencode(repository.top)).hexdigest()[:8]
    tree = room / f"{mark}-{commit[:12]}"
    lock = held(_lock_of(tree))
    if lock is None:
        raise UsageError(f"expected to check {commit[:12]} out alone, another run has it; wait for it to end")
    try:
        os.write(lock, os.fsencode(repository.top))
        _remove(repository, repository.top, tree)  # left without its lock, or known to git alone
        done = repository.git("worktree", "add", "--detach", str(tree), commit)
        if done.code:
            raise UsageError(f"expected to check {commit[:12]} out into {tree}, got: {done.last_line}")
        yield tree
    finally:
        _remove(repository, repository.top, tree)
        _lock_of(tree).unlink(missing_ok=True)
        os.close(lock)


def missing_parts(repository: Repository, tree: Path) -> tuple[str, ...]:
    """What a checkout of git lacks, a line each: submodules, and files of LFS that were not fetched."""
    entries = repository.git("ls-files", "--stage", "-z", folder=tree).output.split("\0")
    modules = [entry.partition("\t")[2] for entry in entries if entry.startswith("160000 ")]
    large = repository.git("ls-files", "-z", ":(attr:filter=lfs)", folder=tree).output.split("\0")
    pointers = [name for name in large if name and _is_pointer(tree / name)]
    notes = []
    if modules:
        notes.append(f"the base has no files of its submodules: {_some(modules)}")
    if pointers:
        notes.append(f"the base has pointers for files of Git LFS: {_some(pointers)}; install git-lfs, and fetch them")
    return tuple(notes)


def _remove_left(repository: Repository, room: Path) -> None:
    """A lock that nobody holds was that of a run which was killed."""
    for path in room.glob("*.lock"):
        lock = held(path)
        if lock is None:
            continue
        owner = Path(os.fsdecode(os.read(lock, 4096)))
        _remove(repository, owner, path.with_suffix(""))
        path.unlink(missing_ok=True)
        os.close(lock)


def _remove(repository: Repository, owner: Path, tree: Path) -> None:
    """Twice forced: also where git was killed while it made it. The owner's tree may be gone meanwhile."""
    if owner.is_absolute() and owner.is_dir():
        repository.git("worktree", "remove", "--force", "--force", str(tree), folder=owner)
    shutil.rmtree(tree, ignore_errors=True)


def _lock_of(tree: Path) -> Path:
    return tree.with_name(f"{tree.name}.lock")


def _is_pointer(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_POINTER)) == _POINTER
    except OSError:
        return False


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
