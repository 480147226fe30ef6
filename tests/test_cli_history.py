"""`bench history` as a user starts it."""

import csv
import io
import re
from pathlib import Path

import pytest

from tests.bench_process import BenchProcess
from tests.many_runs import write_run, write_runs


@pytest.fixture
def bench(tmp_path: Path) -> BenchProcess:
    write_runs(tmp_path / "runs", [0.001] * 6 + [0.0013] * 5)
    return BenchProcess(tmp_path, tmp_path / "cache")


def test_table_files_and_picture(bench: BenchProcess) -> None:
    ended = bench.run("history", "runs", "--out", "out")
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"conv 16x4x4 eager: 1\.(29|30|31) .* from run06", " ".join(ended.stdout.split()))
    assert "11 runs, 66 records, 2 series, 1 change" in ended.stdout
    names = {path.name for path in (bench.folder / "out").iterdir()}
    assert names == {"history.csv", "history.json", "history.md", "history-cpu.png"}
    assert (bench.folder / "out/history-cpu.png").read_bytes().startswith(b"\x89PNG")


def test_choices_and_forms(bench: BenchProcess) -> None:
    ended = bench.run("history", "runs", "--op", "pconv", "--since", "2026-01-01T05:00:00Z", "--format", "csv")
    lines = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert {line["name"] for line in lines} == {"pconv"}
    assert [Path(line["run"]).name for line in lines] == [f"run{number:02d}" for number in range(5, 11)]


def test_a_damaged_line_is_told_and_is_exit_code_3(bench: BenchProcess) -> None:
    path = bench.folder / "runs/run03/records.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"{}\n" + b"".join(lines[2:]))
    ended = bench.run("history", "runs")
    assert ended.returncode == 3
    assert "1 damaged line left out: runs/run03/records.jsonl, line 2" in " ".join(ended.stdout.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere"),
        (["runs", "--op", "resnet"], "got none"),
        (["runs", "--since", "yesterday"], "2026-01-31"),
        (["runs", "--since", "2026-02-31"], "expected a date such as 2026-01-31"),
        (["runs", "--since", "9999-01-01"], "got none"),
        (["runs", "--since", "2026-02-30"], "2026-01-31"),
        (["runs", "empty"], "empty"),
        (["runs/run01/run.json"], "run.json"),
        ([], "RUN"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(bench: BenchProcess, words: list[str], said: str) -> None:
    (bench.folder / "empty").mkdir()
    ended = bench.run("history", *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_foreign_run_among_many_is_named(bench: BenchProcess) -> None:
    write_run(bench.folder / "runs/foreign", 20, {"conv": 1.0})
    (bench.folder / "runs/foreign/run.json").write_text('{"name": "another tool"}')
    ended = bench.run("history", "runs")
    assert ended.returncode == 2
    assert "runs/foreign/run.json" in ended.stderr


def test_a_folder_that_cannot_be_written_is_one_line(bench: BenchProcess) -> None:
    (bench.folder / "file").write_text("")
    ended = bench.run("history", "runs", "--out", "file/out")
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
    assert "Not a directory" in ended.stderr
