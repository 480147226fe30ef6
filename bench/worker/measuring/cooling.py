"""Before a unit: wait until a hot board has cooled, so that a row does not pay for the heat of the one before it."""

import platform
from pathlib import Path

from bench.system.sensors import temperature_c, throttle_flags
from bench.worker.measuring.clock import Clock

# A Raspberry Pi slows down from 80 C on. Other machines run for hours above this: their limit is not known here.
LIMIT_C = 75.0
BOARDS = ("arm", "aarch64")
HEAT_BITS = 0xC  # get_throttled: throttled (2), soft temperature limit (3); waiting mends no power supply
PATIENCE_S = 60.0
PAUSE_S = 2.0


class Cooling:
    """The waits of one worker. After one in vain it waits no more: this board does not get cooler."""

    def __init__(self, clock: Clock, root: Path = Path("/"), machine: str = "") -> None:
        self._clock, self._root = clock, root
        self._is_board = (machine or platform.machine()).startswith(BOARDS)
        self._in_vain = False

    def wait(self) -> float:
        """Seconds waited; none where the temperature cannot be read."""
        if self._in_vain or not self._is_hot():
            return 0.0
        waited = 0.0
        while waited < PATIENCE_S:
            self._clock.sleep(PAUSE_S)
            waited += PAUSE_S
            if not self._is_hot():
                return waited
        self._in_vain = True
        return waited

    def _is_hot(self) -> bool:
        temperature = temperature_c(self._root)
        if temperature is None:
            return False
        return bool((throttle_flags(self._root) or 0) & HEAT_BITS) or (self._is_board and temperature >= LIMIT_C)
