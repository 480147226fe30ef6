"""A real agent with real workers that fail in every way: what it reports, and that nothing is left running."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from bench.agent.worker_process import WorkerProcess
from bench.host.job import failure_of, run_job
from bench.wire.lease import Lease
from bench.wire.messages import Begin, Cancel, Exit, Fatal, Said
from tests.agent_device import PATIENT, PROGRAM, Device, a_job, agent_of, children, only_exit, outcome, running
from tests.bench_process import ROOT, wait_until
from tests.fake_worker import OUT_OF_TURN


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path / "cache")
    yield made
    made.close()


def test_an_exit_code_comes_with_the_last_words(device: Device) -> None:
    end = only_exit(device.connect("exit code"))
    assert (end.code, end.signal, end.timed_out, end.oom) == (7, 0, False, False)
    assert end.peak_memory_bytes > 1 << 20
    assert failure_of((end,)) == ("crash", "the worker ended with code 7: Fatal: no such kernel")


def test_what_one_worker_compiles_is_gone_before_the_next(device: Device) -> None:
    (device.cache / "compiled/inductor").mkdir(parents=True)  # as a killed agent leaves it
    connection = device.connect("compiles")
    for _ in range(2):
        reason = failure_of((only_exit(connection),))[1]
        assert "TRITON_CACHE_DIR new" in reason
        assert "used" not in reason
        assert not (device.cache / "compiled").exists()


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGILL"])
def test_a_signal_is_named(device: Device, name: str) -> None:
    # The kernel's count is the whole machine's: somebody else may run out of memory meanwhile.
    nobody_else = "import bench.agent.worker_process; bench.agent.worker_process.oom_kills = lambda: 0; "
    end = only_exit(device.connect(name, program=nobody_else + PROGRAM))
    assert (end.code, end.signal) == (0, signal.Signals[name])
    kind, reason = failure_of((end,))
    assert kind == "crash"
    assert name in reason
    assert ("built for instructions that this CPU has not got; install another version" in reason) == (name == "SIGILL")


def test_pythons_memory_error_is_told_from_a_crash(device: Device) -> None:
    assert failure_of((only_exit(device.connect("out of memory")),))[0] == "out_of_memory"


@pytest.mark.parametrize("kills", [0, 1])
def test_the_kernels_count_tells_a_kill_for_memory_from_another(monkeypatch: pytest.MonkeyPatch, kills: int) -> None:
    counts = iter([5, 5 + kills])
    monkeypatch.setattr("bench.agent.worker_process.oom_kills", lambda: next(counts))
    worker = WorkerProcess(b"", dict(os.environ), start_s=60.0, command=("sh", "-c", "kill -9 $$"))
    ends: list[Exit] = []

    def ended() -> bool:
        if end := worker.reap():
            ends.append(end)
        return bool(ends)

    wait_until(ended)
    worker.close_pipes()
    assert (ends[0].signal, ends[0].oom) == (signal.SIGKILL, bool(kills))


def test_the_agent_serves_another_job_after_a_crash(device: Device) -> None:
    connection = device.connect("SIGSEGV")
    for _ in range(3):
        end = only_exit(connection)
        assert end.signal == signal.SIGSEGV


@pytest.mark.parametrize(
    ("behaviour", "number"),
    [("hangs", signal.SIGTERM), ("ignores TERM", signal.SIGKILL), ("holds the lock", signal.SIGKILL)],
)
def test_a_hung_worker_is_ended_at_its_deadline(device: Device, behaviour: str, number: int) -> None:
    end = only_exit(device.connect(behaviour), a_job(deadline_s=0.3))
    assert end.timed_out
    assert end.signal == number
    assert failure_of((end,))[0] == "timeout"


# Each look at the wall clock finds it a year further on or back, as when a board without a battery hears of the time.
STEPPING = "import itertools, time; wall = itertools.cycle((1e9, 1e9 + 3e7, 1e9 - 3e7)); time.time = wall.__next__; "


def test_steps_of_both_wall_clocks_end_nothing_and_delay_nothing(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = itertools.cycle((1e9, 1e9 + 3e7, 1e9 - 3e7))
    monkeypatch.setattr(time, "time", lambda: next(wall))
    lease = Lease(heartbeat_s=0.1, lease_s=5.0, grace_s=0.3, lock_wait_s=0.2)
    connection = device.connect("hangs", lease, STEPPING + PROGRAM)
    end = only_exit(connection, a_job(deadline_s=1.0))
    assert (end.timed_out, end.signal) == (True, signal.SIGTERM)
    assert connection.missing([]) == [], "the lease has lasted"


def test_a_worker_that_never_begins_has_a_deadline_too(device: Device) -> None:
    """`sleep` stands for one that hangs in an import."""
    connection = device.connect("hangs", PATIENT)
    (end,), heard = outcome(connection, a_job(start_s=0.001, deadline_s=0.3))
    assert end.timed_out
    assert len(heard) <= 1


def test_a_grandchild_that_keeps_the_pipes_open_is_ended(device: Device) -> None:
    end = only_exit(device.connect("grandchild"))
    assert (end.code, end.signal) == (0, 0)
    assert end.log == "working\ngrandchild left behind\n"
    grandchild = int((device.cache / "grandchild").read_text())
    wait_until(lambda: not running(grandchild))


def test_a_hundred_megabytes_of_chatter_leave_the_last_lines(device: Device) -> None:
    end = only_exit(device.connect("prints without end"))
    assert failure_of((end,)) == ("crash", "the worker ended with code 3: the last line")
    assert len(end.log) <= 16 * 1024


@pytest.mark.parametrize("behaviour", ["endless stream", "no json"])
def test_a_worker_that_breaks_the_wire_format_is_ended(device: Device, behaviour: str) -> None:
    end = only_exit(device.connect(behaviour))
    assert end.signal == signal.SIGKILL
    kind, reason = failure_of((end,))
    assert kind == "protocol"
    assert end.broke_wire in reason


@pytest.mark.parametrize("behaviour", [*OUT_OF_TURN, "skips a message", "a copy speaks"])
def test_a_worker_that_speaks_out_of_turn_is_ended_and_costs_nothing_else(device: Device, behaviour: str) -> None:
    connection = device.connect(behaviour)
    for _ in range(2):  # the agent goes on
        (end,), heard = outcome(connection)
        assert end.broke_wire
        assert [said.body for said in heard if not isinstance(said.body, Fatal)] == [Begin()], "no more was passed on"
        assert failure_of((end,))[0] == "protocol"
        assert children(agent_of(device)) == set()


def test_what_a_worker_leaves_behind_is_ended_with_its_children(device: Device) -> None:
    """Each in a session of its own: when the first is ended, its child comes to the agent."""
    connection = device.connect("grandchildren")
    only_exit(connection)
    assert children(agent_of(device)) == set()
    assert connection.missing([]) == [], "it was not the agent's own end"


def test_one_of_a_pair_takes_the_other_with_it(device: Device) -> None:
    exits, _ = outcome(device.connect("first of a pair dies"), a_job(workers=2))
    assert [(end.code, end.signal) for end in exits] == [(9, 0), (0, signal.SIGKILL)]
    assert failure_of(exits) == ("crash", "the worker ended with code 9: working"), "it is the first that says why"


def test_cancelling_ends_the_worker_and_not_the_agent(device: Device) -> None:
    connection = device.connect("ignores TERM")
    stop = Event()

    def stop_once_begun(said: Said) -> None:
        stop.set()
        connection.interrupt()

    (end,) = run_job(connection, a_job(), stop_once_begun, stop)
    assert end.signal == signal.SIGKILL
    assert connection.missing([]) == []


def test_cancelling_a_pair_of_which_one_has_ended_harms_nobody(device: Device) -> None:
    """The one that is gone has no process group: nothing may be signalled in its name."""
    connection = device.connect("first of a pair dies")
    for _ in range(3):
        connection.send(Cancel())
    exits, _ = outcome(connection, a_job(workers=2))
    assert len(exits) == 2


def test_the_agent_needs_the_standard_library_alone() -> None:
    """No torch, no numpy, no package at all: `-S` leaves site-packages out."""
    code = (
        "import sys, bench.agent.agent; print(sorted(set(sys.modules) & {'torch', 'numpy', 'click', 'rich', 'yaml'}))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"
