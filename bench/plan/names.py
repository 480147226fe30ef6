"""From the names of networks to workloads; one that the zoo doesn't know is built once to learn its input."""

from collections.abc import Callable, Mapping, Sequence

from bench.errors import UsageError
from bench.plan.subjects import network_workload, networks
from bench.records.workload import Workload
from bench.wire.messages import Network
from models.registry import DEFAULT_INPUT_PX, NetworkEntry, resolve

# Builds networks once, in a worker on the host.
Inspect = Callable[[Sequence[str], int | None], dict[str, Network]]


def network_workloads(
    inspect: Inspect,
    names: Sequence[str],
    input_px: int | None,
    *,
    forms: Sequence[str],
    fused: bool,
    sizes: Mapping[str, int] | None = None,
) -> list[Workload]:
    """One workload for each network and form; one that the zoo doesn't know is built once to learn its input.

    A user's factory that cannot be built among others that can is planned all the same: its rows will say why. `sizes`
    are those of single networks where `input_px` asks for none.
    """
    try:
        entries = networks(names)
    except ValueError as error:
        raise UsageError(str(error)) from None
    asked = {entry.name: _asked(entry, input_px or (sizes or {}).get(entry.name)) for entry in entries}
    found: dict[str, Network] = {}
    for px in dict.fromkeys(asked.values()):
        unknown = [e.name for e in entries if asked[e.name] == px and (e.input_px is None or px is not None)]
        found |= inspect(unknown, px) if unknown else {}
    bad = [entry for entry in entries if entry.name in found and found[entry.name].reason]
    if refused := [entry for entry in bad if entry.library != "factory" or len(bad) == len(entries)]:
        raise UsageError(found[refused[0].name].reason)
    made = []
    for entry in entries:
        inspected = found.get(entry.name)
        side = entry.input_px or asked[entry.name] or DEFAULT_INPUT_PX
        shape = inspected.input_shape if inspected is not None and not inspected.reason else (3, side, side)
        made += [
            network_workload(
                entry,
                shape,
                fused=fused,
                form="" if form == "plain" else form,
                digest=inspected.digest if inspected else "",
                batch=inspected.batch if inspected else 0,
                dtype=inspected.dtype if inspected else "",
            )
            for form in forms
            if form == "plain" or _has_form(entry, forms)
        ]
    return made


def _asked(entry: NetworkEntry, px: int | None) -> int | None:
    """The size where it is another than the network's own, which needs no look."""
    return None if px == entry.input_px else px


def _has_form(entry: NetworkEntry, forms: Sequence[str]) -> bool:
    if entry in resolve(["fasternet"]):
        return True
    if "plain" not in forms:
        raise UsageError(f"expected FasterNets with --form fast, got {entry.name}; ask for --form plain,fast")
    return False
