"""What a machine tells of its own heat and supply: thermal zones, a Raspberry Pi's throttle flags."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from bench.system.files import number_of, text_of


def temperature_c(root: Path = Path("/")) -> float | None:
    """The hottest CPU thermal zone in degrees Celsius; None where there is none."""
    found = [number_of(zone / "temp") for zone in (root / "sys/class/thermal").glob("thermal_zone*")]
    return max((each / 1000 for each in found if each is not None), default=None)


def throttle_flags(root: Path = Path("/")) -> int | None:
    """A Raspberry Pi's `get_throttled` bits; None elsewhere."""
    return throttle_reader(root)()


def throttle_reader(root: Path) -> Callable[[], int | None]:
    # The kernel's file costs microseconds, the tool a process: it is the second choice.
    for path in (root / "sys/devices/platform").glob("soc*/soc*firmware/get_throttled"):
        return lambda: _hexadecimal(text_of(path))
    tool = shutil.which("vcgencmd") if root == Path("/") else None
    if tool is None:
        return lambda: None
    return lambda: _vcgencmd(tool)


def _vcgencmd(tool: str) -> int | None:
    try:
        answer = subprocess.run(
            [tool, "get_throttled"], capture_output=True, text=True, timeout=2, check=True, env=os.environ
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return _hexadecimal(answer.stdout.partition("=")[2])


def _hexadecimal(text: str) -> int | None:
    try:
        return int(text.strip(), 16)
    except ValueError:
        return None
