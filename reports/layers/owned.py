"""The pieces of one worker, each under the layer of the network that it is counted for."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.records.layers import Layers, Part, Piece

UNMAPPED = "unmapped"  # the kind of a piece that stands for no part of the network
HEAD = "head"  # the stage of what comes after the last map


@dataclass(frozen=True, kw_only=True)
class Owned:
    """A piece under the layer that does most in it; or, without one, a part that no piece was left of."""

    piece: Piece | None
    layer: str
    kind: str
    stage: str
    main: str  # the name of the part that does most in it; empty where it stands for none
    counted: tuple[Part, ...]  # whose costs are counted here: each part of the network stands once

    @property
    def key(self) -> tuple[str, str]:
        """A module may hold several kinds: its own adds beside its splits."""
        return self.layer, self.kind


def owned_pieces(worker: Layers) -> tuple[Owned, ...]:
    """The pieces in order, then the parts that stand in none: fused away, or made before the first call."""
    parts = {part.name: part for part in worker.parts}
    held = [[parts[name] for name in piece.parts if name in parts] for piece in worker.pieces]
    left, found = dict(parts), []
    for piece, own, stage in zip(worker.pieces, held, _stages(held), strict=True):
        counted = tuple(left.pop(part.name) for part in own if part.name in left)
        main = max(own, key=lambda part: part.macs or 0, default=None)
        layer, kind = (main.layer, main.kind) if main else (piece.kind, UNMAPPED)
        name = main.name if main else ""
        found.append(Owned(piece=piece, layer=layer, kind=kind, stage=stage, main=name, counted=counted))
    rest = [part for part in left.values() if part.macs or part.params]
    return (*found, *map(_fused, rest))


def _fused(part: Part) -> Owned:
    return Owned(piece=None, layer=part.layer, kind=part.kind, stage="", main=part.name, counted=(part,))


def _stages(held: Sequence[Sequence[Part]]) -> list[str]:
    """`1/8`, the size of a piece's map beside the image; what makes none stands where the piece before it does."""
    strides = [next((part.stride for part in own if part.stride), 0) for own in held]
    last = max((index for index, stride in enumerate(strides) if stride), default=-1)
    found, now = [], next(filter(None, strides), 0)
    for index, stride in enumerate(strides):
        now = stride or now
        found.append(HEAD if index > last else f"1/{now}")
    return found
