"""What a worker says to its agent, on a pipe of its own: stdout belongs to the libraries."""

import os
from typing import Any

from bench.records.record import FailureKind, Record
from bench.records.workload import Unit
from bench.wire.decode import encode
from bench.wire.message import Message, encode_line


class Channel:
    """Writes JSON lines to the pipe whose number the agent gave."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._sequence = 0
        os.set_inheritable(descriptor, False)  # no grandchild shall hold it open

    def send(self, kind: str, body: dict[str, Any], unit: str = "", attempt: int = 0) -> None:
        """One message in one line; the pipe blocks while the agent is busy."""
        self._sequence += 1
        line = encode_line(Message(type=kind, body=body, unit=unit, attempt=attempt, seq=self._sequence))
        while line:
            line = line[os.write(self._descriptor, line) :]

    def begin(self, unit: Unit, attempt: int) -> None:
        """From here the unit's own deadline runs."""
        self.send("begin", {}, unit=unit.id, attempt=attempt)

    def record(self, record: Record) -> None:
        """The end of a unit."""
        self.send("record", encode(record), unit=record.unit.id, attempt=record.attempt)

    def give_up(self, kind: FailureKind, reason: str) -> None:
        """The whole task cannot be done in this process, and no other would do better."""
        self.send("fatal", {"kind": kind, "reason": one_line(reason)})


def one_line(text: object) -> str:
    """An error's text for a table: its first 300 characters, white space folded."""
    # A file name may hold half of a surrogate pair, which the wire refuses.
    clean = str(text).encode("utf-8", "replace").decode()
    return " ".join(clean.split())[:300] or type(text).__name__
