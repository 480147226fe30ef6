"""What is written survives: torn tails, second writers, damaged lines, full disks."""

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
from bench.journal import DeviceEvent, Journal, read_plan, read_run
from bench.records.measurement import NoiseFloor
from bench.records.pair import Pair, PairRecord
from tests.made_up import environment, plan, record, unit

ROOT = Path(__file__).resolve().parents[1]
UNITS = tuple(unit(round_number=number) for number in range(3))
NOISE = NoiseFloor(
    timer_overhead_s=1e-7, timer_resolution_s=1e-7, spin_samples_s=(1.0,), gemm_samples_s=(1.0,), gemm_size=256
)


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    pair = Pair(first=unit("conv"), second=unit("pconv"))
    ended = PairRecord(pair=pair, attempt=1, status="done", first_s=(1.0,), second_s=(2.0,))
    with Journal.create(tmp_path / "run", plan(*UNITS)) as journal:
        journal.append(DeviceEvent(device="cpu", environment=environment("beef")))
        journal.append(DeviceEvent(device="cpu", noise=NOISE))
        journal.append(DeviceEvent(device="cpu", noise=NOISE))
        journal.append(record(UNITS[0]))
        journal.append(record(UNITS[1], status="failed", kind="crash", reason="signal 11"))
        journal.append(ended)
    run = read_run(tmp_path / "run")
    assert run.plan == plan(*UNITS) == read_plan(tmp_path / "run")
    assert [found.status for found in run.records] == ["done", "failed"]
    assert run.pair_records == (ended,)
    state = run.device("cpu")
    assert state.environment == environment("beef")
    assert state.noise == (NOISE, NOISE)


def test_the_last_record_of_a_unit_counts(tmp_path: Path) -> None:
    with Journal.create(tmp_path, plan(*UNITS)) as journal:
        journal.append(record(UNITS[0], status="lost", kind="offline"))
        journal.append(record(UNITS[1]))
        journal.append(record(UNITS[0], attempt=2))
    records = read_run(tmp_path).records
    assert {(found.unit.id, found.status, found.attempt) for found in records} == {
        (UNITS[0].id, "done", 2),
        (UNITS[1].id, "done", 1),
    }


def test_a_line_cut_at_any_byte_costs_that_line_alone(tmp_path: Path) -> None:
    with Journal.create(tmp_path, plan(*UNITS)) as journal:
        journal.append(record(UNITS[0]))
        journal.append(record(UNITS[1]))
    path = tmp_path / "records.jsonl"
    whole = path.read_bytes()
    start = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(start, len(whole) + 1):
        path.write_bytes(whole[:cut])
        kept = 2 if cut == len(whole) else 1
        assert len(read_run(tmp_path).records) == kept
        with Journal.open(tmp_path):
            assert path.read_bytes() == (whole if kept == 2 else whole[:start])
    # The cut line is written again after the whole ones.
    path.write_bytes(whole[:-3])
    with Journal.open(tmp_path) as journal:
        journal.append(record(UNITS[1]))
    assert path.read_bytes() == whole


def test_a_torn_tail_longer_than_a_block_is_cut(tmp_path: Path) -> None:
    with Journal.create(tmp_path, plan(*UNITS)) as journal:
        journal.append(record(UNITS[0]))
    path = tmp_path / "records.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b"x" * 200_000)
    Journal.open(tmp_path).close()
    assert path.read_bytes() == whole


def test_nothing_but_a_torn_line_leaves_an_empty_journal(tmp_path: Path) -> None:
    Journal.create(tmp_path, plan(*UNITS)).close()
    (tmp_path / "records.jsonl").write_bytes(b'{"type":"rec')
    Journal.open(tmp_path).close()
    assert (tmp_path / "records.jsonl").read_bytes() == b""
    assert read_run(tmp_path).records == ()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with Journal.create(tmp_path, plan(*UNITS)), pytest.raises(UsageError, match="only process writing"):
        Journal.open(tmp_path)
    Journal.open(tmp_path).close()


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


@pytest.mark.parametrize(
    "damage",
    [
        b"not json",
        b"[]",
        b'{"type":"record"}',
        b'{"type":"poem","body":{}}',
        b'{"type":[],"body":{}}',
        b'{"type":"record","body":{"attempt":1}}',
        b'{"type":"record","body":NaN}',
        b"\xff\xff",
        b"[" * 100_000,
    ],
)
def test_a_damaged_line_is_named_with_its_number(tmp_path: Path, damage: bytes) -> None:
    with Journal.create(tmp_path, plan(*UNITS)) as journal:
        journal.append(record(UNITS[0]))
        journal.append(record(UNITS[1]))
    path = tmp_path / "records.jsonl"
    first, second, _ = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([first, damage, second, b""]))
    with pytest.raises(UsageError, match="line 2: damaged record"):
        read_run(tmp_path)


def test_what_a_run_repeats_is_held_once(tmp_path: Path) -> None:
    """Of a hundred thousand records, not a hundred thousand workloads."""
    with Journal.create(tmp_path, plan(*UNITS)) as journal:
        for each in UNITS:
            journal.append(record(each))
    run = read_run(tmp_path)
    assert all(found.unit is planned for found, planned in zip(run.records, run.plan.units, strict=True))
    assert len({id(found.unit.workload) for found in run.records}) == 1
    assert len({id(found.unit.settings) for found in run.records}) == 1
    assert len({id(found.cost) for found in run.records}) == 1


def test_equal_to_python_is_not_the_same_in_a_journal(tmp_path: Path) -> None:
    """0 is no false, however often the settings were right before."""
    with Journal.create(tmp_path, plan(*UNITS)) as journal:
        journal.append(record(UNITS[0]))
        journal.append(record(UNITS[1]))
    path = tmp_path / "records.jsonl"
    first, second, _ = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([first, second.replace(b'"tf32":false', b'"tf32":0'), b""]))
    with pytest.raises(UsageError, match=r"line 2: damaged record \(expected bool for unit.settings.tf32, got 0\)"):
        read_run(tmp_path)


def test_reading_says_how_far_it_is_and_hashes_no_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal.create(tmp_path, plan(*UNITS)) as journal:
        for each in UNITS:
            journal.append(record(each))
    size = (tmp_path / "records.jsonl").stat().st_size
    monkeypatch.setattr("bench.journal.LINES_PER_STEP", 1)
    monkeypatch.setattr("bench.records.workload.hashlib.sha256", None)
    said: list[tuple[str, int, int]] = []
    read_run(tmp_path, lambda *step: said.append(step))
    assert [what for what, _, _ in said] == ["reading"] * 3
    assert [done for _, done, _ in said] == sorted({done for _, done, _ in said})
    assert said[-1][1:] == (size, size)


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="empty or new folder"):
        Journal.create(tmp_path, plan(*UNITS))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "expected a run's folder"),
        ("{", "expected .* to hold a plan"),
        ('{"schema": 99}', "in format 1, got 99"),
        ('{"schema": 1}', "damaged: missing field"),
        ("[]", "damaged: expected an object"),
        ("\x00", "to hold a plan"),
    ],
)
def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, text: str | None, reason: str) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(UsageError, match=reason):
        read_plan(tmp_path)


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


@pytest.mark.parametrize("name", ["a" * 300, "file/below"])
def test_a_folder_that_cannot_be_made_is_wrong_usage(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="expected a folder that can be made for --out"):
        Journal.create(tmp_path / name, plan(*UNITS))


def test_what_a_host_leaves_that_is_killed_while_it_writes_its_plan_is_no_run(tmp_path: Path) -> None:
    (tmp_path / ".run.json.4711").write_text("{")
    with Journal.create(tmp_path, plan(*UNITS)):
        assert read_plan(tmp_path) == plan(*UNITS)
