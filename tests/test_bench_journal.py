"""What is written survives: torn tails, second writers, damaged lines, full disks."""

from pathlib import Path

import pytest

from bench.errors import UsageError
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


@pytest.mark.parametrize("name", ["a" * 300, "file/below"])
def test_a_folder_that_cannot_be_made_is_wrong_usage(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="expected a folder that can be made for --out"):
        Journal.create(tmp_path / name, plan(*UNITS))
