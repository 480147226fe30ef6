"""A device whose every byte is the test's, behind a real Connection."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from bench.errors import LinkLostError
from bench.link.child import ProcessPipe
from bench.link.connection import Connection, Stopped, never
from bench.wire.lease import Lease

HASTY = Lease(heartbeat_s=0.1, lease_s=1.5, grace_s=0.1, lock_wait_s=0.1)  # where a lease has to end
PATIENT = Lease(heartbeat_s=60, lease_s=60)


class Ends:
    """The three pipes of a process that is nobody."""

    def __init__(self) -> None:
        self.listen, theirs = os.pipe()
        ours, self.speak = os.pipe()
        errors, self._errors = os.pipe()
        self.stdin, self.stdout = os.fdopen(theirs, "wb", 0), os.fdopen(ours, "rb", 0)
        self.stderr = os.fdopen(errors, "rb", 0)

    def poll(self) -> int:
        return 255

    wait = kill = lambda self, *_: 255

    def shut(self, *names: str) -> None:
        for name in names:
            if (descriptor := getattr(self, name)) >= 0:
                os.close(descriptor)
                setattr(self, name, -1)


class Hostile:
    """A device whose every byte is the test's."""

    def __init__(self, lease: Lease, stopped: Stopped) -> None:
        self.ends = Ends()
        process = cast("subprocess.Popen[bytes]", self.ends)
        self.connection = Connection(
            ProcessPipe(process), "run", lease, lambda code, text: LinkLostError("gone"), stopped=stopped
        )
        self._feeder = threading.Thread(target=lambda: None)
        self._feeder.start()

    def say(self, data: bytes, *, and_leave: bool = False, and_wait: bool = False) -> None:
        """Write from another thread, since a pipe holds little; with `and_wait` until all of it is in the pipe."""
        self._feeder.join()
        self._feeder = threading.Thread(target=self._write, args=(data, and_leave))
        self._feeder.start()
        if and_wait:
            self._feeder.join()

    def _write(self, data: bytes, and_leave: bool) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.ends.speak, view) :]
        except OSError:  # the host stopped listening, rightly
            return
        if and_leave:
            self.ends.shut("speak")

    def close(self) -> None:
        self.connection.close()
        self._feeder.join(10)
        assert not self._feeder.is_alive()
        self.ends.shut("speak", "listen", "_errors")


@contextmanager
def hostile(lease: Lease = PATIENT, stopped: Stopped = never) -> Iterator[Hostile]:
    """One device, for one test."""
    device = Hostile(lease, stopped)
    try:
        yield device
    finally:
        device.close()
