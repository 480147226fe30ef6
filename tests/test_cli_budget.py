"""`--budget` as a user starts it."""

import csv
import json
from pathlib import Path

import pytest

from bench.cli.main import main
from tests.bench_process import BenchProcess, records
from tests.one_line import one_line

SMALL = ("ops", "--op", "pconv,conv", "--size", "16x8x8", "--stack", "1")


@pytest.mark.slow
def test_a_run_stops_by_its_budget_and_goes_on_with_another(tmp_path: Path) -> None:
    bench = BenchProcess(tmp_path, tmp_path / "cache")
    whole = bench.run(*SMALL, "--budget", "100h", "--rounds", "4", "--out", "run", "--no-progress", "--format", "csv")
    assert whole.returncode == 0, whole.stderr
    assert [row["rounds"] for row in csv.DictReader(whole.stdout.splitlines())] == ["4", "4"]

    plan = json.loads((tmp_path / "run/run.json").read_text())
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut/run.json").write_text(json.dumps(plan))
    lines = (tmp_path / "run/records.jsonl").read_text().splitlines(keepends=True)
    ends = [number for number, line in enumerate(lines) if '"type":"record"' in line]
    (tmp_path / "cut/records.jsonl").write_text("".join(lines[: ends[3]]))  # three units of eight
    few = bench.run("report", "cut")
    assert "Stopped by the budget after 1 to 2 rounds a row" in few.stdout
    assert "Fewer than 3 rounds: " in few.stdout
    more = bench.run("ops", "--resume", "cut", "--budget", "50h")
    assert more.returncode == 0, more.stderr
    assert "budget" in more.stdout
    assert len(records(tmp_path / "cut")) == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ops", "--budget", "1s"), "expected a time of 10s to 100h, got '1s'"),
        (("ops", "--budget", "10"), "expected a time such as 90s, 2m or 1h, got '10'"),
        (("models", "--budget", "10m", "--quick"), "expected --budget with --rounds at most"),
        (("models", "--budget", "10m", "--publish"), "expected --budget with --rounds at most"),
        (("models", "--budget", "10m", "--claims"), "expected --claims without --sustain and --budget"),
        (("ops", "--budget", "10m", "--device", "cpu,cuda"), "expected --budget with one device a machine"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_what_makes_no_sense_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert said in one_line(capsys, *arguments)


def test_a_dry_run_says_what_the_time_is_good_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main((*SMALL, "--budget", "10s", "--dry-run")) == 0
    told = capsys.readouterr()
    assert "budget: 10 s left, about " in told.err
    assert "rounds of 2 rows" in told.err
    assert not list(tmp_path.iterdir())
