"""From a started ssh to our program running on the device: skip noise, send missing code, or say why not."""

import time

from bench.errors import BenchError, DeviceError, LinkLostError, ProtocolError, StoppedError
from bench.link.archive import Archive
from bench.link.child import ProcessPipe
from bench.link.connection import LAST_WORDS_S, STOP_POLL_S, Explain, Stopped, never
from bench.plain_text import plain_line

MAX_NOISE_BYTES = 64 * 1024


class Handshake:
    """The dialogue with the first program on one device; used once."""

    def __init__(self, pipe: ProcessPipe, *, name: str, mark: str, archive: Archive, explain: Explain) -> None:
        self._pipe, self._name, self._archive, self._explain = pipe, name, archive, explain
        self._mark = mark.encode() + b" "
        self._to_send = memoryview(b"")
        self._sent = self._moved = False

    def run(self, patience_s: float, stopped: Stopped = never) -> None:
        """Wait until the program is ready; `patience_s` starts anew as code is taken, and as it arrives."""
        until = time.monotonic() + patience_s
        while not self._is_ready():
            if (left := until - time.monotonic()) <= 0:
                raise LinkLostError(
                    f"{self._name}: expected our program to run there within {patience_s:g} s, it did not; "
                    "check that a plain `ssh` to it logs in without a question"
                )
            if stopped():
                raise StoppedError
            if (self._to_send and self._write()) or self._moved:
                until, self._moved = time.monotonic() + patience_s, False
            try:
                self._pipe.read(0 if self._to_send else min(left, STOP_POLL_S))
            except EOFError:
                raise self._explain(*self._pipe.end(LAST_WORDS_S)) from None

    def _is_ready(self) -> bool:
        """Act on what the program said, which follows its mark; all else is noise of the login."""
        while self._pipe.lines:
            line = self._pipe.lines.popleft()
            if line.startswith(self._mark) and self._heard(line.removeprefix(self._mark).decode("utf-8", "replace")):
                return True
        if self._pipe.heard_bytes > MAX_NOISE_BYTES:
            raise ProtocolError(
                f"{self._name}: expected our program's first line, got more than {MAX_NOISE_BYTES} other bytes; "
                "make its shell's start files print nothing"
            )
        return False

    def _heard(self, line: str) -> bool:
        """Act on one line of the program; True where it is ready."""
        word, _, text = line.partition(" ")
        if word == "send" and not self._sent:
            self._sent = True
            self._to_send = memoryview(self._archive.data)
            return False
        if word == "got" and self._sent:
            self._moved = True
            return False
        if word == "ready" and not self._to_send:
            return True
        raise _refusal(self._name, word, plain_line(text, 200))

    def _write(self) -> bool:
        """Whether more of the code was taken."""
        self._pipe.wait_writable(STOP_POLL_S)
        try:
            taken = self._pipe.write(self._to_send)
        except OSError:  # the reason comes on the other pipes
            taken = len(self._to_send)
        self._to_send = self._to_send[taken:]
        return taken > 0


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
