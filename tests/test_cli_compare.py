"""`bench compare` as a user starts it."""

import csv
from pathlib import Path

import pytest

from bench.cli.main import main
from tests.bench_process import BenchProcess, records
from tests.one_line import one_line

# Eight layers against one: no machine is so busy that it would not show.
SIDES = ("conv,size=16x8x8,stack=1", "conv,size=16x8x8,stack=8")


@pytest.mark.slow
def test_more_work_is_slower_and_a_run_goes_on(tmp_path: Path) -> None:
    bench = BenchProcess(tmp_path, tmp_path / "cache")
    short = bench.run("compare", *SIDES, "--pairs", "5", "--budget", "1s", "--out", "run", "--no-progress")
    assert short.returncode == 3, short.stderr  # nothing is claimed, so nothing is green
    assert len(records(tmp_path / "run")) < 4
    assert "UNMEASURED" in short.stdout
    assert "in the time of --budget; give more, or --resume goes on" in " ".join(short.stdout.split())
    whole = bench.run("compare", "--resume", "run", "--budget", "1h", "--no-progress", "--format", "csv")
    assert whole.returncode == 0, whole.stderr
    (line,) = csv.DictReader(whole.stdout.splitlines())
    assert (line["answer"], line["pairs"], line["first_stack"], line["second_stack"]) == ("SLOWER", "5", "1", "8")
    assert float(line["ratio"]) > 1.5
    assert sorted(path.name for path in (tmp_path / "run").glob("compare.*")) == [
        "compare.csv",
        "compare.json",
        "compare.junit.xml",
        "compare.md",
        "compare.png",
    ]
    assert bench.run("report", "run", "--format", "csv").stdout == whole.stdout


def test_a_plan_of_pairs_says_how_many_at_most_and_how_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for more, said in (
        ((), "\n10 pairs; about "),
        (("--until", "2%"), "\nup to 200 pairs; at most "),
        (("--budget", "40s", "--pairs", "50"), "\nup to 50 pairs; at most 40 s on this machine"),
    ):
        assert main(("compare", *SIDES, *more, "--dry-run")) == 0
        assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "expected two sides, each SUBJECT[@RUNTIME][,NAME=VALUE...], got none"),
        (SIDES[:1], "got 1"),
        (("y" * 5000, SIDES[0]), "got 'yyy"),
        ((*SIDES, "conv"), "got 3"),
        ((*SIDES, "--quick"), "expected --pairs, --until or --budget, got rounds"),
        ((*SIDES, "--rounds", "3"), "expected --pairs, --until or --budget, got rounds"),
        ((*SIDES, "--until", "2"), "expected a percentage over 0% and up to 100%, such as 2%, got '2'"),
        ((*SIDES, "--until", "0%"), "expected a percentage over 0%"),
        ((*SIDES, "--margin", "101%"), "and up to 100%, such as 2%, got '101%'"),
        ((*SIDES, "--margin", "101%"), "over 0% and up to 100%, such as 2%, got '101%'"),
        ((*SIDES, "--budget", "2"), "expected a time such as 90s, 2m or 1h, got '2'"),
        ((*SIDES, "--budget", "0s"), "expected a time such as 90s"),
        (("fasternet_t0@tflite", "conv"), "expected a runtime of"),
        (("conv,size=16x8x8", "conv,size=16x8x8,threads=2"), "expected both sides on as many threads"),
        (("conv,size=16x8x8@eager", "conv"), "expected the runtime behind the subject, as in conv@eager,..."),
        (("--gate", "--device", "cpu"), "expected what to hold against itself, each SUBJECT"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert said in one_line(capsys, "compare", *arguments)
    assert not (elsewhere / "results").exists()
