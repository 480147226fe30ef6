"""From a started ssh to our program running on the device: skip noise, send missing code, or say why not."""

import contextlib
import os
import selectors
import subprocess
import time

from bench.agent_pipe import STDERR_BYTES
from bench.archive import Archive
from bench.connection import STOP_POLL_S, Explain, Stopped, never
from bench.errors import BenchError, DeviceError, LinkLostError, ProtocolError, StoppedError
from bench.plain_text import plain_line

MAX_NOISE_BYTES = 64 * 1024


class Handshake:
    """The dialogue with the first program on one device; used once."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", *, name: str, mark: str, archive: Archive, explain: Explain
    ) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("expected a process with all three pipes")
        self._process, self._name, self._archive, self._explain = process, name, archive, explain
        self._mark = b"\n" + mark.encode() + b" "
        self._input, self._output, self._errors = (p.fileno() for p in (process.stdin, process.stdout, process.stderr))
        for descriptor in (self._input, self._output, self._errors):
            os.set_blocking(descriptor, False)
        self._buffer, self._stderr = bytearray(), b""
        self._to_send = memoryview(b"")
        self._sent = False

    def run(self, patience_s: float, stopped: Stopped = never) -> bytes:
        """Wait until the program is ready, return what it said ahead; `patience_s` starts anew as code is taken."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            selector.register(self._errors, selectors.EVENT_READ)
            until = time.monotonic() + patience_s
            while True:
                if (left := until - time.monotonic()) <= 0:
                    raise LinkLostError(
                        f"{self._name}: expected our program to run there within {patience_s:g} s, it did not; "
                        "check that a plain `ssh` to it logs in without a question"
                    )
                if stopped():
                    raise StoppedError
                for key, _ in selector.select(min(left, STOP_POLL_S)):
                    if key.fd == self._input:
                        until = time.monotonic() + patience_s
                        self._write(selector)
                    else:
                        self._read(key.fd, selector)
                while (line := self._next_line()) is not None:
                    if self._heard(line, selector):
                        return bytes(self._buffer)

    def _heard(self, line: str, selector: selectors.BaseSelector) -> bool:
        """Act on one line of the program; True where it is ready."""
        word, _, text = line.partition(" ")
        if word == "send" and not self._sent:
            self._sent = True
            self._to_send = memoryview(self._archive.data)
            selector.register(self._input, selectors.EVENT_WRITE)
            return False
        if word == "ready" and not self._to_send:
            return True
        raise _refusal(self._name, word, plain_line(text, 200))

    def _next_line(self) -> str | None:
        start = self._buffer.find(self._mark)
        end = self._buffer.find(b"\n", start + len(self._mark)) if start >= 0 else -1
        if end < 0:
            if len(self._buffer) > MAX_NOISE_BYTES:
                raise ProtocolError(
                    f"{self._name}: expected our program's first line, got more than {MAX_NOISE_BYTES} other bytes; "
                    "make its shell's start files print nothing"
                )
            return None
        line = self._buffer[start + len(self._mark) : end].decode("utf-8", "replace")
        del self._buffer[: end + 1]
        # The next line begins with a newline of its own.
        return line

    def _read(self, descriptor: int, selector: selectors.BaseSelector) -> None:
        try:
            data = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return
        if descriptor == self._errors:
            self._stderr = (self._stderr + data)[-STDERR_BYTES:]
            if not data:
                selector.unregister(descriptor)
        elif data:
            self._buffer += data
        else:
            raise self._ended()

    def _write(self, selector: selectors.BaseSelector) -> None:
        try:
            self._to_send = self._to_send[os.write(self._input, self._to_send) :]
        except BlockingIOError:
            return
        except OSError:  # the reason comes on the other pipes
            self._to_send = memoryview(b"")
        if not self._to_send:
            selector.unregister(self._input)

    def _ended(self) -> BenchError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        with contextlib.suppress(OSError):
            self._stderr += os.read(self._errors, STDERR_BYTES)
        return self._explain(self._process.poll(), self._stderr.decode("utf-8", "replace"))


def _refusal(name: str, word: str, text: str) -> BenchError:
    """What the first program says when it cannot go on."""
    if word == "nopython":
        return DeviceError(
            f"{name}: expected Python on the device as {text!r}, there is none; install Python 3.11 or newer there,"
            " or give its path as `python:` in devices.yaml"
        )
    if word == "old":
        return DeviceError(
            f"{name}: expected Python 3.11 or newer on the device, got {text}; install one beside it and give its"
            " path as `python:` in devices.yaml"
        )
    if word == "disk":
        return DeviceError(
            f"{name}: the device could not keep our code ({text}); free space there or mount it writable"
        )
    if word == "damaged":
        return LinkLostError(f"{name}: our code arrived damaged; check the link and try again")
    if word == "broken":
        return DeviceError(
            f"{name}: our code does not start on the device ({text}); `bench devices clean {name}` and try again"
        )
    return ProtocolError(f"{name}: expected our program's answer, got {plain_line(word, 40)!r}")
