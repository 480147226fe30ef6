"""A connection over a link that will fail: begun, lost, and whether the device is free afterwards."""

from threading import Event

import pytest

from bench.errors import LinkLostError
from bench.host.job import run_job
from bench.link.connection import Connection
from bench.link.ssh import SshTransport
from bench.wire.lease import Lease
from bench.wire.order import Job, Task
from tests.sshd import Sshd, wait_until

LEASE = Lease(heartbeat_s=0.2, lease_s=20.0, grace_s=0.2, lock_wait_s=20.0)
HASTY = Lease(heartbeat_s=0.2, lease_s=3.0, grace_s=0.2, lock_wait_s=20.0)  # where a lease has to end


def nothing_runs(sshd: Sshd) -> None:
    wait_until(lambda: not sshd.agents(), "our programs on the device to end", 30)


def begin(connection: Connection, sshd: Sshd) -> None:
    """A worker of some seconds runs: it imports torch."""
    connection.send(Job(task=Task(kind="probe")))

    def has_begun() -> bool:
        connection.receive(0.02)  # and so its lease is renewed
        return any("bench.worker" in " ".join(p.cmdline()) for p in sshd.agents())

    wait_until(has_begun, "a worker to start")


def lost(connection: Connection) -> str:
    try:
        with pytest.raises(LinkLostError) as caught:
            hear_all(connection)
    finally:
        connection.close()
    return str(caught.value)


def hear_all(connection: Connection) -> None:
    """Until an error ends it."""
    while connection.receive(20) is not None:
        pass


def again(transport: SshTransport) -> None:
    """The device takes the next run."""
    connection, _, _ = transport.connect("again", LEASE)
    try:
        (end,) = run_job(connection, Job(task=Task(kind="noise")), lambda said: None, Event())
        assert end.code == 0
    finally:
        connection.close()
