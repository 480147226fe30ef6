"""A unit as the command line takes it, so that whoever reads of one can measure it again."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from bench.plan.subjects import network_entry
from bench.records.device import builtin_device
from bench.records.workload import CACHES, Unit, Workload, size_text
from bench.system.allocator import DEFAULT_ALLOCATOR
from models.fasternet_config import AXES as NETWORK_AXES
from models.registry import height_width
from operators.axes import Axis
from operators.spec import AXES

_FLAGS = ("tf32", "flush_denormal", "cuda_graph")  # settings that the command line has by the same names


def side_text(unit: Unit) -> str:
    """`fasternet_t0@onnxruntime,threads=2`, a side of `bench compare`: what is not as usual is named."""
    return ",".join(
        [f"{_subject(unit)}@{unit.runtime}", *(f"{name}={value}" for name, value in _named(unit)), *unit.switches]
    )


def row_command(unit: Unit, rounds: int) -> tuple[str, ...]:
    """`bench models --model fasternet_t0 --runtime onnxruntime --rounds 5`: what measures this row alone."""
    words = ["bench", *(("ops", "--op") if unit.workload.operator else ("models", "--model")), _subject(unit)]
    words += ["--runtime", unit.runtime, "--device", unit.device]
    for name, value in _named(unit):
        words += [f"--{name}"] if name == "unfused" else [f"--{name}", value]
    for switch in unit.switches:
        words += ["--switch", switch]
    return (
        *words,
        *_of_files(unit),
        *_of_settings(unit),
        *(("--sustain", f"{unit.settings.sustain_s:g}s") if unit.settings.sustain_s else ()),
        *(("--seed", str(unit.seed)) if unit.seed else ()),
        *(("--publish",) if unit.effort == "publish" else ("--rounds", str(rounds))),
    )


def compare_command(first: Unit, second: Unit) -> tuple[str, ...]:
    """`bench compare A B --device cpu`: what measures the two in pairs, in the Python of whoever runs it.

    What a side cannot say holds for both: the calibration of the one that has one, the settings of the first.
    """
    calibrated = first if first.calibration.folder else second
    return (
        *("bench", "compare", side_text(first), side_text(second), "--device", first.device),
        *_of_calibration(calibrated),
        *_of_settings(first),
    )


def _of_files(unit: Unit) -> Iterator[str]:
    if unit.workload.model and unit.workload.model.checkpoint.path:
        yield from ("--checkpoint", unit.workload.model.checkpoint.path)
    yield from _of_calibration(unit)


def _of_calibration(unit: Unit) -> Iterator[str]:
    if unit.calibration.folder:
        yield from ("--calibration", unit.calibration.folder)


def _of_settings(unit: Unit) -> Iterator[str]:
    settings = unit.settings
    yield from (f"--{name.replace('_', '-')}" for name in _FLAGS if getattr(settings, name))
    if not settings.cudnn_benchmark:
        yield "--no-cudnn-benchmark"
    if settings.realtime or _has_entry(unit):
        yield from ("--priority", "realtime" if settings.realtime else "normal")


def _subject(unit: Unit) -> str:
    return unit.workload.model.source if unit.workload.model else unit.workload.name


def _has_entry(unit: Unit) -> bool:
    """Whether devices.yaml may say of its device what is usual there, so that what is not said is not what was."""
    return builtin_device(unit.device) is None


def _named(unit: Unit) -> list[tuple[str, str]]:
    workload = unit.workload
    settings = {
        "batch": (unit.batch, 0 if unit.accelerator else 1),  # there one image is not what is usual
        "threads": (unit.threads, 0 if _has_entry(unit) else 1),
        "dtype": (unit.dtype, "float32"),
        "layout": (unit.layout, "nchw"),
        "allocator": (unit.allocator, DEFAULT_ALLOCATOR),
        "cache": (CACHES[unit.settings.cold_cache], CACHES[0]),
    }
    own = _of_a_network(workload) if workload.model else _of_an_operator(workload)
    return [*own, *((name, str(value)) for name, (value, usual) in settings.items() if value != usual)]


def _of_an_operator(workload: Workload) -> Iterator[tuple[str, str]]:
    yield "size", size_text(workload.input_shape)
    yield from _axes(AXES, vars(workload.operator) | {"stack": workload.stack}, usual=True)


def _of_a_network(workload: Workload) -> Iterator[tuple[str, str]]:
    model = workload.model
    assert model is not None
    try:
        entry = network_entry(workload)
    except ValueError:  # of a plug-in that is gone
        entry = None
    px = entry.input_px if entry else None
    size, own = workload.input_shape[1:], model.inputs.source
    if own.startswith("/"):  # a file, whose arrays have their size, as a factory's own have
        yield "input-data", own
    elif not own and (px is None or size != height_width(px)):
        yield "input", size_text(size) if size[0] != size[-1] else str(size[0])
    if model.form:
        yield "form", model.form
    if not model.fused and not (entry and entry.library == "onnx"):
        yield "unfused", "yes"
    yield from _axes(NETWORK_AXES, vars(model.changes), usual=False)


def _axes(table: Mapping[str, Axis], values: Mapping[str, object], *, usual: bool) -> Iterator[tuple[str, str]]:
    """Those that are not as usual; of a network the empty and the 0 are, whatever its own value is."""
    for name, row in table.items():
        value = values.get(name)
        if value and not (usual and _same(value, row.default)):
            yield row.option or name, str(value)


def _same(value: object, default: object) -> bool:
    return Fraction(str(value)) == default if isinstance(default, Fraction) else value == default
