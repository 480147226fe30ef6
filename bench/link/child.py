"""The host's end of a process that runs a program of ours: lines in, bytes out, and what is left when it ends."""

import contextlib
import os
import selectors
import subprocess
import time
from collections import deque

from bench.errors import ProtocolError
from bench.system.process_group import kill_group
from bench.wire.message import MAX_LINE_BYTES

_STDERR_BYTES = 8 * 1024
_CHUNK_BYTES = 1 << 18


class ProcessPipe:
    """Stdin, stdout and stderr of a process, none of which blocks. Used by one thread; `interrupt` by any.

    `lines` holds what stdout said and nobody took yet; `heard` is when it last said anything, `heard_bytes` how much.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("expected a process with all three pipes")
        self._process = process
        self._files = process.stdin, process.stdout, process.stderr
        self._input, self._output, self._errors = (file.fileno() for file in self._files)
        for descriptor in (self._input, self._output, self._errors):
            os.set_blocking(descriptor, False)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self._selector = selectors.DefaultSelector()
        for descriptor in (self._output, self._errors, self._wake_read):
            self._selector.register(descriptor, selectors.EVENT_READ)
        self._rest, self._stderr = bytearray(), b""
        self._closed = False
        self.lines = deque[bytes]()
        self.heard = time.monotonic()
        self.heard_bytes = 0

    def write(self, data: memoryview) -> int:
        """How many bytes were taken, 0 where the pipe is full; OSError where nobody reads it any more."""
        try:
            return os.write(self._input, data)
        except BlockingIOError:
            return 0

    def wait_writable(self, timeout_s: float) -> None:
        """Return when there is room, or at the time-out."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._input, selectors.EVENT_WRITE)
            selector.select(timeout_s)

    def read(self, timeout_s: float) -> bool:
        """Take in what has come; True where `interrupt` was called.

        EOFError where the output ended, ProtocolError on a line over the limit.
        """
        interrupted = False
        for key, _ in self._selector.select(max(0.0, timeout_s)):
            try:
                data = os.read(key.fd, _CHUNK_BYTES)
            except BlockingIOError:
                continue
            if key.fd == self._wake_read:
                interrupted = True
            elif key.fd == self._errors:
                self._stderr = (self._stderr + data)[-_STDERR_BYTES:]
                if not data:
                    self._selector.unregister(self._errors)
            elif data:
                self.heard = time.monotonic()
                self.heard_bytes += len(data)
                self._feed(data)
            else:
                raise EOFError
        return interrupted

    def read_rest(self, at_most_bytes: int) -> None:
        """Take in what is there already, of an output that may have ended."""
        taken = 0
        with contextlib.suppress(OSError, ProtocolError):
            while taken < at_most_bytes and (data := os.read(self._output, _CHUNK_BYTES)):
                taken += len(data)
                self._feed(data)

    def _feed(self, data: bytes) -> None:
        """Cut what was read into lines; ProtocolError on one over the limit."""
        self._rest += data
        if b"\n" in data:
            *lines, rest = bytes(self._rest).split(b"\n")
            self.lines.extend(lines)
            self._rest = bytearray(rest)
        if len(self._rest) > MAX_LINE_BYTES:
            raise ProtocolError(f"expected lines of at most {MAX_LINE_BYTES} bytes")

    def end(self, patience_s: float) -> tuple[int | None, str]:
        """The exit code of a process that is about to end, None where it goes on, and its last words on stderr."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
        with contextlib.suppress(OSError):
            self._stderr += os.read(self._errors, _STDERR_BYTES)
        return self._process.poll(), self._stderr.decode("utf-8", "replace")

    def interrupt(self) -> None:
        """Make a waiting `read` return."""
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"!")

    def close(self, patience_s: float) -> None:
        """Close the pipes, wait a moment, end the process. Closing twice is closing once."""
        if self._closed:  # the descriptors' numbers may be another's by now
            return
        self._closed = True
        for file in self._files:
            with contextlib.suppress(OSError):
                file.close()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            kill_group(self._process)
        self._selector.close()
        for descriptor in (self._wake_read, self._wake_write):
            with contextlib.suppress(OSError):
                os.close(descriptor)
