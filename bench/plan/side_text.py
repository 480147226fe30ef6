"""A unit as `bench compare` takes it, so that whoever reads of one can measure it again."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from bench.plan.subjects import network_entry
from bench.records.workload import CACHES, Unit, Workload, size_text
from bench.system.allocator import DEFAULT_ALLOCATOR
from models.fasternet_config import AXES as NETWORK_AXES
from operators.axes import Axis
from operators.spec import AXES


def side_text(unit: Unit) -> str:
    """`fasternet_t0@onnxruntime,threads=2`: what is not as usual is named."""
    workload = unit.workload
    head = f"{workload.model.source if workload.model else workload.name}@{unit.runtime}"
    settings = {
        "batch": (unit.batch, 1),
        "threads": (unit.threads, 1),
        "dtype": (unit.dtype, "float32"),
        "layout": (unit.layout, "nchw"),
        "allocator": (unit.allocator, DEFAULT_ALLOCATOR),
        "cache": (CACHES[unit.settings.cold_cache], CACHES[0]),
    }
    said = [f"{name}={value}" for name, (value, usual) in settings.items() if value != usual]
    own = _of_a_network(workload) if workload.model else _of_an_operator(workload)
    return ",".join([head, *own, *said, *unit.switches])


def _of_an_operator(workload: Workload) -> Iterator[str]:
    yield f"size={size_text(workload.input_shape)}"
    yield from _axes(AXES, vars(workload.operator) | {"stack": workload.stack}, usual=True)


def _of_a_network(workload: Workload) -> Iterator[str]:
    model = workload.model
    assert model is not None
    size = workload.input_shape[1:]
    try:
        px = network_entry(workload).input_px
    except ValueError:  # of a plug-in that is gone
        px = None
    if px is not None and size != (px if isinstance(px, tuple) else (px, px)):
        yield f"input={size_text(size) if size[0] != size[-1] else size[0]}"
    if model.form:
        yield f"form={model.form}"
    if not model.fused:
        yield "unfused=yes"
    yield from _axes(NETWORK_AXES, vars(model.changes), usual=False)


def _axes(table: Mapping[str, Axis], values: Mapping[str, object], *, usual: bool) -> Iterator[str]:
    """Those that are not as usual; of a network the empty and the 0 are, whatever its own value is."""
    for name, row in table.items():
        value = values.get(name)
        if value and not (usual and _same(value, row.default)):
            yield f"{row.option or name}={value}"


def _same(value: object, default: object) -> bool:
    return Fraction(str(value)) == default if isinstance(default, Fraction) else value == default
