"""Meters of energy that a machine has: real ones alone, each read between samples. Standard library only.

Sources: Linux powercap (Documentation/power/powercap), hwmon (Documentation/hwmon/sysfs-interface), and `vcgencmd
pmic_read_adc` of the Raspberry Pi 5. A meter counts all that its part of the machine does, whoever does it.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.system.files import number_of, text_of

Read = Callable[[], float | None]  # None where it cannot be read just now
_RAPL_ZONES = ("package", "dram")  # their names begin so; cores are part of a package
_BOARD_SENSORS = ("ina219", "ina226", "ina230", "ina231", "ina238", "power_meter")
_ADC = re.compile(r"(\w+)_([AV]) (?:current|volt)\(\d+\)=([0-9.]+)[AV]")


class NoMeterError(Exception):
    """No energy can be measured here; a run goes on without and says why."""


class Meter(Protocol):
    """Counts energy; only differences between two readings mean anything."""

    @property
    def name(self) -> str:
        """What it is, for people."""

    @property
    def joules(self) -> Read:
        """Joules so far; None where it cannot be read just now."""


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A meter that counts by itself."""

    name: str
    joules: Read


class Sampled:
    """A gauge of power, read now and then: the mean of two readings times the time between them."""

    def __init__(self, name: str, watts: Read, now_ns: Callable[[], int]) -> None:
        self.name, self._watts, self._now_ns = f"{name}, sampled", watts, now_ns
        self._last_w, self._last_ns, self._joules = watts(), now_ns(), 0.0

    def joules(self) -> float | None:
        watts, now = self._watts(), self._now_ns()
        if watts is None or self._last_w is None:
            self._last_w, self._last_ns = watts, now
            return None
        self._joules += (watts + self._last_w) / 2 * (now - self._last_ns) / 1e9
        self._last_w, self._last_ns = watts, now
        return self._joules


@dataclass(frozen=True, kw_only=True)
class Source:
    """A kind of meter. `find` looks below a root folder: None where there is none, NoMeterError where it is closed."""

    name: str
    counts: bool  # joules; else it is a gauge of watts
    find: Callable[[Path], Read | None]


class _RaplZone:
    """Microjoules of one zone since it was first read, whenever the counter began again at 0."""

    def __init__(self, folder: Path) -> None:
        self._path, self._range = folder / "energy_uj", number_of(folder / "max_energy_range_uj")
        self._last, self._sum = number_of(self._path), 0

    def microjoules(self) -> int | None:
        now = number_of(self._path)
        if now is None or self._last is None or (now < self._last and not self._range):
            self._last = now
            return None
        self._sum += now - self._last if now >= self._last else now - self._last + (self._range or 0)
        self._last = now
        return self._sum


def _rapl(root: Path) -> Read | None:
    # Not intel-rapl-mmio: it shows the same package once more.
    zones = sorted((root / "sys/class/powercap").glob("intel-rapl:*"))
    wanted = [folder for folder in zones if text_of(folder / "name").startswith(_RAPL_ZONES)]
    if not all(os.access(folder / "energy_uj", os.R_OK) for folder in wanted):
        raise NoMeterError(
            "RAPL may be read by root alone; open it with: sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj"
        )
    counters = [_RaplZone(folder) for folder in wanted]
    return (lambda: _sum([counter.microjoules() for counter in counters], 1e-6)) if counters else None


def _pmic(root: Path) -> Read | None:
    tool = shutil.which("vcgencmd") if root == Path("/") else None
    if tool is None or rails_w(_said(tool)) is None:
        return None
    return lambda: rails_w(_said(tool))


def _said(tool: str) -> str:
    try:
        return subprocess.run([tool, "pmic_read_adc"], capture_output=True, text=True, timeout=2, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def rails_w(text: str) -> float | None:
    """Volts times amperes, summed over the rails of a Raspberry Pi 5's `pmic_read_adc`; None where it shows none."""
    amperes: dict[str, float] = {}
    volts: dict[str, float] = {}
    for rail, unit, value in _ADC.findall(text):
        (amperes if unit == "A" else volts)[rail] = float(value)
    powers = [amperes[rail] * volts[rail] for rail in amperes.keys() & volts.keys()]
    return sum(powers) if powers else None


def _board(root: Path) -> Read | None:
    folders = [f for f in (root / "sys/class/hwmon").glob("hwmon*") if text_of(f / "name") in _BOARD_SENSORS]
    found = [path for f in folders for path in (f / "power1_input", f / "power1_average") if path.exists()]
    if len(found) > 1:  # one may feed the other
        raise NoMeterError(f"{len(found)} power sensors are there (hwmon) and none says that it is the board's supply")
    return (lambda: _sum([number_of(found[0])], 1e-6)) if found else None


def _sum(values: list[int | None], unit: float) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) * unit if len(known) == len(values) else None


SOURCES = (
    Source(name="Raspberry Pi PMIC", counts=False, find=_pmic),
    Source(name="RAPL", counts=True, find=_rapl),
    Source(name="board sensor", counts=False, find=_board),
)


def find_meter(now_ns: Callable[[], int], root: Path = Path("/")) -> Meter:
    """The first meter of this machine that can be read; NoMeterError says what would be needed."""
    closed = []
    for source in SOURCES:
        try:
            read = source.find(root)
        except NoMeterError as error:
            closed.append(str(error))
            continue
        if read is not None and read() is not None:
            return Counter(name=source.name, joules=read) if source.counts else Sampled(source.name, read, now_ns)
    raise NoMeterError(
        "; ".join(closed)
        or "this machine shows no RAPL, no power sensor of its board and no Raspberry Pi PMIC; virtual machines do not"
    )
