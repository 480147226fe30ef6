"""A job ends in bounded time and memory, whatever the device at the other end does."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import cast

import pytest

from bench.errors import ProtocolError
from bench.host.job import MAX_HEARD_BYTES, run_job
from bench.link.connection import Connection
from bench.wire.lease import Lease
from bench.wire.messages import Accelerators, Begin, Body, Cancel, Idle, Said
from bench.wire.order import Job, Order, Task
from tests.made_up import unit

QUICK = Lease(lease_s=0.02, grace_s=0.01)
UNIT = unit()
JOB = Job(task=Task(kind="measure", orders=(Order(unit=UNIT, deadline_s=0.02),)), start_s=0.02)


class Pretender:
    """Beats its heart without end and says what it likes; a message costs `message_bytes`."""

    def __init__(self, says: Iterator[Said], message_bytes: int = 100) -> None:
        self.lease, self.heard_bytes = QUICK, 0
        self.asked: list[type] = []
        self._says, self._bytes = says, message_bytes

    def send(self, body: Body) -> None:
        self.asked.append(type(body))

    def broken(self, what: str) -> ProtocolError:
        return ProtocolError(f"board: {what}")

    def receive(self, timeout_s: float) -> Said | None:
        said = next(self._says, None)
        self.heard_bytes += self._bytes * (said is not None)
        return said


def run(device: Pretender, stop: Event | None = None, handle: Callable[[Said], None] = lambda said: None) -> None:
    run_job(cast(Connection, device), JOB, handle, stop or Event())


def says(body: Body, times: int = 1) -> Iterator[Said]:
    return (Said(body=body, unit=UNIT.id, attempt=1) for _ in range(times))


@pytest.mark.parametrize("begins", [0, 1])
def test_a_worker_that_is_never_ended_is_given_up(begins: int) -> None:
    with pytest.raises(ProtocolError, match=r"^board: .*was not; restart the device"):
        run(Pretender(says(Begin(), begins)))


def test_a_cancelled_worker_that_is_never_ended_is_given_up() -> None:
    device, stop = Pretender(says(Begin(), 0)), Event()
    stop.set()
    with pytest.raises(ProtocolError, match="was not"):
        run(device, stop)
    assert device.asked == [Job, Cancel]


def test_what_a_device_should_not_have_said_names_it() -> None:
    def refuse(said: Said) -> None:
        raise ProtocolError("expected a record")

    with pytest.raises(ProtocolError, match=r"^board: expected a record"):
        run(Pretender(says(Accelerators())), handle=refuse)


def test_a_unit_begins_once() -> None:
    """Each begin starts a new deadline: without end, there would be none."""
    with pytest.raises(ProtocolError, match="to begin once"):
        run(Pretender(says(Begin(), 2)))


def test_a_flood_about_one_unit_is_refused() -> None:
    parts = 4
    with pytest.raises(ProtocolError, match="256 MiB"):
        run(Pretender(says(Accelerators(), parts + 1), MAX_HEARD_BYTES // parts))


def test_each_unit_has_its_own_bytes() -> None:
    def records() -> Iterator[Said]:
        for order in job.task.orders:
            yield Said(body=Begin(), unit=order.unit.id)
            yield Said(body=Accelerators(), unit=order.unit.id)
        yield Said(body=Idle())

    job = Job(task=Task(kind="measure", orders=tuple(Order(unit=unit(op)) for op in ("conv", "gconv", "pconv"))))
    run_job(cast(Connection, Pretender(records(), MAX_HEARD_BYTES // 3)), job, lambda said: None, Event())


def test_no_unit_begins_that_is_not_of_the_job() -> None:
    """Units that a device makes up would push the deadline on for ever."""
    with pytest.raises(ProtocolError, match="and no other"):
        run(Pretender(iter([Said(body=Begin(), unit=unit("tconv").id)])))
