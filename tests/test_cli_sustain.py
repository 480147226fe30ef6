"""`--sustain` as a user starts it."""

import csv
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from bench.journal import read_run
from bench.plan.estimate import deadline_s, expected_s
from bench.records.sustained import LONGEST_REST_S
from bench.records.workload import Settings
from tests.bench_process import BenchProcess, events, records, wait_until
from tests.made_up import unit
from tests.one_line import one_line

SMALL = ("ops", "--op", "pconv", "--size", "16x8x8", "--runtime", "onnxruntime", "--no-progress")


@pytest.mark.slow
def test_a_row_is_kept_busy_and_a_cut_one_is_measured_again(tmp_path: Path) -> None:
    bench = BenchProcess(tmp_path, tmp_path / "cache")
    process = bench.start(*SMALL, "--sustain", "10m", "--out", "long")
    wait_until(lambda: any(event["body"].get("noise") for event in events(tmp_path / "long")))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 130
    process.communicate()
    assert not records(tmp_path / "long")
    refused = bench.run("ops", "--resume", "long", "--sustain", "5s")
    assert refused.returncode == 2
    assert "disagrees with the run" in refused.stderr

    whole = bench.run(*SMALL, "--sustain", "5s", "--out", "run", "--format", "csv")
    assert whole.returncode == 0, whole.stderr
    (row,) = csv.DictReader(whole.stdout.splitlines())
    (record,) = read_run(tmp_path / "run").records
    assert record.measurement is not None
    found = record.measurement.sustained
    assert found is not None
    assert found.seconds >= 5
    assert float(row["steady_s"]) == float(row["latency_s"]) > 0
    assert float(row["burst_s"]) > 0
    assert (row["settings"], row["rounds"], row["sustain_s"]) == ("sustain 5s", "1", "5")
    # Real meters alone: what none counted is empty, and the row says why.
    assert bool(row["energy_per_image_j"]) != row["meter"].startswith("none: ")
    assert [path.name for path in (tmp_path / "run").glob("sustained-*.png")] == ["sustained-cpu-onnxruntime.png"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ops", "--sustain", "1s"), "expected a time of 5s to 24h, got '1s'"),
        (("ops", "--sustain", "999999h"), "expected a time of 5s to 24h"),
        (("ops", "--sustain", "5"), "expected a time such as 90s, 2m or 1h, got '5'"),
        (("ops", "--sustain", "nan"), "expected a time such as 90s"),
        (("models", "--sustain", "-5m"), "expected a time such as 90s"),
        (("ops", "--sustain", "5m", "--publish"), "expected --sustain with --rounds, got --publish"),
        (("models", "--sustain", "5m", "--claims"), "expected --claims without --sustain and --budget"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_what_makes_no_sense_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert said in one_line(capsys, *arguments)


def test_deadline_and_estimate_know_how_long_it_takes() -> None:
    plain = unit()
    long = replace(plain, settings=Settings(sustain_s=3600.0))
    assert deadline_s(long) - deadline_s(plain) == 3600 + LONGEST_REST_S
    assert 3600 < expected_s(long, shared=True) < 3700
    assert long.id != plain.id
    with pytest.raises(ValueError, match="expected sustain_s of 0 to 86400"):
        Settings(sustain_s=1e9)
