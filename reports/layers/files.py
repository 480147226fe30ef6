"""layers.csv and layers.json: every number of every layer and kind at full precision, in SI units."""

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bench.records.workload import Unit
from reports.layers.difference import differences
from reports.layers.profile import Profile, Slice
from reports.layers.words import bytes_per_s, difference, macs_per_s, percent
from reports.numbers import high, low
from reports.results import Results
from reports.tables.csv_table import OF_UNIT, Value, csv_text
from reports.untrusted import visible


class _Line(NamedTuple):
    profile: Profile
    each: Slice
    by: str


def _of_unit(value: Callable[[Unit], Value]) -> Callable[[_Line], Value]:
    return lambda line: value(line.profile.unit)


# The order is a contract: new columns go at the end.
COLUMNS: dict[str, Callable[[_Line], Value]] = {
    **{name: _of_unit(value) for name, value in OF_UNIT.items() if name not in ("round", "kind", "stack")},
    "by": lambda line: line.by,
    "layer": lambda line: line.each.name if line.by == "layer" else "",
    "layer_kind": lambda line: line.each.kind,
    "stage": lambda line: line.each.stage or (line.each.name if line.by == "stage" else ""),
    "time_s": lambda line: line.each.seconds if line.each.pieces else None,
    "time_low_s": lambda line: low(line.each.time),
    "time_high_s": lambda line: high(line.each.time),
    "share": lambda line: line.each.share if line.each.pieces else None,
    "params": lambda line: line.each.params,
    "macs": lambda line: line.each.macs,
    "bytes_moved": lambda line: line.each.bytes_moved if line.each.pieces else None,
    "macs_per_s": lambda line: macs_per_s(line.profile, line.each),
    "bytes_per_s": lambda line: bytes_per_s(line.each),
    "percent_of_limit": lambda line: percent(line.each),
    "bound": lambda line: line.each.bound,
    "pieces": lambda line: line.each.pieces,
    "ran_on": lambda line: ", ".join(line.each.ran_on),
    "workers": lambda line: len(line.profile.workers),
    "sum_s": lambda line: line.profile.total.centre,
    "plain_s": lambda line: line.profile.plain.centre,
    "profiled_s": lambda line: line.profile.profiled.centre,
    "taken_out_s": lambda line: line.profile.taken_out_s,
}


def csv_layers(results: Results) -> str:
    """A line for each layer, in the order of execution, then for each kind and each stage."""
    return csv_text(COLUMNS, _lines(results))


def json_layers(results: Results) -> str:
    """`layers` with the columns of layers.csv, null where one does not apply, and `differences`; strict JSON, ASCII."""
    table = [{name: _shown(value(line)) for name, value in COLUMNS.items()} for line in _lines(results)]
    gaps = [
        {
            "first": visible(made.first.unit.workload.name),
            "second": visible(made.second.unit.workload.name),
            "runtime": made.first.unit.runtime,
            "device": visible(made.first.unit.device),
            **{"by": line.by, "name": visible(line.name), "first_s": line.first_s, "second_s": line.second_s},
            "share": line.share,
        }
        for made in differences(results.profiles)
        for line in made.lines
    ]
    sums = [
        {
            "name": visible(profile.unit.workload.name),
            "runtime": profile.unit.runtime,
            "device": visible(profile.unit.device),
            "difference": difference(profile),
        }
        for profile in results.profiles
    ]
    made = {"layers": table, "sums": sums, "differences": gaps}
    return json.dumps(made, indent=1, allow_nan=False, ensure_ascii=True) + "\n"


def _shown(value: Value) -> Value:
    return visible(value) if isinstance(value, str) else value


def _lines(results: Results) -> Iterator[_Line]:
    for profile in results.profiles:
        for by, slices in (("layer", profile.layers), ("kind", profile.kinds), ("stage", profile.stages)):
            yield from (_Line(profile, each, by) for each in slices)
