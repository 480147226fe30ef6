"""A real agent with real workers that fail in every way: what it reports, and that nothing is left running."""

import contextlib
import hashlib
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
from bench.cache.store import Store
from bench.errors import BenchError, DeviceError, LinkLostError, ProtocolError
from bench.host.job import failure_of, run_job
from bench.link.child import ProcessPipe
from bench.link.connection import Connection
from bench.system.affinity import choose, topology
from bench.wire.lease import Lease
from bench.wire.message import Message, encode_line
from bench.wire.messages import Begin, Cancel, Exit, Fatal, FilePart, Said
from bench.wire.order import Job, Order, Task
from tests.bench_process import ROOT, SOON_S, wait_until
from tests.conftest import Mount
from tests.fake_worker import OUT_OF_TURN
from tests.made_up import unit

PATIENT = Lease(heartbeat_s=1.0, lease_s=20.0, grace_s=0.3, lock_wait_s=0.2)
HASTY = Lease(heartbeat_s=0.2, lease_s=3.0, grace_s=0.2, lock_wait_s=20.0)  # where a lease has to end
PROGRAM = "import sys; from bench.agent.__main__ import main; sys.exit(main(worker=tuple(sys.argv[1:])))"


class Device:
    """Agents started on one cache, all ended with the test."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.processes: list[subprocess.Popen[bytes]] = []
        self.connections: list[Connection] = []

    def connect(
        self, behaviour: str = "hangs", lease: Lease = PATIENT, program: str = PROGRAM, name: str = ""
    ) -> Connection:
        process = self.start(behaviour, program)
        connection = Connection(
            ProcessPipe(process), "run-1", lease, lambda code, text: LinkLostError(f"ended {code}: {text}"), name
        )
        self.connections.append(connection)
        connection.start()
        return connection

    def start(self, behaviour: str, program: str = PROGRAM) -> "subprocess.Popen[bytes]":
        worker = (sys.executable, str(ROOT / "tests/fake_worker.py"), behaviour)
        process = subprocess.Popen(
            [sys.executable, "-c", program, *worker],
            cwd=ROOT,
            env=os.environ | {"BENCH_CACHE": str(self.cache), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.processes.append(process)
        return process

    def input(self) -> int:
        """The last agent's, for what no connection would say."""
        pipe = self.processes[-1].stdin
        assert pipe is not None
        return pipe.fileno()

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        for process in self.processes:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                assert pipe is not None
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path / "cache")
    yield made
    made.close()


def a_job(*, deadline_s: float = 60.0, start_s: float = 60.0, workers: int = 1) -> Job:
    orders = tuple(Order(unit=one, deadline_s=deadline_s) for one in (unit(), unit("pconv")))
    task = Task(kind="pair" if workers == 2 else "measure", orders=orders)
    return Job(task=task, workers=workers, start_s=start_s)


def outcome(connection: Connection, job: Job | None = None) -> tuple[tuple[Exit, ...], list[Said]]:
    heard: list[Said] = []
    return run_job(connection, job or a_job(), heard.append, Event()), heard


def only_exit(connection: Connection, job: Job | None = None) -> Exit:
    (end,), _ = outcome(connection, job)
    return end


def children(pid: int) -> set[int]:
    """The processes below one, at any depth."""
    found: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            _, _, rest = stat.read_text().rpartition(")")
            if int(rest.split()[1]) == pid:
                child = int(stat.parent.name)
                found |= {child} | children(child)
    return found


def running(pid: int) -> bool:
    """Whether it runs; a zombie has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def agent_of(device: Device) -> int:
    return device.processes[-1].pid


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


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_a_signal_is_named(device: Device, name: str) -> None:
    # The kernel's count is the whole machine's: somebody else may run out of memory meanwhile.
    nobody_else = "import bench.agent.worker_process; bench.agent.worker_process.oom_kills = lambda: 0; "
    end = only_exit(device.connect(name, program=nobody_else + PROGRAM))
    assert (end.code, end.signal) == (0, signal.Signals[name])
    kind, reason = failure_of((end,))
    assert kind == "crash"
    assert name in reason


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


def started(device: Device, behaviour: str = "ignores TERM", lease: Lease = PATIENT) -> set[int]:
    """A worker that runs, and the processes below the agent."""
    connection = device.connect(behaviour, lease)
    heard: list[Said] = []
    with pytest.raises(FirstMessageError):
        run_job(connection, a_job(), lambda said: interrupt(heard, said), Event())
    below = children(agent_of(device))
    assert below
    return below


class FirstMessageError(Exception):
    """Ends a test's wait at the first message."""


def interrupt(heard: list[Said], said: Said) -> None:
    heard.append(said)
    raise FirstMessageError


def test_the_end_of_its_input_ends_everything(device: Device) -> None:
    below = started(device)
    stdin = device.processes[-1].stdin
    assert stdin is not None
    stdin.close()
    wait_until(lambda: device.processes[-1].poll() is not None)
    wait_until(lambda: not any(map(running, below)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_the_agent_ends_everything(device: Device, number: int) -> None:
    below = started(device)
    os.kill(agent_of(device), number)
    wait_until(lambda: device.processes[-1].poll() is not None)
    wait_until(lambda: not any(map(running, below)))


def test_a_worker_dies_with_its_killed_agent(device: Device) -> None:
    """Nobody is left to end it: the kernel does, because the worker asked for it at its start."""
    below = started(device, "dies with its agent")
    (worker,) = below
    # It asks for it before it takes its CPUs; the agent chose them from all there are.
    chosen = set(choose(topology(), 1))
    wait_until(lambda: os.sched_getaffinity(worker) == chosen)
    device.processes[-1].kill()
    device.processes[-1].wait()
    wait_until(lambda: not running(worker))


def test_a_silent_host_loses_its_lease(device: Device) -> None:
    """The pipe stays open, as with a stopped host or a dead network: nothing is heard any more."""
    below = started(device, lease=HASTY)
    wait_until(lambda: device.processes[-1].poll() is not None)
    wait_until(lambda: not any(map(running, below)))


def test_a_silent_agent_is_lost(device: Device) -> None:
    connection = device.connect(lease=HASTY)
    os.kill(agent_of(device), signal.SIGSTOP)
    try:
        with pytest.raises(LinkLostError, match="nothing was heard for 3 s"):
            connection.receive(SOON_S)
    finally:
        os.kill(agent_of(device), signal.SIGCONT)


def test_a_device_serves_one_run_at_a_time(device: Device) -> None:
    device.connect()
    with pytest.raises(DeviceError, match=f"another run holds this device \\(process {agent_of(device)} since"):
        device.connect()


def test_two_ways_to_one_machine_in_one_run_are_told_apart_from_two_runs(device: Device) -> None:
    device.connect(name="this machine")
    with pytest.raises(
        DeviceError, match="board: it is the machine that this very run uses as 'this machine', as the same user"
    ):
        device.connect(lease=Lease(lock_wait_s=SOON_S), name="board")  # nor does it wait for what cannot come


def test_the_device_is_free_again_when_its_run_ends(device: Device) -> None:
    device.connect().close()
    device.connect()


def test_files_arrive_whole_and_are_known_afterwards(device: Device, tmp_path: Path) -> None:
    data = os.urandom(1_500_000)  # three chunks
    digest = Store(tmp_path / "host").add_bytes(data)
    connection = device.connect()
    assert connection.missing([digest]) == [digest]
    connection.send_file(Store(tmp_path / "host").path(digest), digest)
    assert connection.missing([digest]) == []
    assert Store(device.cache).path(digest).read_bytes() == data


def test_a_file_of_no_bytes_is_a_file(device: Device, tmp_path: Path) -> None:
    digest = Store(tmp_path / "host").add_bytes(b"")
    connection = device.connect()
    connection.send_file(Store(tmp_path / "host").path(digest), digest)
    assert connection.missing([digest]) == []


def test_other_bytes_than_announced_are_refused_and_not_kept(device: Device, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"other bytes")
    connection = device.connect()
    with pytest.raises(ProtocolError, match="other bytes came"):
        connection.send_file(path, "0" * 64)
    assert list((device.cache / "files").iterdir()) == []


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a tmpfs")
def test_a_device_whose_disk_fills_says_so_and_keeps_no_torn_file(
    device: Device, tmp_path: Path, mounted: Mount
) -> None:
    mounted(device.cache, "64k")
    path = tmp_path / "file"
    path.write_bytes(os.urandom(200_000))
    connection = device.connect()
    with pytest.raises(DeviceError, match="No space left on device on the device"):
        connection.send_file(path, hashlib.sha256(path.read_bytes()).hexdigest())
    device.processes[-1].wait(SOON_S)
    assert list((device.cache / "files").iterdir()) == []


def test_a_host_that_leaves_in_the_middle_of_a_file_leaves_nothing(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.link.connection.LAST_WORDS_S", SOON_S)  # it ends by itself, however slow
    connection = device.connect()
    connection.send(FilePart(digest="0" * 64, size=100, data="", last=False))
    wait_until(lambda: list((device.cache / "files").iterdir()))
    connection.close()
    device.processes[-1].wait(SOON_S)
    assert list((device.cache / "files").iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("poem", {}, "known message"),
        ("job", {}, "missing field"),
        ("have", {}, "digests"),
        ("have", {"digests": ["../../etc/passwd"]}, "SHA-256"),
        ("file", {"data": "", "last": True}, "digest before its data"),
        ("file", {"digest": "0" * 64, "size": 1, "data": "?", "last": True}, "."),
    ],
)
def test_a_host_that_says_nonsense_is_told_so(device: Device, kind: str, body: dict[str, object], reason: str) -> None:
    connection = device.connect()
    nonsense = Message(type=kind, body=body, run="run-1", seq=2)
    os.write(device.input(), encode_line(nonsense))
    with pytest.raises(ProtocolError, match=reason):
        connection.receive(SOON_S)
    device.processes[-1].wait(SOON_S)


def test_more_threads_than_cpus_are_refused(device: Device) -> None:
    connection = device.connect()
    connection.send(Job(task=Task(kind="noise"), threads=4096))
    with pytest.raises(BenchError, match=r"expected 1 to \d+ threads"):
        connection.receive(SOON_S)


def test_the_agent_needs_the_standard_library_alone() -> None:
    """No torch, no numpy, no package at all: `-S` leaves site-packages out."""
    code = (
        "import sys, bench.agent.agent; print(sorted(set(sys.modules) & {'torch', 'numpy', 'click', 'rich', 'yaml'}))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"
