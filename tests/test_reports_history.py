"""A history from real run folders: what is read, what is left out, where it changed."""

import csv
import io
import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.journal import Journal, read_run
from bench.records.record import Record
from reports.cell_identity import identity
from reports.formats import history_formats
from reports.history.changes import changes, splits
from reports.history.picture import ordered_cells
from reports.history.points import History, Series
from reports.history.read import read_history
from reports.history.report import HistoryReport
from reports.history.wanted import Wanted
from reports.rows import rows
from tests.many_runs import machine, write_run, write_runs

RESULTS = Path(__file__).resolve().parents[1] / "docs/results"


def of(history: History, name: str) -> Series:
    (series,) = [series for series in history.series if series.cell.workload.name == name]
    return series


@pytest.mark.parametrize("folder", sorted(RESULTS.iterdir()), ids=lambda path: path.name)
def test_every_number_is_that_of_the_runs_own_table(folder: Path) -> None:
    """The fast reader against the strict one, on every committed run."""
    strict = {identity(row.unit): (row.time, row.verdict) for row in rows(read_run(folder)) if row.time is not None}
    history = read_history([folder], Wanted())
    assert {s.cell: (s.points[0].time, s.points[0].verdict) for s in history.series if s.measured} == strict
    assert history.damage == ()


def test_runs_come_in_the_order_of_time_whatever_their_names(tmp_path: Path) -> None:
    write_run(tmp_path / "z-first", 0, {"conv": 0.001})
    write_run(tmp_path / "a-second", 5, {"conv": 0.002})
    series = of(read_history([tmp_path], Wanted()), "conv")
    assert [point.run.folder.name for point in series.points] == ["z-first", "a-second"]


def test_a_run_given_twice_or_copied_counts_once_and_the_longer_copy_counts(tmp_path: Path) -> None:
    write_run(tmp_path / "runs/one", 0, {"conv": 0.001})
    shutil.copytree(tmp_path / "runs/one", tmp_path / "runs/copy")
    journal = tmp_path / "runs/copy/records.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))
    history = read_history([tmp_path / "runs", tmp_path / "runs/one", tmp_path / "runs/../runs/one"], Wanted())
    (point,) = of(history, "conv").points
    assert len(history.runs) == 1
    assert len(point.medians) == 3


def test_the_last_record_of_a_unit_counts(tmp_path: Path) -> None:
    records = write_run(tmp_path / "run", 0, {"conv": 0.001})
    with Journal.open(tmp_path / "run") as journal:
        journal.append(Record(unit=records[0].unit, attempt=2, status="failed", reason_kind="crash", reason="x"))
    (point,) = of(read_history([tmp_path], Wanted()), "conv").points
    assert (len(point.medians), point.ended) == (2, ("failed",))


def test_another_environment_begins_another_series_and_is_named(tmp_path: Path) -> None:
    newer = machine("2.13.0", "bbbb")
    for number in range(3):
        write_run(tmp_path / f"run{number}", number, {"conv": 0.001}, on=newer if number else None)
    report = HistoryReport(history=read_history([tmp_path], Wanted()))
    assert [len(series.points) for series in report.history.series] == [1, 2]
    assert list(report.news("cpu")) == ["environment 2 of cpu, from 2026-01-01T01:00:00Z: torch 2.12.1 -> 2.13.0"]


def test_the_code_that_measured_and_a_networks_version_are_no_part_of_a_cell(tmp_path: Path) -> None:
    levels = [0.001] * 6 + [0.0012] * 6
    for number, level in enumerate(levels):
        write_run(tmp_path / f"run{number:02d}", number, {"conv": level}, code="old" if number < 6 else "new")
    history = read_history([tmp_path], Wanted())
    ((change,),) = changes(history).values()
    assert len(of(history, "conv").points) == 12
    assert change.news == "bench old -> new"


def test_a_change_is_found_where_it_was_planted_and_none_beside_it(tmp_path: Path) -> None:
    write_runs(tmp_path, [0.001] * 8 + [0.0011] * 6)
    history = read_history([tmp_path], Wanted())
    found = changes(history)
    (change,) = found[of(history, "conv")]
    assert change.after.run.folder.name == "run08"
    assert change.ratio.centre == pytest.approx(1.1, rel=0.02)
    assert found[of(history, "pconv")] == ()


def test_damaged_lines_are_named_and_give_no_number(tmp_path: Path) -> None:
    write_run(tmp_path / "run", 0, {"conv": 0.001})
    path = tmp_path / "run/records.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    torn = lines[2][: len(lines[2]) // 2] + lines[3]  # two lines run into each other
    negative = lines[3].replace(b'"samples_s":[', b'"samples_s":[-1.0,')
    path.write_bytes(lines[0] + lines[1] + torn + negative + b"\0\0\0\n" + lines[2][:50])
    history = read_history([tmp_path], Wanted())
    (point,) = of(history, "conv").points
    assert len(point.medians) == 1
    assert [damage.line for damage in history.damage] == [3, 4, 5]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"samples_s":[', b'"samples_s":[null,'),
        (b'"samples_s":[', b'"samples_s":[1e999,'),
        (b'"status":"done"', b'"status":"failed"'),
        (b'"status":"done"', b'"status":"perfect"'),
        (b'"dtype":"float32"', b'"dtype":"int3"'),
        (b'"kernel":3', b'"kernel":"three"'),
        (b'"round":0', b'"round":-1'),
        (b'"type":"record"', b'"type":"dream"'),
    ],
)
def test_a_wrong_value_is_damage_not_a_number(tmp_path: Path, old: bytes, new: bytes) -> None:
    write_run(tmp_path / "run", 0, {"conv": 0.001})
    path = tmp_path / "run/records.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    assert old in lines[1]
    path.write_bytes(lines[0] + lines[1].replace(old, new, 1) + b"".join(lines[2:]))
    history = read_history([tmp_path], Wanted())
    assert [damage.line for damage in history.damage] == [2]
    assert len(of(history, "conv").points[0].medians) == 2


@pytest.mark.parametrize(
    "plan",
    [
        None,
        b"",
        b"[]",
        b'{"schema":1}',
        b'{"schema":2,"created_utc":"2026-01-01T00:00:00Z","units":[]}',
        *(
            b'{"schema":1,"units":[],"created_utc":"%s"}' % time
            for time in (b"x", b"2026-13-01T00:00:00Z", b"0001-01-01T00:00:00Z", b"2026-01-01T00:00:00Z\\n")
        ),
    ],
)
def test_a_folder_without_a_whole_plan_is_refused_by_name(tmp_path: Path, plan: bytes | None) -> None:
    write_run(tmp_path / "good", 0, {"conv": 0.001})
    write_run(tmp_path / "bad", 1, {"conv": 0.001})
    (tmp_path / "bad/run.json").unlink()
    if plan is not None:
        (tmp_path / "bad/run.json").write_bytes(plan)
    with pytest.raises(UsageError, match="bad"):
        read_history([tmp_path], Wanted())


def test_an_empty_folder_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="expected a run's folder"):
            read_history([path], Wanted())


def test_cells_and_times_are_chosen(tmp_path: Path) -> None:
    write_runs(tmp_path, [0.001] * 4)
    assert [s.cell.workload.name for s in read_history([tmp_path], Wanted(operators=("conv",))).series] == ["conv"]
    assert read_history([tmp_path], Wanted(models=("conv",))).series == ()
    assert read_history([tmp_path], Wanted(runtimes=("onnxruntime",))).series == ()
    since = read_history([tmp_path], Wanted(since="2026-01-01T02:00:00Z"))
    assert [len(series.points) for series in since.series] == [2, 2]


def test_many_processes_say_what_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_runs(tmp_path, [0.001] * 5 + [0.002] * 5)
    alone = history_formats()["csv"].text(HistoryReport(history=read_history([tmp_path], Wanted())))
    monkeypatch.setattr("reports.history.read.ALONE_BYTES", 0)
    monkeypatch.setattr("reports.history.read.SHARE_BYTES", 20_000)
    shared = history_formats()["csv"].text(HistoryReport(history=read_history([tmp_path], Wanted())))
    assert shared == alone


def test_every_form_holds_the_change_and_escapes_what_it_did_not_write(tmp_path: Path) -> None:
    hostile = replace(machine(), cpu_model="\x1b[31m=cmd|<b>")
    for number, level in enumerate([0.001] * 5 + [0.002] * 5):
        write_run(tmp_path / f"run{number}", number, {"conv": level}, on=hostile)
    report = HistoryReport(history=read_history([tmp_path], Wanted()))
    texts = {name: row.text(report) for name, row in history_formats().items() if row.file}
    lines = list(csv.DictReader(io.StringIO(texts["csv"])))
    begun = [line for line in lines if line["change_ratio"]]
    assert [Path(line["run"]).name for line in begun] == ["run5"]
    assert json.loads(texts["json"])[5]["change_ratio"] == pytest.approx(float(begun[0]["change_ratio"]))
    assert "from run5" in texts["markdown"]
    assert "<b>" not in texts["markdown"]
    assert not any("\x1b" in text for text in texts.values())


def test_a_change_is_told_with_the_settings_that_tell_its_cell_from_others(tmp_path: Path) -> None:
    for number, level in enumerate([0.001] * 5 + [0.002] * 5):
        write_run(tmp_path / f"run{number}", number, {"conv": level})
    write_run(tmp_path / "eight", 10, {"conv": 0.001}, batch=8)
    report = HistoryReport(history=read_history([tmp_path], Wanted()))
    (told,) = (line for series in report.history.series for line in report.said(series))
    assert told.startswith("conv 16x4x4 eager batch 1: 1.99 [")


@pytest.mark.parametrize("count", [5, 10, 30])
def test_noise_is_called_a_change_no_more_often_than_stated(count: int) -> None:
    rng, level, tries = random.Random(count), 0.05, 1000
    found = sum(bool(splits([rng.gauss(0, 0.03) for _ in range(count)], level)) for _ in range(tries))
    assert found <= level * tries


def test_equal_values_do_not_change_and_a_step_without_noise_does() -> None:
    assert splits([0.1] * 20, 0.05) == []
    assert splits([0.1] * 5 + [0.2] * 5, 0.05) == [5]
    assert splits([0.1, 0.2, 0.2], 0.05) == []


def test_two_steps_are_both_found() -> None:
    rng = random.Random(1)
    values = [base + rng.gauss(0, 0.01) for base in [0.0] * 8 + [0.2] * 8 + [0.05] * 8]
    assert splits(values, 0.01) == [8, 16]


def test_a_picture_begins_with_what_has_most_runs(tmp_path: Path) -> None:
    write_runs(tmp_path, [0.001] * 3)
    found = read_history([tmp_path], Wanted())
    one, other = found.series
    short = replace(found, series=(replace(one, points=one.points[:1]), other))
    report = HistoryReport(history=short)
    assert [cell[0].cell.workload.name for cell in ordered_cells(report, short.series)] == [
        other.cell.workload.name,
        one.cell.workload.name,
    ]
