"""A run that is interrupted, or whose worker or agent is killed: it ends in order or goes on, and can be resumed."""

import csv
import io
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from bench.journal import Journal, read_run
from tests.bench_process import ONE, SOON_S, BenchProcess, processes_with, records, wait_until

pytestmark = pytest.mark.slow


def ended_in_order(bench: BenchProcess, number: signal.Signals) -> Path:
    """The folder of a run of three rounds that was sent the signal after its first."""
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
    return run


def test_ctrl_c_ends_in_order_and_resume_completes(bench: BenchProcess) -> None:
    run = ended_in_order(bench, signal.SIGINT)
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


def agent_of(host: "subprocess.Popen[str]") -> int:
    (agent,) = (child.pid for child in psutil.Process(host.pid).children() if "bench.agent" in child.cmdline())
    return agent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_term_and_hup_end_a_run_in_order(bench: BenchProcess, number: signal.Signals) -> None:
    run = ended_in_order(bench, number)
    ends = [record.unit.round for record in read_run(run).records]
    assert len(ends) == len(set(ends)) < 3
    wait_until(lambda: nobody_left(bench))


def test_ctrl_c_twice_waits_for_nothing(bench: BenchProcess) -> None:
    """The process cannot end in order, since its agent is stopped; the second signal ends it all the same."""
    run = bench.folder / "twice"
    process = bench.start(*ONE, "--rounds", "3", "--out", str(run))
    try:
        wait_until(lambda: records(run))
        agent = agent_of(process)
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


def test_a_killed_worker_costs_nothing_but_time(bench: BenchProcess) -> None:
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_to_the_agent_costs_nothing_but_time(bench: BenchProcess, number: signal.Signals) -> None:
    """It ends in order, with code 0, where the signal is one that asks: the run goes on with another all the same."""
    run = bench.folder / f"healed-{number.name}"
    process = bench.start(*ONE, "--rounds", "2", "--out", str(run))

    try:
        wait_until(lambda: records(run))
        os.kill(agent_of(process), number)
        _, errors = process.communicate(timeout=SOON_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, errors
    assert "trying again in 2 s" in errors
    assert [record.status for record in read_run(run).records] == ["done", "done"]
