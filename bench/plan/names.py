"""From the names of networks to workloads; one that the zoo doesn't know is built once to learn its input."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from pathlib import Path
from types import MappingProxyType

from bench.errors import UsageError
from bench.plan.limits import check_number
from bench.plan.subjects import network_workload, networks
from bench.plan.values import shown
from bench.records.origin import LONGEST_PATH
from bench.records.workload import OWN_WEIGHTS, Checkpoint, Workload
from bench.wire.messages import Network
from models.fasternet_config import has_axes, variants
from models.registry import DEFAULT_INPUT_PX, NetworkEntry, Pixels, height_width, resolve
from operators.axes import Value

# What networks are asked to take: images of a (height, width), the file of arrays at a whole path, or their own.
Asked = tuple[int, int] | str | None
# Builds networks once, in a worker on the host.
Inspect = Callable[[Sequence[str], Asked], dict[str, Network]]
AS_PUBLISHED: Mapping[str, Sequence[Value]] = MappingProxyType({})


def network_workloads(
    inspect: Inspect,
    names: Sequence[str],
    inputs: Sequence[Pixels | str],
    *,
    forms: Sequence[str],
    fused: bool,
    sizes: Mapping[str, Pixels] | None = None,
    axes: Mapping[str, Sequence[Value]] = AS_PUBLISHED,
    checkpoint: Checkpoint = OWN_WEIGHTS,
) -> list[Workload]:
    """One workload for each network, input, variant and form; one that the zoo doesn't know is built once beforehand.

    `inputs` are sizes of images, or files of arrays by their whole paths; `sizes` are those of single networks where
    there are none. `axes` has values by the names of `models.fasternet_config.AXES`; a network that has no such axis
    is planned once as published, beside one that has. A user's factory that cannot be built among others that can, and
    a network that refuses one of several sizes, is planned all the same: its rows will say why.
    """
    try:
        entries = networks(names)
    except ValueError as error:
        raise UsageError(str(error)) from None
    check_number(len(entries) * max(1, len(inputs)) * len(forms) * prod(map(len, axes.values())))
    changes = _changes(entries, axes)
    wanted = [(entry, asked) for entry in entries for asked in _asked(entry, inputs, sizes or {})]
    found = _looked_at(inspect, wanted)
    return [
        network_workload(
            entry,
            _shape(entry, asked, inspected),
            fused=fused,
            form="" if form == "plain" else form,
            inspected=inspected,
            changes=variant,
            checkpoint=checkpoint,
        )
        for entry, asked in wanted
        for inspected in [found.get((entry.name, asked))]
        for variant in changes[entry.name]
        for form in forms
        if form == "plain" or _has_form(entry, forms)
    ]


def _looked_at(inspect: Inspect, wanted: Sequence[tuple[NetworkEntry, Asked]]) -> dict[tuple[str, Asked], Network]:
    """What was found out about those that have to be built for it; UsageError where no row could say what is wrong."""
    found: dict[tuple[str, Asked], Network] = {}
    for asked in dict.fromkeys(asked for _, asked in wanted):
        unknown = [e.name for e, own in wanted if own == asked and (e.input_px is None or asked is not None)]
        for name, network in (inspect(unknown, asked) if unknown else {}).items():
            found[name, asked] = network
    bad = {key for key, network in found.items() if network.reason}
    for entry, asked in wanted:
        some = len(bad) < len(wanted) and not isinstance(asked, str) and entry.library != "onnx"
        fits = any(e.name == entry.name and (e.name, other) not in bad for e, other in wanted)
        if (entry.name, asked) in bad and not (some and (fits or entry.library == "factory")):
            raise UsageError(found[entry.name, asked].reason)
    return found


def _shape(entry: NetworkEntry, asked: Asked, inspected: Network | None) -> tuple[int, int, int]:
    if inspected is not None and not inspected.reason:
        return inspected.input_shape
    return (3, *(asked if isinstance(asked, tuple) else height_width(entry.input_px or DEFAULT_INPUT_PX)))


def _asked(entry: NetworkEntry, inputs: Sequence[Pixels | str], sizes: Mapping[str, Pixels]) -> list[Asked]:
    """Each once; sizes only where they are others than the network's own, which need no look."""
    own = [sizes[entry.name]] if entry.name in sizes else [None]
    return list(dict.fromkeys(_other(entry, each) for each in (inputs or own)))


def _other(entry: NetworkEntry, asked: Pixels | str | None) -> Asked:
    if asked is None or isinstance(asked, str):
        return asked
    image = height_width(asked)
    return None if entry.input_px is not None and image == height_width(entry.input_px) else image


def _changes(
    entries: Sequence[NetworkEntry], axes: Mapping[str, Sequence[Value]]
) -> Mapping[str, Sequence[Mapping[str, Value]]]:
    """What is changed in each variant of each network; UsageError where none has the axes, or a value no sense."""
    try:
        found = {entry.name: variants(entry.name, axes) for entry in entries}
    except ValueError as error:
        raise UsageError(str(error)) from None
    asked = next((name for name, values in axes.items() if values), "")
    if asked and not any(has_axes(entry.name) for entry in entries):
        raise UsageError(f"expected a FasterNet of the zoo with another {asked}, got {entries[0].name}; leave that out")
    return found


def whole_path(text: str) -> str:
    """Of a file of arrays, named from the current folder; UsageError where a plan cannot hold it."""
    path = str(Path(text).absolute())
    if len(path) > LONGEST_PATH or not path.isprintable():
        raise UsageError(
            f"expected the path of a file in at most {LONGEST_PATH} plain characters, got {shown(path)}; rename it"
        )
    return path


def _has_form(entry: NetworkEntry, forms: Sequence[str]) -> bool:
    if entry in resolve(["fasternet"]):
        return True
    if "plain" not in forms:
        raise UsageError(f"expected FasterNets with --form fast, got {entry.name}; ask for --form plain,fast")
    return False
