"""What a worker says to its agent, on a pipe of its own: stdout belongs to the libraries."""

import os

from bench.plain_text import plain_line
from bench.wire.message import encode_line
from bench.wire.messages import Body, message
from bench.wire.order import Order


class Channel:
    """Writes JSON lines to the pipe whose number the agent gave."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._sequence = 0
        self._owner = os.getpid()
        os.set_inheritable(descriptor, False)  # no grandchild shall hold it open

    def send(self, body: Body, order: Order | None = None) -> None:
        """One message in one line, about that unit; the pipe blocks while the agent is busy.

        RuntimeError in a copy of the process: where a network forks, what it returned to is done twice.
        """
        if os.getpid() != self._owner:
            raise RuntimeError("expected one worker, got a copy that the network forked off; let the copy end itself")
        self._sequence += 1
        unit, attempt = ("", 0) if order is None else (order.unit.id, order.attempt)
        line = encode_line(message(body, unit=unit, attempt=attempt, seq=self._sequence))
        while line:
            line = line[os.write(self._descriptor, line) :]


def one_line(text: object) -> str:
    """An error's text for a table; its name where it says nothing."""
    return plain_line(text) or type(text).__name__
