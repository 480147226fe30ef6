"""A journal through full disks, failed renames, power cuts and killed writers: what was written stays, and is whole."""

import errno
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.durable import write_atomically
from bench.errors import StorageError, UsageError
from bench.journal import Journal, read_plan, read_run
from tests.bench_process import ROOT
from tests.made_up import plan, record, unit

UNITS = tuple(unit(round_number=number) for number in range(3))


def test_another_process_is_kept_out_until_the_first_has_died(tmp_path: Path) -> None:
    """The kernel frees the lock of a killed one, and what it wrote stays."""
    command = [sys.executable, "-c", WRITER, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(UsageError, match="only process writing"):
            Journal.open(tmp_path / "run")
        process.kill()
    Journal.open(tmp_path / "run").close()
    assert read_run(tmp_path / "run").records


def test_new_names_last_through_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each folder is synced while it holds the names that must last; a file's own sync says nothing about its name."""
    real, synced = os.fsync, dict[str, set[str]]()

    def note(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_dir():
            synced.setdefault(str(path), set()).update(name.name for name in path.iterdir())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    run = tmp_path / "results/run"
    Journal.create(run, plan(*UNITS)).close()
    assert synced == {
        str(tmp_path): {"results"},
        str(run.parent): {"run"},
        str(run): {"run.json", "records.jsonl"},
    }


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.csv"
    write_atomically(path, "old")

    def fails(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_rename_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    path = tmp_path / "table.csv"
    write_atomically(path, "old")

    def fails(self: Path, target: Path) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match=os.strerror(error)):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(StorageError, match="free space or choose another folder"):
        Journal.create(tmp_path / "run", plan(*UNITS))
    assert list((tmp_path / "run").iterdir()) == []


def test_a_write_cut_short_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk may take the first half of a line."""
    real = os.write
    with Journal.create(tmp_path, plan(*UNITS)) as journal:
        journal.append(record(UNITS[0]))
        before = (tmp_path / "records.jsonl").read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[: len(data) // 2]))
            with pytest.raises(StorageError, match="No space left"):
                journal.append(record(UNITS[1]))
        assert (tmp_path / "records.jsonl").read_bytes() == before
        journal.append(record(UNITS[1]))
    assert len(read_run(tmp_path).records) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(journal: Journal, numbers: Iterator[int]) -> None:
    for number in numbers:
        journal.append(record(unit(round_number=number)))


@pytest.mark.root
def test_a_full_disk_ends_the_run_and_keeps_what_was_written(small_disk: Path) -> None:
    written = itertools.count()
    with Journal.create(small_disk / "run", plan(*UNITS)) as journal, pytest.raises(StorageError, match="No space"):
        fill(journal, written)
    count = next(written) - 1
    assert count > 10
    lines = (small_disk / "run/records.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) == count
    assert all(line.endswith(b"\n") and json.loads(line) for line in lines)


@pytest.mark.root
def test_a_full_disk_begins_no_run(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * 250_000)
    with pytest.raises(StorageError, match="free space"):
        Journal.create(small_disk / "run", plan(*(unit(round_number=number) for number in range(100))))
    assert not (small_disk / "run/run.json").exists()


WRITER = """
import sys
from pathlib import Path
from bench.journal import Journal
from tests.made_up import plan, record, unit
journal = Journal.create(Path(sys.argv[1]), plan())
for number in range(10**6):
    journal.append(record(unit(round_number=number)))
    print(number, flush=True)
"""


def test_what_a_killed_process_said_it_wrote_is_there(tmp_path: Path) -> None:
    """kill -9 between two lines or within one."""
    command = [sys.executable, "-c", WRITER, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        for _ in range(20):
            said = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().split()
        said = int(rest[-1]) if rest else said
    Journal.open(tmp_path / "run").close()
    assert len(read_run(tmp_path / "run").records) in (said + 1, said + 2)


def test_what_a_host_leaves_that_is_killed_while_it_writes_its_plan_is_no_run(tmp_path: Path) -> None:
    (tmp_path / ".run.json.4711").write_text("{")
    with Journal.create(tmp_path, plan(*UNITS)):
        assert read_plan(tmp_path) == plan(*UNITS)
