"""What comes from a device or a file becomes one of our types whole, or a ValueError that names the field."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.measurement import Measurement, NoiseFloor
from bench.records.origin import Origin
from bench.records.record import Record
from bench.records.workload import (
    OperatorArguments,
    Unit,
    Workload,
)
from bench.wire.decode import decode, encode


def a_record() -> dict[str, Any]:
    """A finished unit as parsed JSON."""
    operator = OperatorArguments(
        kernel=3, groups=16, ratio="1/4", dilation=1, stride=1, implementation="split_cat", selection="first"
    )
    unit = Unit(
        workload=Workload(kind="op", name="conv", input_shape=(96, 56, 56), stack=10, operator=operator),
        runtime="eager", dtype="float32", layout="nchw", batch=1, threads=1, device="cpu", mode="latency", round=0,
    )  # fmt: skip
    measurement = Measurement(
        samples_s=(0.1, 0.2), iterations_per_sample=1, warmup_iterations=3, steady=True, precise=False, load_s=0.1,
        first_call_s=0.2, max_error=None, peak_memory_bytes=None, threads_seen=1, cpus=(1,),
    )  # fmt: skip
    parsed: dict[str, Any] = json.loads(
        json.dumps(encode(Record(unit=unit, attempt=1, status="done", measurement=measurement)))
    )
    return parsed


WRONG = [
    ("attempt", True, "attempt"),  # bool is an int to Python
    ("attempt", 1.0, "attempt"),
    ("attempt", "1", "attempt"),
    ("seconds", math.nan, "seconds"),
    ("seconds", math.inf, "seconds"),
    ("seconds", False, "seconds"),
    pytest.param("seconds", 10**400, "seconds", id="no float holds it"),
    ("seconds", None, "seconds"),
    ("status", "finished", "status"),
    ("status", ["done"], "status"),
    ("status", None, "status"),
    ("reason", b"bytes", "reason"),
    ("unit", [], "unit"),
    ("unit", None, "unit"),
    ("unit.batch", "32", "unit.batch"),
    ("unit.workload.input_shape", [96, 56], "unit.workload.input_shape"),
    ("unit.workload.input_shape", [96, 56, "56"], r"unit.workload.input_shape\[2\]"),
    ("unit.workload.input_shape", "96x56x56", "unit.workload.input_shape"),
    ("unit.workload.operator.kernel", None, "unit.workload.operator.kernel"),
    ("measurement.samples_s", [0.1, "x"], r"measurement.samples_s\[1\]"),
    ("measurement.samples_s", {"0": 1.0}, "measurement.samples_s"),
    ("measurement.max_error", "small", "measurement.max_error"),
    ("measurement.verdicts", ["fine"], r"measurement.verdicts\[0\]"),
    ("measurement.steady", 1, "measurement.steady"),
]


def place(value: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """The object that holds the field, and the field's own name."""
    *way, name = path.split(".")
    for step in way:
        value = value[step]
    return value, name


@pytest.mark.parametrize(("path", "bad", "named"), WRONG)
def test_a_wrong_value_is_refused_by_its_field(path: str, bad: object, named: str) -> None:
    value = a_record()
    holder, name = place(value, path)
    holder[name] = bad
    with pytest.raises(ValueError, match=f"for {named}, got "):
        decode(Record, value)


@pytest.mark.parametrize("path", ["unit", "attempt", "status", "unit.workload.name", "measurement.samples_s"])
def test_a_missing_field_is_named(path: str) -> None:
    value = a_record()
    holder, name = place(value, path)
    del holder[name]
    with pytest.raises(ValueError, match=f"missing field '{name}'"):
        decode(Record, value)


@pytest.mark.parametrize("path", ["extra", "unit.extra", "measurement.disturbances.extra"])
def test_an_unknown_field_is_named(path: str) -> None:
    value = a_record()
    holder, name = place(value, path)
    holder[name] = 1
    with pytest.raises(ValueError, match="unknown field 'extra'"):
        decode(Record, value)


@pytest.mark.parametrize("value", [None, [], "text", 3, True])
def test_only_an_object_becomes_a_record(value: object) -> None:
    with pytest.raises(ValueError, match="expected an object for Record"):
        decode(Record, value)


@pytest.mark.parametrize("sample", [-0.2, 0.0, 1e-300, 1e300])
def test_the_constructor_has_the_last_word(sample: float) -> None:
    """A time that no step takes would overflow where ratios and intervals are made of it."""
    value = a_record()
    value["measurement"]["samples_s"] = [0.1, sample]
    with pytest.raises(ValueError, match="times in seconds"):
        decode(Record, value)
    floor = {"timer_overhead_s": 1e-8, "timer_resolution_s": 1e-9, "spin_samples_s": [sample], "gemm_samples_s": []}
    with pytest.raises(ValueError, match="times in seconds"):
        decode(NoiseFloor, floor | {"gemm_size": 256})


def test_a_long_wrong_value_is_not_repeated_whole() -> None:
    value = a_record()
    value["attempt"] = "x" * 10_000
    with pytest.raises(ValueError, match="expected int for attempt") as caught:
        decode(Record, value)
    assert len(str(caught.value)) < 120


def test_a_whole_number_will_do_for_seconds() -> None:
    value = a_record() | {"seconds": 3}
    seconds = decode(Record, value).seconds
    assert (seconds, type(seconds)) == (3.0, float)


PLACES = [
    "attempt",
    "seconds",
    "status",
    "unit",
    "unit.workload.operator",
    "measurement",
    "measurement.samples_s",
    "cost",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(PLACES), JSON)
def test_any_value_anywhere_decodes_or_is_a_value_error(path: str, value: Any) -> None:
    record = a_record()
    holder, name = place(record, path)
    holder[name] = value
    try:
        decoded = decode(Record, record)
    except ValueError:
        return
    assert decode(Record, json.loads(json.dumps(encode(decoded)))) == decoded


def test_only_dataclasses_are_encoded() -> None:
    for value in ({"a": 1}, Record, 3):
        with pytest.raises(TypeError, match="dataclass instance"):
            encode(value)


@dataclass(frozen=True, kw_only=True)
class Colour:
    """A small type of its own."""

    name: Literal["red", "green"]
    shade: int | None = None


def test_a_literal_says_what_it_accepts() -> None:
    assert decode(Colour, {"name": "red"}) == Colour(name="red")
    with pytest.raises(ValueError, match="expected one of red, green for name, got 'blue'"):
        decode(Colour, {"name": "blue"})
    with pytest.raises(ValueError, match="expected int for shade"):
        decode(Colour, {"name": "red", "shade": "dark"})


@dataclass(frozen=True, kw_only=True)
class Series:
    """Numbers and what holds them."""

    values: tuple[float, ...]
    inner: tuple[Colour, ...] = ()


@pytest.mark.parametrize("values", [[], [1.5], [1, 2.5], [1e308, 1e308], [-1e308, 0.0], [-0.0]])
def test_finite_numbers_pass_whatever_their_sum_is(values: list[float]) -> None:
    found = decode(Series, {"values": values}).values
    assert found == tuple(values)
    assert {type(value) for value in found} <= {float}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, True, None, "1", [1.0], 10**400])
@pytest.mark.parametrize("others", [[], [1.0, 2.0], [-math.inf]])
def test_one_wrong_number_among_others_is_named_by_its_place(bad: object, others: list[float]) -> None:
    with pytest.raises(ValueError, match=r"expected float for values\[0\], got "):
        decode(Series, {"values": [bad, *others]})


def test_the_path_leads_through_lists_and_objects() -> None:
    inner = [{"name": "red"}, {"name": "red", "shade": 1.0}]
    with pytest.raises(ValueError, match=r"^expected int for inner\[1\]\.shade, got 1\.0$"):
        decode(Series, {"values": [], "inner": inner})
    with pytest.raises(ValueError, match=r"^unknown field 'tone' in inner\[0\]$"):
        decode(Series, {"values": [], "inner": [{"name": "red", "tone": 1}]})
    with pytest.raises(ValueError, match=r"^missing field 'name' in inner\[0\]$"):
        decode(Series, {"values": [], "inner": [{}]})


def test_an_id_hashes_every_field_and_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = decode(Record, a_record()).unit
    older = {name: value for name, value in asdict(unit).items() if name not in ("origin", "switches", "calibration")}
    plain = json.dumps(older, sort_keys=True, separators=(",", ":"))
    assert unit.id == hashlib.sha256(plain.encode()).hexdigest()[:16]  # as before there were these three
    moved = replace(unit, origin=Origin(label="head"))
    text = json.dumps(older | {"origin": asdict(moved)["origin"]}, sort_keys=True, separators=(",", ":"))
    assert moved.id == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert replace(unit, round=unit.round + 1).id != unit.id
    assert replace(unit, round=unit.round + 1).cell == unit.cell
    monkeypatch.setattr("bench.records.workload.hashlib.sha256", None)
    assert unit.id
    assert encode(unit) == asdict(unit)  # what was worked out is no field
