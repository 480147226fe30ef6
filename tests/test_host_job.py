"""A job ends in bounded time and memory, whatever the device at the other end does."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from bench.errors import ProtocolError
from bench.host.job import MAX_HEARD_BYTES, run_job
from bench.link.connection import Connection
from bench.wire.lease import Lease
from bench.wire.message import Message
from bench.wire.order import Deadline, Job, Task

QUICK = Lease(lease_s=0.02, grace_s=0.01)
JOB = Job(task=Task(kind="measure"), start_s=0.02, deadlines=(Deadline(unit="unit", seconds=0.02),))


class Pretender:
    """Beats its heart without end and says what it likes; a message costs `message_bytes`."""

    def __init__(self, says: Iterator[Message], message_bytes: int = 100) -> None:
        self.timing, self.heard_bytes = QUICK, 0
        self.asked: list[str] = []
        self._says, self._bytes = says, message_bytes

    def send(self, kind: str, body: dict[str, Any]) -> None:
        self.asked.append(kind)

    def receive(self, timeout_s: float) -> Message | None:
        said = next(self._says, None)
        self.heard_bytes += self._bytes * (said is not None)
        return said


def run(device: Pretender, stopped: Callable[[], bool] = lambda: False) -> None:
    run_job(cast(Connection, device), JOB, lambda message: None, stopped)


def says(kind: str, units: tuple[str, ...] = ("unit",)) -> Iterator[Message]:
    return (Message(type=kind, unit=unit, attempt=1, body={"worker": 0}) for unit in units)


@pytest.mark.parametrize("first", ["nothing", "begin"])
def test_a_worker_that_is_never_ended_is_given_up(first: str) -> None:
    with pytest.raises(ProtocolError, match="was not; restart the device"):
        run(Pretender(says(first, () if first == "nothing" else ("unit",))))


def test_a_cancelled_worker_that_is_never_ended_is_given_up() -> None:
    device = Pretender(says("nothing", ()))
    with pytest.raises(ProtocolError, match="was not"):
        run(device, lambda: True)
    assert device.asked == ["job", "cancel"]


def test_a_unit_begins_once() -> None:
    """Each begin starts a new deadline: without end, there would be none."""
    with pytest.raises(ProtocolError, match="begin once"):
        run(Pretender(says("begin", ("unit", "unit"))))


def test_a_flood_about_one_unit_is_refused() -> None:
    parts = 4
    with pytest.raises(ProtocolError, match="256 MiB"):
        run(Pretender(says("noise", ("unit",) * (parts + 1)), MAX_HEARD_BYTES // parts))


def test_each_unit_has_its_own_bytes() -> None:
    def records() -> Iterator[Message]:
        for unit in ("first", "second", "third"):
            yield from says("begin", (unit,))
            yield from says("record", (unit,))
        yield Message(type="idle", body={})

    run(Pretender(records(), MAX_HEARD_BYTES // 3))
