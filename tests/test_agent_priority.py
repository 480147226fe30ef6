"""A worker at real-time priority that never sleeps, on every CPU: its agent and its host go on as ever."""

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from bench.host.job import run_job
from bench.records.workload import Settings
from bench.system.priority import leaves_time, refusal
from bench.wire.lease import Lease
from bench.wire.order import Job, Order, Task
from tests.agent_device import Device, agent_of, children
from tests.made_up import unit

LEASE = Lease(heartbeat_s=0.5, lease_s=10.0, grace_s=0.5)
pytestmark = pytest.mark.skipif(
    bool(refusal()) or not leaves_time(), reason=refusal() or "the kernel keeps nothing back for others"
)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path / "cache")
    yield made
    made.close()


def a_job(deadline_s: float) -> Job:
    cpus = len(os.sched_getaffinity(0))
    spinning = replace(unit(threads=cpus), settings=Settings(realtime=True))
    return Job(task=Task(kind="measure", orders=(Order(unit=spinning, deadline_s=deadline_s),)), threads=cpus)


def test_its_deadline_ends_it(device: Device) -> None:
    connection = device.connect("takes every CPU", LEASE)
    (end,) = run_job(connection, a_job(deadline_s=3.0), lambda said: None, Event())
    assert end.timed_out
    # The link is alive: the next job runs.
    assert run_job(connection, Job(task=Task(kind="noise")), lambda said: None, Event())


def test_ctrl_c_ends_it(device: Device) -> None:
    connection, stop, begun = device.connect("takes every CPU", LEASE), Event(), Event()
    seen: list[tuple[int, int]] = []

    def interrupt() -> None:
        begun.wait()
        stop.wait(1.0)  # while it spins
        agent = agent_of(device)
        seen.extend((os.sched_getscheduler(p), os.sched_getparam(p).sched_priority) for p in (agent, *children(agent)))
        stop.set()
        connection.interrupt()

    waiting = threading.Thread(target=interrupt)
    waiting.start()
    (end,) = run_job(connection, a_job(deadline_s=600.0), lambda said: begun.set(), stop)
    waiting.join()
    assert end.signal
    assert not end.timed_out
    above, worker = (os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, 11), (os.SCHED_FIFO, 10)
    assert seen == [above, worker]
    assert os.sched_getscheduler(agent_of(device)) & ~os.SCHED_RESET_ON_FORK == os.SCHED_OTHER
