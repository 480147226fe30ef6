"""The envelope: a line is one JSON object, `{v, run, unit, attempt, worker, seq, type, body}`.

Either side trusts nothing: a line is at most 1 MiB, nests at most 12 deep, repeats no key and holds no NaN, no
infinity, no integer over 20 digits and no half of a surrogate pair, which no file could hold. Anything else is a
ProtocolError. Standard library only: the agent runs this on a board.
"""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from bench.errors import ProtocolError

VERSION = 2
MAX_LINE_BYTES = 1 << 20
# A message holds a body, a body a record, a record its unit, workload and operator arguments.
MAX_DEPTH = 12
MAX_DIGITS = 20
_KEYS = {"v": int, "run": str, "unit": str, "attempt": int, "worker": int, "seq": int, "type": str, "body": dict}


@dataclass(frozen=True, kw_only=True)
class Message:
    """One line; `unit` and `attempt` are empty where it is about no unit, `worker` is its sender's number in a job."""

    type: str
    body: dict[str, Any]
    run: str = ""
    unit: str = ""
    attempt: int = 0
    worker: int = 0
    seq: int = 0


def encode_line(message: Message) -> bytes:
    """The line, its newline included; raises ProtocolError above 1 MiB."""
    fields = {"v": VERSION, **{key: getattr(message, key) for key in _KEYS if key != "v"}}
    line = json.dumps(fields, separators=(",", ":"), allow_nan=False).encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError(f"expected a message of at most {MAX_LINE_BYTES} bytes, made one of {len(line)}")
    return line


def decode_line(line: bytes) -> Message:
    """Parse one line (newline stripped or not); raises ProtocolError saying what was wrong."""
    value = parse_json(line)
    if not isinstance(value, dict) or value.keys() != _KEYS.keys():
        raise ProtocolError(f"expected an object with exactly the keys {', '.join(_KEYS)}")
    for key, kind in _KEYS.items():
        if type(value[key]) is not kind:
            raise ProtocolError(f"expected {key} to be {kind.__name__}, got {type(value[key]).__name__}")
    if value.pop("v") != VERSION:
        raise ProtocolError(f"expected protocol version {VERSION}; update the code on this device")
    return Message(**value)


def parse_json(text: bytes) -> Any:
    """JSON within the limits above; raises ProtocolError."""
    if len(text) > MAX_LINE_BYTES:
        raise ProtocolError(f"expected a line of at most {MAX_LINE_BYTES} bytes")
    try:
        value = json.loads(
            text.decode("utf-8", "strict"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_real,
            parse_constant=_constant,
        )
        if b"\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # an escape may spell what no text may hold
    except UnicodeEncodeError:
        raise ProtocolError("expected text, got half of a surrogate pair") from None
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"expected a line of JSON: {str(error)[:120]}") from None
    if _depth(value) > MAX_DEPTH:
        raise ProtocolError(f"expected JSON nested at most {MAX_DEPTH} deep")
    return value


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        nested = [item for item in level if isinstance(item, dict | list)]
        level = [child for item in nested for child in (item.values() if isinstance(item, dict) else item)]
    return depth


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key is repeated")
    return result


def _integer(text: str) -> int:
    if len(text.removeprefix("-")) > MAX_DIGITS:
        raise ValueError(f"an integer has more than {MAX_DIGITS} digits")
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is not finite")
    return value


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not allowed")
