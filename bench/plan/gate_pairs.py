"""The pairs of a gate: each subject at the base against the same at the head, and once more what comes out slower."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.errors import UsageError
from bench.plan.axes import Axes
from bench.plan.names import Asked
from bench.plan.sides import InspectAt, Side, comparison_pairs
from bench.plan.values import shown
from bench.records.device import Device
from bench.records.origin import Origin
from bench.records.pair import MOST_PAIRS, Pair
from bench.wire.messages import Network

PAIRS_AGAIN = 10  # at most, of the second measurement


def gate_pairs(
    sides: Iterable[Side],
    inspect: InspectAt,
    axes: Axes,
    devices: Sequence[Device],
    pairs: int,
    origins: tuple[Origin, Origin],
    slowdown: float = 1.0,
) -> tuple[Pair, ...]:
    """`pairs` of each subject in turn, then up to ten of each for a second measurement; UsageError where one is no
    subject at either origin, or is named twice.

    One that cannot be built at one of the two is planned all the same: its pairs will say why.
    """
    if slowdown > 1 and (gpu := next((device.name for device in devices if device.accelerator), "")):
        raise UsageError(
            f"expected a CPU for a planted slowdown, which its loop makes, got {gpu}; test the gate on cpu"
        )
    found: dict[str, tuple[Pair, ...]] = {}
    for side in sides:
        if origins[0].folder and side.subject.startswith("/"):
            raise UsageError(
                f"expected a file by its path from here, got {shown(side.subject)}: no revision holds that"
            )
        made = comparison_pairs((side, side), _forgiving(inspect, origins), axes, devices, pairs, origins)
        if made[0].cell in found:
            raise UsageError(f"expected each subject once, got {shown(side.text)} again; leave one of them out")
        found[made[0].cell] = made
    every = [replace(pair, slowdown=slowdown) for made in found.values() for pair in made]
    again = [_again(pair) for pair in every if pair.first.round < PAIRS_AGAIN]
    return tuple(sorted([*every, *again], key=lambda pair: pair.first.round))


def _again(pair: Pair) -> Pair:
    number = MOST_PAIRS + pair.first.round
    return replace(pair, first=replace(pair.first, round=number), second=replace(pair.second, round=number))


def _forgiving(inspect: InspectAt, origins: tuple[Origin, Origin]) -> InspectAt:
    """What cannot be built at one origin is taken for what it is at the other."""

    def found(sources: Sequence[str], asked: Asked, origin: Origin) -> dict[str, Network]:
        mine = inspect(sources, asked, origin)
        bad = [source for source, network in mine.items() if network.reason]
        if not bad:
            return mine
        elsewhere = inspect(bad, asked, origins[origin.folder == origins[0].folder])
        return mine | {source: replace(network, digest="") for source, network in elsewhere.items()}

    return found
