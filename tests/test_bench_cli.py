"""What the command line accepts, what it refuses and how, and what it does when it is interrupted."""

import csv
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.cli.main import main
from bench.journal import Journal, read_run
from tests.bench_process import ROOT, SOON_S, BenchProcess, processes_with, records, wait_until
from tests.one_line import one_line

# A tiny operator still takes seconds: it is warmed up and sampled like any other.
ONE = ("ops", "--op", "dwconv", "--size", "16x4x4", "--stack", "1")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command starts in an empty folder: what it writes is seen."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr of a command that ends with code 2 and writes nothing."""
    before = sorted(Path().rglob("*"))
    said = one_line(capsys, *arguments)
    assert sorted(Path().rglob("*")) == before
    return said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--op", "pconf"], "did you mean pconv?"),
        (["--op", "zzzzzz"], "choose from conv"),
        (["--op", ""], "expected an operator"),
        (["--runtime", "onnx"], "did you mean onnxruntime?"),
        (["--device", "cpuu"], "cpu"),
        (["--dtype", "float23"], "did you mean float32?"),
        (["--layout", "nhcw"], "did you mean nchw?"),
        (["--variant", "in_place"], "did you mean inplace?"),
        (["--channels", "frist"], "did you mean first?"),
        (["--size", "96x56"], "CxHxW"),
        (["--size", "96x56x"], "CxHxW"),
        (["--size", "96x56x0"], "CxHxW"),
        (["--size", "-96x56x56"], "CxHxW"),
        (["--size", "96*56*56"], "CxHxW"),
        (["--op", "gconv", "--size", "100x7x7"], "100"),
        (["--op", "gconv", "--groups", "7"], "7"),
        (["--op", "pconv", "--size", "6x7x7"], "6"),
        (["--op", "pconv", "--ratio", "0"], "ratio"),
        (["--op", "pconv", "--ratio", "5/4"], "ratio"),
        (["--op", "pconv", "--ratio", "a"], "ratio"),
        (["--op", "pconv", "--ratio", "1/0"], "ratio"),
        (["--kernel", "2"], "kernel"),
        (["--kernel", "0"], "at least 1"),
        (["--kernel", "three"], "at least 1"),
        (["--stack", "0"], "at least 1"),
        (["--stride", "-1"], "at least 1"),
        (["--dilation", "0"], "at least 1"),
        (["--batch", "0"], "at least 1"),
        (["--batch", "-1"], "at least 1"),
        (["--batch", "1,,2"], "at least 1"),
        (["--batch", "1.5"], "at least 1"),
        (["--threads", "0"], "at least 1"),
        (["--rounds", "0"], "at least 1"),
        (["--seed", "-1"], "seed"),
        (["--quick", "--rounds", "3"], "--quick and --rounds"),
        (["--publish", "--quick"], "--quick and --publish"),
        (["--retry-failed"], "--resume"),
        (["--format", "xml"], "xml"),
        (["--ops", "conv"], "--op"),
        (["--resume", "nowhere"], "results/"),
        (["--devices-file", "nowhere.yaml", "--device", "pi4"], "nowhere.yaml"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert expected in refused(capsys, "ops", *arguments)


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "opps" in refused(capsys, "opps")


def test_more_threads_than_cpus_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the device knows its CPUs: its agent is asked, and nothing is written all the same."""
    assert "expected at most" in refused(capsys, *ONE, "--threads", "4096")


def test_a_folder_that_holds_something_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Path("run").mkdir()
    Path("run/thesis.txt").write_text("years of work")
    assert "holds files" in refused(capsys, *ONE, "--out", "run")


def test_a_file_is_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("run").write_text("")
    assert "run" in refused(capsys, *ONE, "--out", "run")


def test_a_dry_run_shows_the_plan_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "--dry-run"]) == 0
    said = capsys.readouterr()
    assert "16 rows x 5 rounds = 80 units" in said.out
    assert len(said.out.splitlines()) == 17
    assert list(Path().iterdir()) == []


def test_cuda_without_cuda_is_exit_4_and_names_the_torch_build(capsys: pytest.CaptureFixture[str]) -> None:
    torch_version = pytest.importorskip("importlib.metadata").version("torch")
    if "+cpu" not in torch_version:
        pytest.skip("needs a CPU build of torch")
    assert main([*ONE, "--device", "cuda", "--out", "run"]) == 4
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert f"torch {torch_version}" in said.err
    assert "CPU build" in said.err
    assert list(Path().iterdir()) == []


def test_nothing_of_a_device_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b" not in refused(capsys, "ops", "--device", "\x1b[2Jpi4")


@pytest.mark.parametrize("code", ["import bench.agent.agent", "from bench.cli.main import main; main(['--help'])"])
def test_help_and_agent_start_without_torch(code: str) -> None:
    """A fresh interpreter: this one has imported everything."""
    ask = (
        f"{code}\nimport sys\nheavy = {{'torch', 'numpy', 'pandas', 'matplotlib'}}\nassert not heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", ask], cwd=ROOT, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> BenchProcess:
    folder = tmp_path_factory.mktemp("cli")
    return BenchProcess(folder, folder / "cache")


@pytest.fixture(scope="module")
def finished(bench: BenchProcess) -> Path:
    """Give a finished run of one cell in one round; what it said is beside it."""
    done = bench.run(*ONE, "--quick", "--out", "finished", "--format", "csv")
    assert done.returncode == 0, done.stderr
    (bench.folder / "stdout.csv").write_text(done.stdout)
    (bench.folder / "stderr.txt").write_text(done.stderr)
    return bench.folder / "finished"


@pytest.mark.slow
def test_csv_on_stdout_is_the_table_and_nothing_else(finished: Path) -> None:
    assert (finished.parent / "stdout.csv").read_text() == (finished / "table.csv").read_text()


@pytest.mark.slow
def test_progress_is_plain_lines_on_stderr(finished: Path) -> None:
    said = (finished.parent / "stderr.txt").read_text()
    assert re.search(r"^\[1/1\] dwconv 16x4x4 eager, round 1: .* ms, \w+, 0 s left$", said, re.MULTILINE)
    assert "\x1b" not in said


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_device_that_was_away_at_planning_is_compared_too(
    finished: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    devices = json.loads((finished / "run.json").read_text())["devices"]
    other = changed_plan(finished, tmp_path / "away", devices=[devices[0] | {"environment": None}])
    body = {"device": "cpu", "environment": devices[0]["environment"] | {"fingerprint": "0", "kernel": "2.4"}}
    (other / "records.jsonl").write_text(json.dumps({"type": "device", "body": body}) + "\n")
    assert "kernel was '2.4'" in refused(capsys, "ops", "--resume", str(other))


@pytest.mark.slow
def test_a_run_that_is_being_written_is_not_read(
    finished: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = changed_plan(finished, tmp_path / "locked")
    with Journal.open(other):
        (other / "records.jsonl").write_text("half a rec\n")
        assert "only process" in refused(capsys, "ops", "--resume", str(other))


@pytest.mark.slow
def test_a_damaged_journal_is_refused_with_its_line(
    finished: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = changed_plan(finished, tmp_path / "damaged")
    (other / "records.jsonl").write_bytes(b"nonsense\n" + (finished / "records.jsonl").read_bytes())
    assert "line 1: damaged record" in refused(capsys, "ops", "--resume", str(other))


@pytest.mark.slow
def test_ctrl_c_ends_in_order_and_resume_completes(bench: BenchProcess, finished: Path) -> None:
    run = bench.folder / "interrupted"
    process = bench.start(*ONE, "--rounds", "3", "--out", str(run))
    try:
        wait_until(lambda: records(run))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=SOON_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert f"go on with: bench ops --resume {run}" in errors
    assert "Traceback" not in errors
    kept = (run / "records.jsonl").read_bytes()
    assert len(records(run)) < 3
    assert (run / "table.csv").is_file()
    done = bench.run("ops", "--resume", str(run), "--no-progress")
    assert done.returncode == 0, done.stderr
    assert (run / "records.jsonl").read_bytes().startswith(kept)
    assert sorted(record.unit.round for record in read_run(run).records) == [0, 1, 2]
    (row,) = csv.DictReader(io.StringIO((run / "table.csv").read_text()))
    assert (row["status"], row["rounds"]) == ("done", "3")


def nobody_left(bench: BenchProcess) -> bool:
    return not processes_with(f"BENCH_CACHE={bench.cache}")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_term_and_hup_end_a_run_in_order(bench: BenchProcess, finished: Path, number: signal.Signals) -> None:
    run = bench.folder / number.name
    process = bench.start(*ONE, "--rounds", "3", "--out", str(run))
    try:
        wait_until(lambda: records(run))
        process.send_signal(number)
        _, errors = process.communicate(timeout=SOON_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert f"go on with: bench ops --resume {run}" in errors
    assert "Traceback" not in errors
    ends = [record.unit.round for record in read_run(run).records]
    assert len(ends) == len(set(ends)) < 3
    wait_until(lambda: nobody_left(bench))


@pytest.mark.slow
def test_ctrl_c_twice_waits_for_nothing(bench: BenchProcess, finished: Path) -> None:
    """The process cannot end in order, since its agent is stopped; the second signal ends it all the same."""
    run = bench.folder / "twice"
    process = bench.start(*ONE, "--rounds", "3", "--out", str(run))
    try:
        wait_until(lambda: records(run))
        (agent,) = (child.pid for child in psutil.Process(process.pid).children() if "bench.agent" in child.cmdline())
        os.kill(agent, signal.SIGSTOP)
        try:
            process.send_signal(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1.0)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        finally:
            os.kill(agent, signal.SIGCONT)
        _, errors = process.communicate(timeout=SOON_S)
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in errors
    assert not (run / "table.csv").exists()
    Journal.open(run).close()
    assert read_run(run).records
    wait_until(lambda: nobody_left(bench))


@pytest.mark.slow
def test_a_killed_worker_costs_nothing_but_time(bench: BenchProcess, finished: Path) -> None:
    """Its unit is measured once more in a fresh worker; exit 0."""
    run = bench.folder / "killed"
    process = bench.start(*ONE, "--quick", "--out", str(run))

    took_the_noise_floor: set[int] = set()

    def killed() -> bool:
        """One that measures: the noise floor, taken first, writes an event of its own."""
        noise_taken = (run / "records.jsonl").is_file() and b'"noise":{' in (run / "records.jsonl").read_bytes()
        found = {pid for pid, it in processes_with(f"BENCH_CACHE={bench.cache}").items() if "bench.worker" in it}
        if not noise_taken:
            took_the_noise_floor.update(found)
            return False
        for pid in found - took_the_noise_floor:
            os.kill(pid, signal.SIGKILL)
        return bool(found - took_the_noise_floor)

    try:
        wait_until(killed)
        _, errors = process.communicate(timeout=SOON_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, errors
    (record,) = read_run(run).records
    assert (record.status, record.attempt) == ("done", 2)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_to_the_agent_costs_nothing_but_time(bench: BenchProcess, number: signal.Signals) -> None:
    """It ends in order, with code 0, where the signal is one that asks: the run goes on with another all the same."""
    run = bench.folder / f"healed-{number.name}"
    process = bench.start(*ONE, "--rounds", "2", "--out", str(run))

    def signalled() -> bool:
        found = {pid for pid, it in processes_with(f"BENCH_CACHE={bench.cache}").items() if "bench.agent" in it}
        for pid in found if records(run) else ():
            os.kill(pid, number)
            return True
        return False

    try:
        wait_until(signalled)
        _, errors = process.communicate(timeout=SOON_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, errors
    assert "trying again in 2 s" in errors
    assert [record.status for record in read_run(run).records] == ["done", "done"]
