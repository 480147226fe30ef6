"""Profiles for other programs: a trace for Perfetto or chrome://tracing, and node data for Model Explorer.

The trace is in Chrome's Trace Event Format: complete events ("ph": "X") with microseconds. Node data has a value
for each node, by its name or that of the tensor it makes, and colours from the least to the largest.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from reports.layers.profile import Profile
from reports.layers.words import title
from reports.untrusted import visible
from reports.write import replace_file

NODE_DATA = ".node-data.json"  # behind the name of the trace
_COLOURS = ((0.0, "#ffffff"), (0.25, "#fde0c5"), (1.0, "#d55e00"))


def write_trace(profiles: Sequence[Profile], path: Path) -> tuple[Path, ...]:
    """The trace, and beside it node data for each network; OSError where they cannot be written."""
    written = [replace_file(path, chrome_trace(profiles).encode())]
    stem = path.name.removesuffix(".json")
    for number, profile in enumerate(profiles, 1):
        name = f"{stem}-{number}{NODE_DATA}" if len(profiles) > 1 else f"{stem}{NODE_DATA}"
        written.append(replace_file(path.with_name(name), node_data(profile).encode()))
    return tuple(written)


def chrome_trace(profiles: Sequence[Profile]) -> str:
    """A process for each network, in it one call: its layers, and below each the pieces, one after the other."""
    events = [event for number, profile in enumerate(profiles, 1) for event in _events(number, profile)]
    return _text({"traceEvents": events, "displayTimeUnit": "ms"})


def _events(number: int, profile: Profile) -> Iterator[dict[str, Any]]:
    yield {"ph": "M", "name": "process_name", "pid": number, "args": {"name": visible(title(profile))}}
    yield {"ph": "M", "name": "thread_name", "pid": number, "tid": 1, "args": {"name": "one call, mean of its workers"}}
    owned = [each for each in profile.owned if each.piece is not None]
    seconds = profile.piece_seconds
    for each, taken, end in zip(owned, seconds, accumulate(seconds), strict=True):
        piece = each.piece
        assert piece is not None
        yield {
            "ph": "X",
            "pid": number,
            "tid": 1,
            "name": visible(each.layer),
            "cat": visible(each.kind),
            "ts": 1e6 * (end - taken),
            "dur": 1e6 * taken,
            "args": {
                "piece": visible(piece.name),
                "operation": visible(piece.kind),
                "ran on": visible(piece.ran_on),
                "stage": each.stage,
                "macs": sum(part.macs or 0 for part in each.counted),
                "bytes": piece.bytes_moved,
            },
        }


def node_data(profile: Profile) -> str:
    """Milliseconds of each operation of the network; of those that ran as one, the dearest has the time of all."""
    values: dict[str, float] = {}
    pieces = [each.piece for each in profile.owned if each.piece is not None]
    main = [each.main for each in profile.owned if each.piece is not None]
    for piece, name, taken in zip(pieces, main, profile.piece_seconds, strict=True):
        key = visible(name or piece.name)
        values[key] = values.get(key, 0.0) + 1e3 * taken
    results = {name: {"value": value} for name, value in values.items()}
    gradient = [{"stop": stop, "bgColor": colour} for stop, colour in _COLOURS]
    return _text({"name": visible(title(profile)), "results": results, "gradient": gradient})


def _text(made: object) -> str:
    return json.dumps(made, indent=1, allow_nan=False, ensure_ascii=True) + "\n"
