"""Tables 1 and 3 of the paper (arXiv 2303.03667v3) as typed rows, in SI units.

A device of ours is compared with the column of its class: GPU (RTX 2080Ti, throughput at batch 32), CPU
(i9-9900X) or ARM (Cortex-A72), the last two as latency at batch 1 on one thread.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from bench.records.environment import Environment
from bench.records.workload import Settings, Unit

ARXIV = "arXiv 2303.03667v3"  # begins the source of every figure that the paper prints
ColumnName = Literal["gpu", "cpu", "arm"]
COLUMN_NAMES: tuple[ColumnName, ...] = ("gpu", "cpu", "arm")
HARDWARE: dict[ColumnName, str] = {"gpu": "RTX 2080Ti", "cpu": "i9-9900X", "arm": "Cortex-A72"}

# Forms of a network that stand for the paper's row: as published, then our inference form.
FORMS = ("", "fast")
_DEFAULTS = Settings()


@dataclass(frozen=True, kw_only=True)
class Speed:
    """One workload's printed speed on the three devices; None where nothing was printed."""

    gpu_images_per_s: float | None
    cpu_latency_s: float | None
    arm_latency_s: float | None

    def printed(self, column: ColumnName) -> float | None:
        """The value as the column states it: images per second (gpu) or seconds."""
        return {"gpu": self.gpu_images_per_s, "cpu": self.cpu_latency_s, "arm": self.arm_latency_s}[column]

    def images_per_s(self, column: ColumnName) -> float | None:
        """The same on one scale: images per second."""
        printed = self.printed(column)
        return printed if printed is None or column == "gpu" else 1 / printed


@dataclass(frozen=True, kw_only=True)
class OperatorFacts:
    """A row of Table 1. `op` is our name; `macs` is exact and of all stacked layers, for one image."""

    op: str
    title: str
    shape: tuple[int, int, int]
    stack: int
    macs: int
    speed: Speed
    source: str

    def matches(self, unit: Unit) -> bool:
        """Whether the unit is this operator at this size; any implementation counts, no other shape does."""
        workload, arguments = unit.workload, unit.workload.operator
        identity = (workload.name, workload.input_shape, workload.stack)
        if arguments is None or identity != (self.op, self.shape, self.stack):
            return False
        plain = (arguments.kernel, arguments.dilation, arguments.stride) == (3, 1, 1)
        grouped = self.op != "gconv" or arguments.groups == 16
        partial = "pconv" not in self.op or (arguments.ratio, arguments.selection) == ("1/4", "first")
        return plain and grouped and partial

    def macs_per_s(self, column: ColumnName) -> float | None:
        """The achieved speed, from the exact MACs and the printed time: free of the printed speeds' rounding."""
        images = self.speed.images_per_s(column)
        return None if images is None else self.macs * images


@dataclass(frozen=True, kw_only=True)
class NetworkFacts:
    """A row of Table 3. `name` is our name; the counts keep their printed digits."""

    name: str
    title: str
    group: str
    params_m: str
    macs_g: str
    top1_percent: float
    input_px: int
    speed: Speed

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Of the images that the paper timed."""
        return (3, self.input_px, self.input_px)

    @property
    def family(self) -> str:
        """`FasterNet` of FasterNet-T0, `ShuffleNetV2` of ShuffleNetV2 x1.5, `ResNet` of ResNet50."""
        family = self.title.split(" ")[0].split("-")[0]
        return "ResNet" if family == "ResNet50" else family

    @property
    def size(self) -> str:
        """What the title says beyond the family: `T0`, `x1.5`, `50`; empty for MobileNetV2 at width 1."""
        return self.title.removeprefix(self.family).strip(" -")

    def matches(self, unit: Unit) -> bool:
        """Whether the unit is this network as the paper timed it: its input size, batch norms folded."""
        workload, arguments = unit.workload, unit.workload.model
        if arguments is None or workload.name != self.name:
            return False
        return workload.input_shape == self.input_shape and arguments.fused and arguments.form in FORMS


@cache
def table1() -> tuple[OperatorFacts, ...]:
    """The 16 operators, and the four pairs that an author gave in a comment."""
    return tuple(_operator(row) for row in _read("table1_operators.csv") if row["channels"] != "average")


@cache
def table1_averages() -> dict[str, dict[ColumnName, float]]:
    """The printed averages of the achieved speeds, MAC/s, by our operator name and column."""
    return {
        row["op"]: {name: 1e9 * float(row[f"{name}_gmacs_per_s"]) for name in COLUMN_NAMES}
        for row in _read("table1_operators.csv")
        if row["channels"] == "average"
    }


@cache
def table3() -> tuple[NetworkFacts, ...]:
    """The 35 networks in the paper's order."""
    return tuple(
        NetworkFacts(
            name=row["name"],
            title=row["model"],
            group=row["group"].lower(),
            params_m=row["params_m"],
            macs_g=row["macs_g"],
            top1_percent=float(row["top1_percent"]),
            input_px=int(row["input_px"]),
            speed=_speed(row),
        )
        for row in _read("table3_imagenet.csv")
    )


@cache
def networks() -> dict[str, NetworkFacts]:
    """The same by our names."""
    return {facts.name: facts for facts in table3()}


def published(unit: Unit) -> NetworkFacts | None:
    """The row of Table 3 that holds for this network at this input size."""
    facts = networks().get(unit.workload.name)
    return facts if facts and facts.matches(unit) else None


@cache
def _operators() -> dict[tuple[str, tuple[int, int, int]], OperatorFacts]:
    return {(facts.op, facts.shape): facts for facts in table1()}


def printed(unit: Unit) -> OperatorFacts | None:
    """The row of Table 1 that is this operator at this size."""
    facts = _operators().get((unit.workload.name, unit.workload.input_shape))
    return facts if facts and facts.matches(unit) else None


def column_of(unit: Unit, environment: Environment | None) -> ColumnName | None:
    """The column that a unit may be compared with; None where its settings are not the paper's.

    The paper: fp32, NCHW, one thread, no switch of ours; batch 32 throughput on a GPU, batch 1 latency elsewhere.
    """
    if environment is None or unit.settings != _DEFAULTS:
        return None
    if (unit.dtype, unit.layout, unit.threads) != ("float32", "nchw", 1):
        return None
    if unit.accelerator:
        return "gpu" if (unit.mode, unit.batch) == ("throughput", 32) else None
    if (unit.mode, unit.batch) != ("latency", 1):
        return None
    return "arm" if environment.machine.startswith(("aarch64", "arm")) else "cpu"


def _operator(row: dict[str, str]) -> OperatorFacts:
    shape = (int(row["channels"]), int(row["height"]), int(row["width"]))
    return OperatorFacts(
        op=row["op"],
        title=row["operator"],
        shape=shape,
        stack=int(row["stacked_layers"]),
        macs=_exact_macs(row["op"], shape, int(row["stacked_layers"])),
        speed=_speed(row),
        source=row["source"],
    )


def _exact_macs(op: str, shape: tuple[int, int, int], stack: int) -> int:
    """Section 3's formulas at kernel 3, 16 groups, ratio 1/4: the file prints two decimals of a million."""
    channels, height, width = shape
    partial = 9 * (channels // 4) ** 2
    each = {
        "conv": 9 * channels**2,
        "gconv": 9 * channels**2 // 16,
        "dwconv": 9 * channels,
        "pconv": partial,
        "pconv+pwconv": partial + channels**2,
    }
    return stack * height * width * each[op]


def _speed(row: dict[str, str]) -> Speed:
    cpu, arm = _number(row["cpu_latency_ms"]), _number(row["arm_latency_ms"])
    return Speed(
        gpu_images_per_s=_number(row["gpu_images_per_s"]),
        cpu_latency_s=None if cpu is None else cpu / 1e3,
        arm_latency_s=None if arm is None else arm / 1e3,
    )


def _number(text: str) -> float | None:
    """None for an empty cell and for OOM, which the paper prints where a network did not fit the board."""
    return None if text in ("", "OOM") else float(text)


def _read(name: str) -> list[dict[str, str]]:
    text = files("reports").joinpath("paper", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
