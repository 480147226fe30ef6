"""The agent's end of the conversation with its host: lines in, lines out, and no wait for either."""

import os
import selectors
import time
from dataclasses import replace

from bench.errors import ProtocolError
from bench.wire.message import MAX_LINE_BYTES, Message, decode_line, encode_line
from bench.wire.messages import Body, message, understood

MAX_BACKLOG_BYTES = 64 << 20  # what a host that takes nothing may leave unsent


class HostPipe:
    """Stdin and stdout of this process, watched by the agent's selector.

    `gone` once the host closed either of them or left too much unread; `heard` is when it last sent anything.
    """

    def __init__(self, run: str, selector: selectors.BaseSelector, given: bytes = b"") -> None:
        self._run, self._selector = run, selector
        self._input, self._output = bytearray(given), bytearray()
        self._sequence = 0
        self.gone = False
        self.heard = time.monotonic()

    def open(self) -> None:
        """Begin to listen."""
        for descriptor in (0, 1):
            os.set_blocking(descriptor, False)
        self._selector.register(0, selectors.EVENT_READ, self._read)

    def next_order(self) -> Body | None:
        """What the host said next; ProtocolError where that does not end, or is no message."""
        end = self._input.find(b"\n")
        if end < 0:
            if len(self._input) > 2 * MAX_LINE_BYTES:
                raise ProtocolError("expected shorter lines from the host")
            return None
        line = bytes(self._input[:end])
        del self._input[: end + 1]
        return understood(decode_line(line)).body

    def send(self, body: Body) -> None:
        """Say it, or as much of it as the host takes now."""
        self.forward(message(body))

    def forward(self, said: Message, worker: int = 0) -> None:
        """Pass on what a worker said, or what is said about it."""
        self._sequence += 1
        self._output += encode_line(replace(said, run=self._run, worker=worker, seq=self._sequence))
        if len(self._output) > MAX_BACKLOG_BYTES:
            self.gone = True
        self.flush()

    def flush(self) -> None:
        """Write what the host takes now; the selector wakes the agent when it takes more."""
        try:
            while self._output and not self.gone:
                del self._output[: os.write(1, self._output)]
        except BlockingIOError:
            pass
        except OSError:
            self.gone = True
        waiting = 1 in self._selector.get_map()
        if self.has_unsent and not waiting:
            self._selector.register(1, selectors.EVENT_WRITE, self.flush)
        elif not self.has_unsent and waiting:
            self._selector.unregister(1)

    @property
    def has_unsent(self) -> bool:
        """Whether the host has still to take something, and is there to take it."""
        return bool(self._output) and not self.gone

    def _read(self) -> None:
        try:
            data = os.read(0, 1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.gone = True
        self.heard = time.monotonic()
        self._input += data
