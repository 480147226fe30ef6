"""An agent whose workers misbehave in every way: each is reported in band, and nothing of theirs stays alive."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.agent import Timing
from bench.connection import Connection
from bench.decoding import encode
from bench.errors import BenchError, DeviceError, LinkLostError
from bench.job import Job, Task
from bench.job_run import Exit, run_job
from bench.wire import Message
from tests.sshd import wait_until

ROOT = Path(__file__).resolve().parents[1]
TIMING = Timing(heartbeat_s=0.2, lease_s=10.0, grace_s=0.2, lock_wait_s=0.2)
# The agent as it is, but for the program that it starts as its worker.
PROGRAM = f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
sys.executable = sys.argv[1]
from bench.agent import main
sys.exit(main())
"""


class Bench:
    """An agent with fake workers, and the host's end of it."""

    def __init__(self, folder: Path, worker: str | None = None, timing: Timing = TIMING) -> None:
        if worker is None:
            script = folder / "worker"
            script.write_text(f'#!/bin/sh\nexec {sys.executable} -S {ROOT}/tests/fake_worker.py "$@"\n')
            script.chmod(0o755)
            worker = str(script)
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, worker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"BENCH_CACHE": str(folder / "cache")},
            start_new_session=True,
        )
        self.connection = Connection(self.process, "run", timing, lambda code, text: LinkLostError(f"{code}: {text}"))
        self.seen: list[Message] = []

    def start(self) -> "Bench":
        self.connection.start()
        return self

    def job(self, *behaviour: str, deadline_s: float = 20.0) -> Job:
        task = Task(kind="measure", path=behaviour)
        return Job(task=task, start_s=deadline_s, default_deadline_s=deadline_s)

    def run(self, *behaviour: str, deadline_s: float = 20.0) -> Exit:
        (end,) = run_job(self.connection, self.job(*behaviour, deadline_s=deadline_s), self.seen.append, lambda: False)
        return end

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def close(self) -> None:
        self.connection.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    agent = Bench(tmp_path)
    yield agent.start()
    agent.close()


def is_well(bench: Bench) -> None:
    """The agent has no child left and does the next job."""
    assert bench.children() == []
    bench.seen.clear()
    assert bench.run("good").code == 0
    assert [message.type for message in bench.seen] == ["begin"]


@pytest.mark.parametrize("code", [1, 7, 255])
def test_an_exit_code_is_reported(bench: Bench, code: int) -> None:
    end = bench.run("exits", str(code))
    assert (end.code, end.signal, end.timed_out) == (code, 0, False)
    assert end.failure[0] == "crash"
    is_well(bench)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_signal_is_reported(bench: Bench, number: signal.Signals) -> None:
    end = bench.run("dies", str(int(number)))
    assert (end.code, end.signal) == (0, number)
    assert end.failure == ("crash", f"killed (signal {int(number)}, {number.name})")
    is_well(bench)


@pytest.mark.parametrize("behaviour", ["hangs", "ignores_term", "holds_the_gil"])
def test_a_hang_ends_at_its_deadline(bench: Bench, behaviour: str) -> None:
    end = bench.run(behaviour, deadline_s=0.3)
    assert end.timed_out
    assert end.failure[0] == "timeout"
    assert end.signal == (signal.SIGTERM if behaviour == "hangs" else signal.SIGKILL)
    is_well(bench)


def test_a_grandchild_cannot_keep_the_pipe_or_live_on(bench: Bench) -> None:
    end = bench.run("leaves_a_grandchild")
    assert end.code == 0
    is_well(bench)


def test_what_libraries_print_is_kept_apart_and_bounded(bench: Bench) -> None:
    end = bench.run("prints", "100_000_000")
    assert end.code == 0
    assert end.log.endswith("last words\n")
    assert len(end.log) <= 16 * 1024
    assert [message.type for message in bench.seen] == ["begin"]
    is_well(bench)


LINE = {"v": 1, "run": "", "unit": "u", "attempt": 1, "seq": 1, "type": "record", "body": {}}


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        json.dumps({**LINE, "body": {"x": float("nan")}}),
        json.dumps({**LINE, "body": {"x": 10**30}}),
        json.dumps(LINE)[:-1] + ', "v": 1}',
        json.dumps({**LINE, "body": {"x": [[[[[[[[[[[[1]]]]]]]]]]]]}}),
        "[" * 500_000,
        json.dumps({**LINE, "v": 2}),
        json.dumps({**LINE, "extra": 1}),
        json.dumps({**LINE, "seq": "1"}),
        "\xff\xfe",
    ],
)
def test_a_worker_that_breaks_the_wire_is_ended(bench: Bench, text: str) -> None:
    end = bench.run("writes", text)
    assert end.broke_wire
    assert end.signal == signal.SIGKILL
    assert bench.seen == []
    is_well(bench)


@pytest.mark.parametrize("behaviour", ["endless_line", "endless_lines"])
def test_a_worker_that_never_stops_talking_is_ended(bench: Bench, behaviour: str) -> None:
    end = bench.run(behaviour)
    assert "more than the wire format allows" in end.broke_wire
    bench.seen.clear()
    is_well(bench)


def test_many_jobs_leave_no_descriptor_behind(bench: Bench) -> None:
    bench.run("good")
    agent = psutil.Process(bench.process.pid)
    before = agent.num_fds()
    for _ in range(15):
        bench.run("good")
        bench.run("exits", "3")
    assert agent.num_fds() == before


def test_a_cancelled_job_ends(bench: Bench) -> None:
    (end,) = run_job(bench.connection, bench.job("ignores_term"), bench.seen.append, lambda: bool(bench.seen))
    assert end.signal == signal.SIGKILL
    assert not end.timed_out
    is_well(bench)


def begin(bench: Bench, *behaviour: str) -> list[psutil.Process]:
    """Start a job that does not end; returns the agent and its workers."""
    bench.connection.send("job", encode(bench.job(*behaviour)))
    message = bench.connection.receive(20)
    assert message is not None
    assert message.type == "begin"
    return [psutil.Process(bench.process.pid), *bench.children()]


def all_end(processes: list[psutil.Process]) -> None:
    wait_until(lambda: not any(is_alive(process) for process in processes), "agent and workers to end")


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("behaviour", ["hangs", "ignores_term"])
def test_the_end_of_input_ends_agent_and_worker(bench: Bench, behaviour: str) -> None:
    processes = begin(bench, behaviour)
    assert len(processes) > 1
    assert bench.process.stdin is not None
    bench.process.stdin.close()
    all_end(processes)


def test_a_silent_host_ends_agent_and_worker(tmp_path: Path) -> None:
    """The black hole: the link says nothing and never ends."""
    bench = Bench(tmp_path, timing=Timing(heartbeat_s=0.1, lease_s=0.6, grace_s=0.2)).start()
    try:
        processes = begin(bench, "ignores_term")
        all_end(processes)  # nothing is sent from here on
        with pytest.raises(BenchError):
            bench.connection.receive(20)
    finally:
        bench.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_agent_told_to_end_takes_its_worker_along(bench: Bench, number: signal.Signals) -> None:
    processes = begin(bench, "ignores_term")
    os.kill(bench.process.pid, number)
    all_end(processes)


def test_a_killed_agent_takes_a_real_worker_along(tmp_path: Path) -> None:
    bench = Bench(tmp_path, worker=sys.executable).start()
    try:
        bench.connection.send("job", encode(Job(task=Task(kind="probe"))))
        wait_until(bench.children, "a worker to start")
        processes = [psutil.Process(bench.process.pid), *bench.children()]
        bench.process.kill()
        all_end(processes)
        with pytest.raises(LinkLostError):
            bench.connection.receive(20)
    finally:
        bench.close()


def test_a_second_agent_waits_for_the_lock_then_says_who_holds_it(bench: Bench, tmp_path: Path) -> None:
    second = Bench(tmp_path)
    try:
        with pytest.raises(DeviceError, match=rf"another run holds this device \(process {bench.process.pid} "):
            second.start()
    finally:
        second.close()
    bench.process.kill()
    bench.process.wait()
    third = Bench(tmp_path)
    third.start()  # the kernel freed it
    third.close()


def test_nonsense_from_the_host_ends_the_agent_in_band(bench: Bench) -> None:
    bench.connection.send("dance", {})
    with pytest.raises(BenchError, match="known message"):
        bench.connection.receive(20)
    wait_until(lambda: bench.process.poll() is not None, "the agent to end")
