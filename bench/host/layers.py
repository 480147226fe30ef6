"""What a runtime's pieces stand for: its names for them, sought among those of the graph that it was given."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from bench.records.layers import GraphParts, Layers, Part, Piece
from bench.wire.decode import decode

MOST_WORDS = 32  # of a device's name for a piece that are looked through
_WORD = re.compile(r"[0-9A-Za-z]+")
# Fused with what comes after them; all else with what comes before.
_PRODUCTS = frozenset(("conv", "gconv", "dwconv", "pwconv", "linear", "matmul", "attention", "recurrent"))


def parts_in(path: Path) -> tuple[Part, ...]:
    """Those of the graph that the file is about."""
    return decode(GraphParts, json.loads(path.read_bytes())).parts


def mapped(layers: Layers, parts: Sequence[Part]) -> Layers:
    """The same with these parts, each piece naming those that it stands for; none where its names tell nothing.

    A runtime makes a fused node's name from that of a node or a tensor, with words before or behind it. Parts that no
    piece names were fused with a neighbour.
    """
    known = {name: part.name for part in parts for name in (part.name, *part.also)}
    named = [replace(piece, parts=_named(piece, known)) for piece in layers.pieces]
    return replace(layers, pieces=_with_fused(named, parts), parts=tuple(parts))


def _named(piece: Piece, known: dict[str, str]) -> tuple[str, ...]:
    found = (_find(told, known) for told in piece.parts or (piece.name,))
    return tuple(dict.fromkeys(filter(None, found)))


def _find(told: str, known: dict[str, str]) -> str:
    """The part with the longest name that stands in what was told as whole words."""
    if told in known:
        return known[told]
    return next((known[text] for text in _stretches(told) if text in known), "")


def _stretches(text: str) -> Iterator[str]:
    """Every stretch of whole words, the longest first; one may begin with the sign before its first word."""
    words = list(islice(_WORD.finditer(text), MOST_WORDS))
    begins = [begin for word in words for begin in {max(0, word.start() - 1), word.start()}]
    spans = [(begin, word.end()) for begin in begins for word in words if word.end() > begin]
    yield from (text[begin:end] for begin, end in sorted(spans, key=lambda span: span[0] - span[1]))


def _with_fused(pieces: Sequence[Piece], parts: Sequence[Part]) -> tuple[Piece, ...]:
    """A product that no piece names is in the piece of what reads it, anything else in that of what it reads."""
    owner = {name: index for index, piece in reversed(list(enumerate(pieces))) for name in piece.parts}
    held = [list(piece.parts) for piece in pieces]
    behind = _behind(parts, owner)
    for wanted in (True, False):
        for part in parts:
            if part.name in owner or (part.kind in _PRODUCTS) is not wanted:
                continue
            before = max((owner[name] for name in part.takes if name in owner), default=None)
            index = behind.get(part.name) if wanted or before is None else before
            if index is not None:
                owner[part.name] = index
                held[index].append(part.name)
    return tuple(replace(piece, parts=tuple(names)) for piece, names in zip(pieces, held, strict=True))


def _behind(parts: Sequence[Part], owner: dict[str, int]) -> dict[str, int]:
    """By part: the first piece that is met between it and the end of the graph, in whose order parts come."""
    found: dict[str, int] = {}
    for part in reversed(parts):
        met = owner.get(part.name, found.get(part.name))
        if met is not None:
            found[part.name] = met
            for name in part.takes:
                found[name] = met
    return found
