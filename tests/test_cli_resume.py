"""A finished run: what it printed, its reports made again, and what `--resume` and `report` refuse."""

import errno
import json
import re
from pathlib import Path

import pytest

from bench.cli.main import main
from bench.journal import Journal
from tests.bench_process import ONE, BenchProcess
from tests.one_line import refused

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command starts in an empty folder: what it writes is seen."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def finished(bench: BenchProcess) -> Path:
    """Give a finished run of one cell in one round; what it said is beside it."""
    done = bench.run(*ONE, "--quick", "--out", "finished", "--format", "csv")
    assert done.returncode == 0, done.stderr
    (bench.folder / "stdout.csv").write_text(done.stdout)
    (bench.folder / "stderr.txt").write_text(done.stderr)
    return bench.folder / "finished"


def test_csv_on_stdout_is_the_table_and_nothing_else(finished: Path) -> None:
    assert (finished.parent / "stdout.csv").read_text() == (finished / "table.csv").read_text()


def test_progress_is_plain_lines_on_stderr(finished: Path) -> None:
    said = (finished.parent / "stderr.txt").read_text()
    assert re.search(r"^\[1/1\] dwconv 16x4x4 eager, round 1: .* ms, \w+, 0 s left$", said, re.MULTILINE)
    assert "\x1b" not in said


@pytest.mark.parametrize("output_format", ["csv", "json", "markdown", "table"])
def test_report_makes_the_same_files_again(
    finished: Path, capsys: pytest.CaptureFixture[str], output_format: str
) -> None:
    names = [path for path in finished.iterdir() if path.suffix in (".csv", ".md", ".png")]
    before = {path: path.read_bytes() for path in names}
    assert {"table.csv", "table.md", "ledger.csv", "ledger.md"} <= {path.name for path in names}
    for path in before:
        path.unlink()
    assert main(["report", str(finished), "--format", output_format]) == 0
    assert {path: path.read_bytes() for path in names} == before
    said = capsys.readouterr().out
    assert "dwconv" in said
    if output_format == "json":
        json.loads(said)
    if output_format == "csv":
        assert said == (finished / "table.csv").read_text()


def test_reports_that_cannot_be_written_are_one_line_and_exit_3(
    finished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (finished / "records.jsonl").read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("reports.write.write_reports", full)
    assert main(["report", str(finished)]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"No space left on device; free space there, then make them with: bench report {finished}" in said
    assert (finished / "records.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--op", "conv"], "--op conv disagrees"),
        (["--batch", "2"], "--batch 2 disagrees"),
        (["--size", "16x5x5"], "disagrees"),
        (["--rounds", "2"], "--rounds 2 disagrees"),
        (["--device", "cuda"], "--device cuda disagrees"),
        (["--out", "elsewhere"], "got both"),
    ],
)
def test_a_resume_that_disagrees_says_how(
    finished: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert expected in refused(capsys, "ops", "--resume", str(finished), *arguments)


def test_options_that_agree_or_only_show_are_welcome(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (finished / "records.jsonl").read_bytes()
    # The run was begun without --runtime, --threads and --rounds: what their defaults came to agrees as well.
    same = ["--op", "dwconv", "--quick", "--runtime", "eager", "--threads", "1", "--rounds", "1"]
    assert main(["ops", "--resume", str(finished), *same, "--format", "csv"]) == 0
    assert capsys.readouterr().out == (finished / "table.csv").read_text()
    assert (finished / "records.jsonl").read_bytes() == before


def changed_plan(finished: Path, folder: Path, **changes: object) -> Path:
    folder.mkdir()
    plan = json.loads((finished / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(plan | changes))
    return folder


def test_another_command_code_or_machine_is_refused_by_name(
    finished: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = changed_plan(finished, tmp_path / "models", command="models")
    assert "is a run of `bench models`" in refused(capsys, "ops", "--resume", str(other))
    other = changed_plan(finished, tmp_path / "code", code_version="0123456789ab")
    assert "made by code 0123456789ab" in refused(capsys, "ops", "--resume", str(other))
    devices = json.loads((finished / "run.json").read_text())["devices"]
    devices[0]["environment"] |= {"fingerprint": "0", "kernel": "2.4"}
    other = changed_plan(finished, tmp_path / "machine", devices=devices)
    assert "kernel was '2.4'" in refused(capsys, "ops", "--resume", str(other))


def test_a_device_that_was_away_at_planning_is_compared_too(
    finished: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    devices = json.loads((finished / "run.json").read_text())["devices"]
    other = changed_plan(finished, tmp_path / "away", devices=[devices[0] | {"environment": None}])
    body = {"device": "cpu", "environment": devices[0]["environment"] | {"fingerprint": "0", "kernel": "2.4"}}
    (other / "records.jsonl").write_text(json.dumps({"type": "device", "body": body}) + "\n")
    assert "kernel was '2.4'" in refused(capsys, "ops", "--resume", str(other))


def test_a_run_that_is_being_written_is_not_read(
    finished: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = changed_plan(finished, tmp_path / "locked")
    with Journal.open(other):
        (other / "records.jsonl").write_text("half a rec\n")
        assert "only process" in refused(capsys, "ops", "--resume", str(other))


def test_a_damaged_journal_is_refused_with_its_line(
    finished: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = changed_plan(finished, tmp_path / "damaged")
    (other / "records.jsonl").write_bytes(b"nonsense\n" + (finished / "records.jsonl").read_bytes())
    assert "line 1: damaged record" in refused(capsys, "ops", "--resume", str(other))
