"""What Ctrl-C, a closed terminal and `kill` do to a run."""

import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from bench.errors import EXIT_INTERRUPTED, BenchError, StoppedError

if TYPE_CHECKING:
    from bench.host.campaign import Campaign


ECHO_S = 0.5


class _Echoes:
    """`timeout` sends a signal to a process, and at once again to its group, where it meets the process once more."""

    def __init__(self) -> None:
        self._last_s = -math.inf

    def is_one(self) -> bool:
        """Whether the signal that has just come is no other than the last one that was none."""
        now_s = time.monotonic()
        if now_s - self._last_s < ECHO_S:
            return True
        self._last_s = now_s
        return False


@contextmanager
def as_ctrl_c() -> Iterator[None]:
    """TERM and HUP end a command as Ctrl-C does, where nothing else answers to them: what it opened is closed."""
    echoes = _Echoes()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if not echoes.is_one():
            raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():  # the only one that may ask
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopped_first(campaign: "Campaign") -> Iterator[None]:
    """StoppedError for whatever goes wrong once the run was stopped: it did so for that."""
    try:
        yield
    except BenchError:
        if campaign.stopped:
            raise StoppedError from None
        raise


class Interrupts:
    """Ctrl-C, TERM and HUP end the run in order; a second Ctrl-C ends the process at once."""

    def __init__(self, campaign: "Campaign") -> None:
        self._campaign = campaign
        self.seen = False
        self._echoes = _Echoes()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # What `nohup` or a script's `&` had us ignore stays ignored.
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._echoes.is_one():
            return
        if self.seen:
            # The agents see the end of their input and kill their workers.
            os._exit(EXIT_INTERRUPTED)
        self.seen = True
        self._campaign.stop()
