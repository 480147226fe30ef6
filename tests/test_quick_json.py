"""What is read fast is what the strict decoder reads, and what it refuses is refused with the same words."""

import copy
import json
from typing import Any

import pytest

from bench.quick_json import parsed, parsed_event
from bench.records.measurement import Measurement
from bench.records.record import Record
from bench.wire.decode import decode
from tests.test_wire_decode import a_record

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.0,
    1.5,
    1e300,
    10**30,
    10**400,
    "",
    "x",
    "noisy",
    [],
    [1],
    [True],
    [[]],
    {},
    {"a": 1},
)


def read(body: Any) -> str:
    """The record, or why there is none."""
    try:
        return repr(decode(Record, body))
    except ValueError as error:
        return str(error)


def line(body: Any) -> bytes:
    return json.dumps({"type": "record", "body": body}).encode()


def paths() -> list[tuple[str, ...]]:
    """Of every field of a measurement and of its disturbances, and of one that neither has."""
    part = a_record()["measurement"]
    return [(name,) for name in (*part, "unknown")] + [
        ("disturbances", name) for name in (*part["disturbances"], "unknown")
    ]


@pytest.mark.parametrize("path", paths(), ids="-".join)
def test_every_odd_value_is_taken_or_refused_as_by_the_strict_decoder(path: tuple[str, ...]) -> None:
    for value in ODD:
        body = a_record()
        *holders, name = ("measurement", *path)
        part: Any = body
        for holder in holders:
            part = part[holder]
        part[name] = value
        strict = read(copy.deepcopy(body))
        assert read(parsed_event(line(body))["body"]) == strict, value


def test_a_sound_measurement_is_made_at_once() -> None:
    assert isinstance(parsed_event(line(a_record()))["body"]["measurement"], Measurement)


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999"])
def test_no_number_that_json_does_not_have_gets_in(text: str) -> None:
    damaged = line(a_record()).replace(b'"load_s": 0.1', f'"load_s": {text}'.encode())
    assert "load_s" in read(parsed_event(damaged)["body"])


@pytest.mark.parametrize(
    "text", ['"\\ud800"', "-0", "123456789012345678901234567890", "1e-400", '{"a":1,"a":2}', "\ufeff1"]
)
def test_what_only_the_standard_library_reads_is_read(text: str) -> None:
    assert repr(parsed(text.encode())) == repr(json.loads(text.encode()))


@pytest.mark.parametrize("text", [b"", b"{", b'"\xff"', b"[1,]", b"01", b"[" * 100_000])
def test_what_is_no_json_is_refused_in_the_words_of_the_standard_library(text: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)) as caught:
        parsed(text)
    with pytest.raises(type(caught.value)) as usual:
        json.loads(text)
    assert str(caught.value) == str(usual.value)
