"""One side of a comparison, as it is written on the command line, and the unit that it stands for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from bench.errors import UsageError
from bench.plan.axes import Axes, cells, in_turns
from bench.plan.names import Asked, Inspect, network_workloads, whole_path
from bench.plan.runtimes import find_runtime, runtimes, usual_runtime
from bench.plan.subjects import OperatorGrid, is_factory, is_onnx_file, operator_workloads, operators
from bench.plan.values import pixels, positive, ratio, shown, size
from bench.records.device import Device
from bench.records.origin import Origin
from bench.records.pair import MOST_PAIRS, Pair
from bench.records.workload import CACHES, DTYPES, LAYOUTS, Unit, Workload
from bench.system.allocator import ALLOCATORS
from bench.wire.messages import Network
from models.fasternet_config import AXES as NETWORK_AXES
from models.registry import Pixels
from operators.axes import Axis, Value
from operators.spec import AXES

# Builds networks once, where and with what the origin says.
InspectAt = Callable[[Sequence[str], Asked, Origin], dict[str, Network]]
FORM = "SUBJECT[@RUNTIME][,NAME=VALUE...]"
_CHOICES = {
    "dtype": DTYPES,
    "layout": LAYOUTS,
    "allocator": tuple(ALLOCATORS),
    "cache": CACHES,
    "form": ("plain", "fast"),
}
_OF_A_UNIT = {
    "batch": "batches",
    "threads": "threads",
    "dtype": "dtypes",
    "layout": "layouts",
    "allocator": "allocators",
    "cache": "caches",
}
_OF_A_NETWORK = ("input", "input-data", "form", "unfused")


@dataclass(frozen=True, kw_only=True)
class Side:
    """`fasternet_t0@onnxruntime,dtype=float16` or `dwconv,size=96x56x56,allocator=system`."""

    text: str
    subject: str
    runtime: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


def parse_side(text: str) -> Side:
    """The parts of one side; ValueError where a name is unknown or a value is none of its choices."""
    head, *rest = text.split(",")
    subject, at, runtime = head.rpartition("@")
    if not at or find_runtime(runtime) is None:
        # An @ may stand in the name of a file.
        if at and runtime.isidentifier():
            raise ValueError(f"expected a runtime of {', '.join(runtimes())} behind the @ of {text!r}, got {runtime!r}")
        subject, runtime = head, ""
    if not subject:
        raise ValueError(f"expected {FORM}, such as fasternet_t0@onnxruntime, got {text!r}")
    settings: dict[str, str] = {}
    operator = subject in operators()
    own = ("size", *_options(AXES)) if operator else (*_OF_A_NETWORK, *_options(NETWORK_AXES))
    allowed = {*_OF_A_UNIT, *own, *_switches()}
    for part in rest:
        name, equals, value = part.partition("=")
        if "@" in value and find_runtime(value.rpartition("@")[2]) is not None:
            at_end = value[value.rindex("@") :]
            raise ValueError(f"expected the runtime behind the subject, as in {subject}{at_end},..., got {text!r}")
        if not equals or name not in allowed or name in settings:
            raise ValueError(
                f"expected NAME=VALUE, each name once of {', '.join(sorted(allowed))}, got {part!r} in {text!r}"
            )
        if name in _CHOICES and value not in _CHOICES[name]:
            raise ValueError(f"expected {name} of {', '.join(_CHOICES[name])}, got {value!r} in {text!r}")
        settings[name] = value
    if operator and "size" not in settings:
        raise ValueError(f"expected {subject} with its size, such as {subject},size=96x56x56, got {text!r}")
    return Side(text=text, subject=subject, runtime=runtime, settings=settings)


def comparison_pairs(
    sides: tuple[Side, Side],
    inspect: InspectAt,
    axes: Axes,
    devices: Sequence[Device],
    pairs: int,
    origins: tuple[Origin, Origin] = (Origin(), Origin()),
) -> tuple[Pair, ...]:
    """`pairs` fresh pairs of the two on each device; UsageError where they cannot be measured by one pair.

    `origins` say of each side which Python of the device runs it, and which project's folder its network is taken from.
    """
    if not 1 <= pairs <= MOST_PAIRS:
        raise UsageError(f"expected 1 to {MOST_PAIRS} pairs, got {pairs}; ten are usual")
    inspect = _inspected_once(inspect)
    found = []
    for device in devices:
        first, second = (_unit(*side, inspect, axes, device) for side in zip(sides, origins, strict=True))
        if first.threads != second.threads:
            raise UsageError(
                f"expected both sides on as many threads, since they share their CPUs, got {first.threads} and"
                f" {second.threads}; measure them as rows: bench models --threads {first.threads},{second.threads}"
            )
        found += [
            Pair(first=replace(first, round=number), second=replace(second, round=number)) for number in range(pairs)
        ]
    return tuple(found)


def _inspected_once(inspect: InspectAt) -> InspectAt:
    """Several devices ask for the same network."""
    known: dict[tuple[tuple[str, ...], Asked, Origin], dict[str, Network]] = {}

    def found(sources: Sequence[str], asked: Asked, origin: Origin) -> dict[str, Network]:
        key = tuple(sources), asked, origin
        if key not in known:
            known[key] = inspect(sources, asked, origin)
        return known[key]

    return found


def _unit(side: Side, origin: Origin, inspect: InspectAt, axes: Axes, device: Device) -> Unit:
    # A board's Python builds nothing here.
    builder = origin if device.ssh is None else replace(origin, python="")
    workload = _workload(side, lambda sources, asked: inspect(sources, asked, builder))
    if not (is_factory(workload) or is_onnx_file(workload)):
        origin = replace(origin, folder="")  # nothing of it is used
    given: dict[str, Any] = {}
    for name, own in _OF_A_UNIT.items():
        if name in side.settings:
            value = side.settings[name]
            given[own] = (value if name in _CHOICES else _number(name, value, side),)
    switched = {name: (side.settings[name],) for name in _switches() if name in side.settings}
    if side.runtime:
        given["runtimes"] = (side.runtime,)
    axes = replace(axes, switches={**axes.switches, **switched})
    found = cells([workload], replace(axes, **given), device, (usual_runtime(side.subject),))
    made = [replace(in_turns(cell, axes.switches), origin=origin) for cell in found]
    if len(made) != 1:
        raise UsageError(f"expected one value of each option for {side.text}, got {len(made)} combinations; name one")
    return made[0]


def _switches() -> set[str]:
    return {name for row in runtimes().values() for name in row.switches}


def _workload(side: Side, inspect: Inspect) -> Workload:
    if side.subject in operators():
        (made,) = operator_workloads(_grid(side))
        return made
    found = network_workloads(
        inspect,
        [side.subject],
        _inputs(side),
        axes=_asked(NETWORK_AXES, side),
        forms=(side.settings.get("form", "plain"),),
        fused=side.settings.get("unfused", "no") == "no",
    )
    if len(found) != 1:
        raise UsageError(f"expected one network, {side.subject} stands for {len(found)}; name one of them")
    return found[0]


def _inputs(side: Side) -> list[Pixels | str]:
    px, data = side.settings.get("input"), side.settings.get("input-data")
    if px and data:
        raise UsageError(f"expected input or input-data, got both in {shown(side.text)}; the arrays have their size")
    return [_pixels(px, side)] if px else [whole_path(data)] if data else []


def _grid(side: Side) -> OperatorGrid:
    try:
        shape = size(side.settings["size"])
    except ValueError as error:
        raise UsageError(f"{error} in {shown(side.text)}") from None
    return OperatorGrid(operators=(side.subject,), sizes=(shape,), axes=_asked(AXES, side))


def _asked(table: Mapping[str, Axis], side: Side) -> dict[str, tuple[Value, ...]]:
    """The values of the axes in that table which the side names."""
    return {
        name: (_value(name, table[name], side.settings[option], side),)
        for option, name in _options(table).items()
        if option in side.settings
    }


def _value(name: str, row: Axis, text: str, side: Side) -> Value:
    if isinstance(row.default, str):
        return text
    try:
        return ratio(text) if isinstance(row.default, Fraction) else positive(text)
    except ValueError:
        raise UsageError(f"expected {name} like {row.default}, got {shown(text)} in {shown(side.text)}") from None


def _options(table: Mapping[str, Axis]) -> dict[str, str]:
    """The words for the axes, those of `bench ops` and `bench models`."""
    return {row.option or name: name for name, row in table.items()}


def _pixels(text: str, side: Side) -> Pixels:
    try:
        return pixels(text)
    except ValueError as error:
        raise UsageError(f"{error} in {shown(side.text)}") from None


def _number(name: str, text: str, side: Side) -> int:
    try:
        return positive(text)
    except ValueError as error:
        raise UsageError(f"{name}: {error} in {shown(side.text)}") from None
