"""A column of printed speeds: on what they were taken and under which settings, as its heading says it."""

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bench.plan.values import positive
from bench.records.environment import Environment
from bench.records.workload import DTYPES, Settings, Unit

DeviceClass = Literal["gpu", "cpu", "arm", ""]
SpeedQuantity = Literal["latency_s", "images_per_s"]
EXAMPLES = ("cpu_latency_ms", "arm_latency_ms", "gpu_images_per_s", "latency_ms[iPhone 12]")

_QUANTITIES: dict[str, SpeedQuantity] = {"latency_ms": "latency_s", "images_per_s": "images_per_s"}
_CLASSES: dict[str, DeviceClass] = {"gpu_": "gpu", "cpu_": "cpu", "arm_": "arm", "": ""}
_HEADING = re.compile(r"(gpu_|cpu_|arm_|)(latency_ms|images_per_s)(?:\[([^\[\]]*)\])?")
_SETTING = re.compile(r"(?:batch ([0-9]+)|([0-9]+) threads?)")
_ABSENT: dict[DeviceClass, str] = {"gpu": "no GPU", "cpu": "no x86 CPU", "arm": "no ARM device"}
_DEFAULTS = Settings()
THROUGHPUT_BATCH = 32  # of a GPU, where a heading names none: what `bench` measures there


@dataclass(frozen=True, kw_only=True)
class PrintedColumn:
    """What a column stands for. `name` is short and unique in its table; a batch of None is what is usual there."""

    name: str
    device_class: DeviceClass  # empty: another device than these, beside which every device may be set
    quantity: SpeedQuantity
    hardware: str = ""
    batch: int | None = None
    threads: int = 1
    dtype: str = "float32"

    def matches(self, unit: Unit, environment: Environment | None) -> bool:
        """Whether a unit may stand beside it: its class of device, its settings, NCHW, and no switch of ours."""
        if environment is None or unit.settings != _DEFAULTS:
            return False
        if (unit.dtype, unit.layout, unit.threads) != (self.dtype, "nchw", self.threads):
            return False
        queued = self.quantity == "images_per_s" and bool(unit.accelerator)
        if (unit.mode, unit.batch) != ("throughput" if queued else "latency", self.batch_on(unit)):
            return False
        return self.device_class in ("", class_of(unit, environment))

    def batch_on(self, unit: Unit) -> int:
        """The batch that it asks for on such a device."""
        return self.batch or (THROUGHPUT_BATCH if self.quantity == "images_per_s" and unit.accelerator else 1)

    def value(self, printed: float) -> float:
        """The printed number in SI units: seconds, or images per second."""
        return printed / 1e3 if self.quantity == "latency_s" else printed

    @property
    def absent(self) -> str:
        """What a run lacks in which no unit may stand beside it."""
        return f"{_ABSENT.get(self.device_class, 'no row with its settings')} in this run"

    @property
    def shown(self) -> str:
        """`CPU`, or what it was measured on (not escaped)."""
        return self.name.upper() if self.name == self.device_class else self.name

    @property
    def settings(self) -> str:
        """`batch 1, 1 thread, float32`."""
        usual = (
            f"{THROUGHPUT_BATCH} on a GPU" if self.quantity == "images_per_s" and self.device_class != "cpu" else "1"
        )
        return f"batch {self.batch or usual}, {self.threads} thread{'s' * (self.threads > 1)}, {self.dtype}"


def class_of(unit: Unit, environment: Environment) -> DeviceClass:
    """What kind of device computes the unit."""
    if unit.accelerator:
        return "gpu"
    return "arm" if environment.machine.startswith(("aarch64", "arm")) else "cpu"


def printed_columns(headings: Sequence[str]) -> dict[str, PrintedColumn]:
    """The columns by their headings, which name those that have the class or device of another; ValueError for none."""
    made = {heading: parse_heading(heading) for heading in headings}
    names = Counter(column.name for column in made.values())
    return {
        heading: replace(column, name=heading) if names[column.name] > 1 else column for heading, column in made.items()
    }


def parse_heading(heading: str) -> PrintedColumn:
    """`cpu_latency_ms`, `gpu_images_per_s[A100; batch 256]`, `latency_ms[iPhone 12]`; ValueError for another one."""
    match = _HEADING.fullmatch(heading)
    if match is None:
        near = difflib.get_close_matches(heading, EXAMPLES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"name it like {', '.join(EXAMPLES)}"
        raise ValueError(f"expected a column of speeds, got {heading[:60]!r}; {hint}")
    prefix, quantity, bracket = match.groups()
    device_class, parts = _CLASSES[prefix], [part.strip() for part in re.split("[;,]", bracket or "")]
    settings = [part for part in parts if part in DTYPES or _SETTING.fullmatch(part)]
    hardware = ", ".join(part for part in parts if part and part not in settings)
    if not device_class and not hardware:
        raise ValueError(
            f"expected a device in {heading[:60]!r}; write what it was measured on, as in {quantity}[iPhone 12], "
            f"or gpu_{quantity}, cpu_{quantity}, arm_{quantity}"
        )
    column = PrintedColumn(
        name=device_class or hardware, device_class=device_class, quantity=_QUANTITIES[quantity], hardware=hardware
    )
    for setting in settings:
        column = _with(column, setting)
    if (column.device_class, column.quantity) == ("gpu", "latency_s") and (column.batch or 1) > 1:
        raise ValueError(f"expected one image in {heading[:60]!r}; a batch on a GPU has a throughput: images_per_s")
    return column


def _with(column: PrintedColumn, setting: str) -> PrintedColumn:
    """The column under one more setting of its bracket."""
    match = _SETTING.fullmatch(setting)
    if match is None:
        return replace(column, dtype=setting)
    batch, threads = match.groups()
    return replace(column, batch=positive(batch)) if batch else replace(column, threads=positive(threads))
