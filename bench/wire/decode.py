"""Plain JSON values into the frozen types and back: strict, standard library only.

What comes from a device or a file is untrusted: an unknown field, a missing one, a wrong type, NaN or infinity is a
ValueError that names the field, and each type's constructor still has the last word. The same few lines serve the
host and a board, which has the standard library alone.
"""

import sys
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_LARGEST = sys.float_info.max


def encode(value: object) -> dict[str, Any]:
    """The fields of a dataclass as plain JSON values."""
    if not is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"expected a dataclass instance, got {type(value).__name__}")
    return asdict(value)


def decode(cls: type[T], value: object, where: str = "") -> T:
    """Build `cls` from parsed JSON; raises ValueError naming the field that is wrong."""
    if not isinstance(value, dict):
        raise ValueError(f"expected an object for {where or cls.__name__}, got {_name(value)}")
    kind: Any = cls
    hints, required = _fields(kind)
    if unknown := [key for key in value if key not in hints]:
        raise ValueError(f"unknown field {str(unknown[0])[:40]!r} in {where or cls.__name__}")
    if missing := [key for key in required if key not in value]:
        raise ValueError(f"missing field {missing[0]!r} in {where or cls.__name__}")
    prefix = f"{where}." if where else ""
    return cls(**{key: _decode(hints[key], item, f"{prefix}{key}") for key, item in value.items()})


@lru_cache(maxsize=64)
def _fields(cls: Any) -> tuple[dict[str, Any], list[str]]:
    hints = get_type_hints(cls)
    known = fields(cls)
    required = [f.name for f in known if f.default is MISSING and f.default_factory is MISSING]
    return {f.name: hints[f.name] for f in known}, required


def _decode(hint: Any, value: object, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        if isinstance(value, str) and value in arguments:
            return value
    elif origin in (Union, UnionType):
        if value is None and NoneType in arguments:
            return None
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return _decode(inner, value, where)
    elif origin is tuple:
        return _decode_tuple(arguments, value, where)
    elif is_dataclass(hint):
        return decode(hint, value, where)  # type: ignore[arg-type]
    elif hint is float:
        # The comparison is false for NaN, and an integer that no float holds is compared exactly.
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST:
            return float(value)
    elif type(value) is hint:  # bool is an int to isinstance, but never meant as one
        return value
    expected = getattr(hint, "__name__", str(hint)) if origin is not Literal else "one of " + ", ".join(arguments)
    raise ValueError(f"expected {expected} for {where}, got {_name(value)}")


def _decode_tuple(arguments: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list for {where}, got {_name(value)}")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_decode(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if len(value) != len(arguments):
        raise ValueError(f"expected {len(arguments)} values for {where}, got {len(value)}")
    return tuple(_decode(a, v, f"{where}[{i}]") for i, (a, v) in enumerate(zip(arguments, value, strict=True)))


def _name(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{type(value).__name__} {text[:36]}..."
