"""What ends an agent, and that everything below it ends with it: its input, a signal, a lease, a host's nonsense."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from bench.errors import BenchError, DeviceError, LinkLostError, ProtocolError
from bench.host.job import run_job
from bench.system.affinity import choose, topology
from bench.wire.lease import Lease
from bench.wire.message import Message, encode_line
from bench.wire.messages import Said
from bench.wire.order import Job, Task
from tests.agent_device import HASTY, PATIENT, Device, a_job, agent_of, children, running
from tests.bench_process import SOON_S, wait_until


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path / "cache")
    yield made
    made.close()


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
