"""A hot board is given time to cool, and no other machine is."""

from pathlib import Path

import pytest

from bench.worker.measuring.cooling import PATIENCE_S, Cooling


class Board:
    """A thermal zone that cools by one degree in each pause; it serves as the clock as well."""

    def __init__(self, root: Path, degrees: float, flags: int = 0) -> None:
        self._zone = root / "sys/class/thermal/thermal_zone0"
        self._zone.mkdir(parents=True)
        self._flags = root / "sys/devices/platform/soc/soc:firmware/get_throttled"
        self._flags.parent.mkdir(parents=True)
        self._flags.write_text(f"{flags:x}")
        self.cools = 1.0
        self.slept = 0.0
        self.heat(degrees)

    def heat(self, degrees: float) -> None:
        self.degrees = degrees
        (self._zone / "temp").write_text(f"{degrees * 1000:.0f}")

    def now_ns(self) -> int:
        return int(self.slept * 1e9)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.heat(self.degrees - self.cools)
        if self.degrees < 60:
            self._flags.write_text("0")


@pytest.mark.parametrize(
    ("machine", "degrees", "flags", "waited"),
    [
        ("aarch64", 74.0, 0, 0.0),
        ("aarch64", 77.0, 0, 6.0),  # 77 -> 74 in three pauses of 2 s
        ("armv7l", 75.0, 0, 2.0),
        ("x86_64", 95.0, 0, 0.0),  # a desktop may run so hot all day
        ("aarch64", 61.0, 0x8, 4.0),  # the soft limit of a Pi 3B+, until the flag goes below 60
        ("aarch64", 61.0, 0x1, 0.0),  # too little voltage: no wait mends that
        ("aarch64", 61.0, 0x80000, 0.0),  # at some moment since boot
    ],
)
def test_how_long_it_waits(tmp_path: Path, machine: str, degrees: float, flags: int, waited: float) -> None:
    board = Board(tmp_path, degrees, flags)
    assert Cooling(board, tmp_path, machine).wait() == waited == board.slept


def test_a_board_that_stays_hot_is_waited_for_once(tmp_path: Path) -> None:
    board = Board(tmp_path, 85.0)
    board.cools = 0.0
    cooling = Cooling(board, tmp_path, "aarch64")
    assert [cooling.wait(), cooling.wait()] == [PATIENCE_S, 0.0]


def test_without_a_thermometer_nobody_waits(tmp_path: Path) -> None:
    assert Cooling(Board(tmp_path / "other", 90.0), tmp_path, "aarch64").wait() == 0.0
