"""Tables 1 and 3 of the paper (arXiv 2303.03667v3) and today's rivals as typed rows, in SI units.

Tables of networks are read as any other paper's. A device of ours is compared with the column of its class: GPU
(RTX 2080Ti, throughput at batch 32), CPU (i9-9900X) or ARM (Cortex-A72), the last two as latency at batch 1 on one
thread.
"""

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from bench.records.environment import Environment
from bench.records.workload import Unit
from reports.ledger.printed_column import PrintedColumn, printed_columns
from reports.ledger.printed_table import PrintedNetwork, PrintedTable
from reports.ledger.read_table import parse_table

ARXIV = "arXiv 2303.03667v3"  # begins the source of every figure that the paper prints
COLUMN_NAMES = ("gpu", "cpu", "arm")
_HEADINGS = ("gpu_images_per_s[RTX 2080Ti]", "cpu_latency_ms[i9-9900X]", "arm_latency_ms[Cortex-A72]")
# Of both tables.
COLUMNS: dict[str, PrintedColumn] = dict(zip(COLUMN_NAMES, printed_columns(_HEADINGS).values(), strict=True))


@dataclass(frozen=True, kw_only=True)
class Speed:
    """One workload's printed speed on the three devices; None where nothing was printed."""

    gpu_images_per_s: float | None
    cpu_latency_s: float | None
    arm_latency_s: float | None

    def printed(self, column: str) -> float | None:
        """The value as the column states it: images per second (gpu) or seconds."""
        return {"gpu": self.gpu_images_per_s, "cpu": self.cpu_latency_s, "arm": self.arm_latency_s}[column]

    def images_per_s(self, column: str) -> float | None:
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

    def macs_per_s(self, column: str) -> float | None:
        """The achieved speed, from the exact MACs and the printed time: free of the printed speeds' rounding."""
        images = self.speed.images_per_s(column)
        return None if images is None else self.macs * images


@cache
def table1() -> tuple[OperatorFacts, ...]:
    """The 16 operators, and the four pairs that an author gave in a comment."""
    return tuple(_operator(row) for row in read_csv("table1_operators.csv") if row["channels"] != "average")


@cache
def table1_averages() -> dict[str, dict[str, float]]:
    """The printed averages of the achieved speeds, MAC/s, by our operator name and column."""
    return {
        row["op"]: {name: 1e9 * float(row[f"{name}_gmacs_per_s"]) for name in COLUMN_NAMES}
        for row in read_csv("table1_operators.csv")
        if row["channels"] == "average"
    }


@cache
def paper() -> PrintedTable:
    """Table 3: the 35 networks in the paper's order, and its claims, each FasterNet against the others of its group."""
    name = "table3_imagenet.csv"
    return parse_table(_text(name), name)


@cache
def rivals() -> PrintedTable:
    """Today's rivals and FasterNet with the accuracy that timm found; each as `timm:NAME` too."""
    name = "rivals.csv"
    table = parse_table(_text(name), name)
    return replace(table, networks=tuple(each for own in table.networks for each in (own, _of_timm(own))))


def _of_timm(network: PrintedNetwork) -> PrintedNetwork:
    return replace(network, name=f"timm:{network.name}")


@cache
def _operators() -> dict[tuple[str, tuple[int, int, int]], OperatorFacts]:
    return {(facts.op, facts.shape): facts for facts in table1()}


def printed(unit: Unit) -> OperatorFacts | None:
    """The row of Table 1 that is this operator at this size."""
    facts = _operators().get((unit.workload.name, unit.workload.input_shape))
    return facts if facts and facts.matches(unit) else None


def column_of(unit: Unit, environment: Environment | None) -> str | None:
    """The column that a unit may be compared with; None where its settings are not the paper's.

    The paper: fp32, NCHW, one thread, no switch of ours; batch 32 throughput on a GPU, batch 1 latency elsewhere.
    """
    return next((name for name, column in COLUMNS.items() if column.matches(unit, environment)), None)


def _operator(row: dict[str, str]) -> OperatorFacts:
    shape = (int(row["channels"]), int(row["height"]), int(row["width"]))
    stack = int(row["stacked_layers"])
    return OperatorFacts(
        op=row["op"],
        title=row["operator"],
        shape=shape,
        stack=stack,
        macs=stack * (formula_macs(row["op"], shape) or 0),  # the file prints two decimals of a million
        speed=speed_of(row),
        source=row["source"],
    )


def formula_macs(operator: str, shape: tuple[int, int, int]) -> int | None:
    """Of one layer, or of a pair joined by +, by section 3's formulas at kernel 3, 16 groups and a ratio of 1/4.

    None of what it gives no formula for.
    """
    channels, height, width = shape
    positions = {
        "conv": 9 * channels**2,
        "gconv": 9 * channels**2 // 16,
        "dwconv": 9 * channels,
        "pconv": 9 * (channels // 4) ** 2,
        "pwconv": channels**2,
    }
    parts = operator.split("+")
    return height * width * sum(positions[part] for part in parts) if positions.keys() >= set(parts) else None


def speed_of(row: dict[str, str]) -> Speed:
    """The three speeds of a row as the tables print them, images per second and milliseconds."""
    cpu, arm = _number(row["cpu_latency_ms"]), _number(row["arm_latency_ms"])
    return Speed(
        gpu_images_per_s=_number(row["gpu_images_per_s"]),
        cpu_latency_s=None if cpu is None else cpu / 1e3,
        arm_latency_s=None if arm is None else arm / 1e3,
    )


def _number(text: str) -> float | None:
    """None for an empty cell."""
    return float(text) if text else None


def read_csv(name: str) -> list[dict[str, str]]:
    """The rows of a file of printed figures, by heading."""
    return list(csv.DictReader(_text(name).splitlines()))


def _text(name: str) -> str:
    return files("reports").joinpath("paper", name).read_text(encoding="utf-8")
