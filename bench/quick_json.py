"""The JSON of a run's files, read fast: a long run has a hundred thousand lines of two kilobytes."""

import json
from contextlib import suppress
from dataclasses import fields
from typing import Any

import msgspec

from bench.records.measurement import Disturbances, Measurement

_MEASURED, _DISTURBED = (frozenset(each.name for each in fields(cls)) for cls in (Measurement, Disturbances))


def parsed(text: bytes) -> Any:
    """Plain values; of what msgspec refuses the standard library has the last word. Raises as json.loads does."""
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return json.loads(text)


def parsed_event(line: bytes) -> Any:
    """The same of a journal's line, but its measurement is one already where nothing is wrong with it."""
    try:
        value = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return json.loads(line)  # which takes NaN: for the strict decoder alone
    body = value.get("body") if isinstance(value, dict) else None
    if isinstance(body, dict) and isinstance(part := body.get("measurement"), dict) and _names_are_known(part):
        with suppress(ValueError, RecursionError):  # the strict decoder says what is wrong
            body["measurement"] = msgspec.convert(part, Measurement)
    return value


def _names_are_known(part: dict[str, Any]) -> bool:
    """Whether there is nothing that msgspec would pass over."""
    found = part.get("disturbances", {})
    known = part.keys() <= _MEASURED and isinstance(found, dict) and found.keys() <= _DISTURBED
    return known and part.get("sustained") is None
