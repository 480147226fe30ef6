"""From the names of networks to workloads; one that the zoo doesn't know is built once to learn its input."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from types import MappingProxyType

from bench.errors import UsageError
from bench.plan.limits import check_number
from bench.plan.subjects import network_workload, networks
from bench.records.workload import Workload
from bench.wire.messages import Network
from models.fasternet_config import has_axes, variants
from models.registry import DEFAULT_INPUT_PX, NetworkEntry, Pixels, height_width, resolve
from operators.axes import Value

# Builds networks once, in a worker on the host, for images of a (height, width) or as each takes them.
Inspect = Callable[[Sequence[str], tuple[int, int] | None], dict[str, Network]]
AS_PUBLISHED: Mapping[str, Sequence[Value]] = MappingProxyType({})


def network_workloads(
    inspect: Inspect,
    names: Sequence[str],
    input_px: Pixels | None,
    *,
    forms: Sequence[str],
    fused: bool,
    sizes: Mapping[str, Pixels] | None = None,
    axes: Mapping[str, Sequence[Value]] = AS_PUBLISHED,
) -> list[Workload]:
    """One workload for each network, variant and form; one that the zoo doesn't know is built once to learn its input.

    `sizes` are those of single networks where `input_px` asks for none. `axes` has values by the names of
    `models.fasternet_config.AXES`; a network that has no such axis is planned once as published, beside one that has.
    A user's factory that cannot be built among others that can is planned all the same: its rows will say why.
    """
    try:
        entries = networks(names)
    except ValueError as error:
        raise UsageError(str(error)) from None
    check_number(len(entries) * len(forms) * prod(map(len, axes.values())))
    changes = _changes(entries, axes)
    asked = {entry.name: _asked(entry, input_px or (sizes or {}).get(entry.name)) for entry in entries}
    found: dict[str, Network] = {}
    for image in dict.fromkeys(asked.values()):
        unknown = [e.name for e in entries if asked[e.name] == image and (e.input_px is None or image is not None)]
        found |= inspect(unknown, image) if unknown else {}
    bad = [entry for entry in entries if entry.name in found and found[entry.name].reason]
    if refused := [entry for entry in bad if entry.library != "factory" or len(bad) == len(entries)]:
        raise UsageError(found[refused[0].name].reason)
    made = []
    for entry in entries:
        inspected = found.get(entry.name)
        own = asked[entry.name] or height_width(entry.input_px or DEFAULT_INPUT_PX)
        shape = inspected.input_shape if inspected is not None and not inspected.reason else (3, *own)
        made += [
            network_workload(
                entry,
                shape,
                fused=fused,
                form="" if form == "plain" else form,
                digest=inspected.digest if inspected else "",
                batch=inspected.batch if inspected else 0,
                dtype=inspected.dtype if inspected else "",
                changes=variant,
            )
            for variant in changes[entry.name]
            for form in forms
            if form == "plain" or _has_form(entry, forms)
        ]
    return made


def _asked(entry: NetworkEntry, px: Pixels | None) -> tuple[int, int] | None:
    """Height and width where they are others than the network's own, which need no look."""
    image = None if px is None else height_width(px)
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


def _has_form(entry: NetworkEntry, forms: Sequence[str]) -> bool:
    if entry in resolve(["fasternet"]):
        return True
    if "plain" not in forms:
        raise UsageError(f"expected FasterNets with --form fast, got {entry.name}; ask for --form plain,fast")
    return False
