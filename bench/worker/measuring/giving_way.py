"""A real-time worker sleeps now and then, untimed, so that the kernel need not stop it while it is timed.

Linux gives others a twentieth of each second of a CPU that a real-time process would keep for itself (50 ms, within
which a burst or a sample would stand still) unless they have had as much before.
"""

import time
from collections.abc import Callable

from bench.worker.measuring.clock import Clock
from bench.worker.measuring.watch import Ending, Reading, Watch

SHARE = 0.08  # of its time on a CPU: more than the kernel's twentieth, and what waking up takes


class GivingWay:
    """A watch that sleeps after each look. `used_s` tells the CPU seconds of all threads of this process."""

    def __init__(self, watch: Watch, clock: Clock, cpus: int, used_s: Callable[[], float] = time.process_time) -> None:
        self._watch, self._clock, self._cpus, self._used_s = watch, clock, cpus, used_s
        self._rested_at = used_s()

    def start(self) -> None:
        """Begin rested: a warm-up may have used up all that there was."""
        self._rest()
        self._watch.start()

    def keeps_group(self) -> bool:
        """Look, then sleep."""
        keeps = self._watch.keeps_group()
        self._rest()
        return keeps

    @property
    def last(self) -> Reading:
        """What it has just read."""
        return self._watch.last

    def finish(self) -> Ending:
        """What was seen."""
        return self._watch.finish()

    def _rest(self) -> None:
        self._clock.sleep(SHARE * max(self._used_s() - self._rested_at, 0.0) / self._cpus)
        self._rested_at = self._used_s()
