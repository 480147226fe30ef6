"""A cell in words, where runs are set beside each other: what was timed, and the settings that tell it from others."""

from collections.abc import Iterable, Sequence

from bench.records.workload import Unit, size_text
from reports.row import labelled
from reports.tables.csv_table import OF_UNIT

SETTINGS = ("runtime", "mode", "batch", "threads", "dtype", "layout", "stack", "allocator", "settings")


def cell_words(cell: Unit) -> str:
    """`pconv 96x56x56`."""
    return f"{labelled(cell.workload.name, cell.workload.variant)} {size_text(cell.workload.input_shape)}"


def setting_words(cell: Unit, names: Iterable[str]) -> list[str]:
    """`onnxruntime`, `batch 8`: a number needs its name."""
    values = [(name, OF_UNIT[name](cell)) for name in names]
    return [value if isinstance(value, str) else f"{name} {value}" for name, value in values if value]


def varying(cells: Sequence[Unit], names: Iterable[str] = SETTINGS) -> list[str]:
    """Those settings of which the cells have more than one value."""
    return [name for name in names if len({OF_UNIT[name](cell) for cell in cells}) > 1]
