"""Plain JSON values into the frozen types and back: strict, standard library only.

What comes from a device or a file is untrusted: an unknown field, a missing one, a wrong type, NaN or infinity is a
ValueError that names the field, and each type's constructor still has the last word. The same few lines serve the
host and a board, which has the standard library alone.
"""

import sys
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from math import isfinite
from sys import intern
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Decoder = Callable[[Any], Any]

_LARGEST = sys.float_info.max


def encode(value: object) -> dict[str, Any]:
    """The fields of a dataclass as plain JSON values."""
    if not is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"expected a dataclass instance, got {type(value).__name__}")
    return asdict(value)


class _WrongValueError(ValueError):
    """A value that its type does not allow; on the way up each holder puts its own name before the path."""

    def __init__(self, expected: str, rest: str = "", path: str = "") -> None:
        super().__init__(expected, rest)
        self.path, self._root = "", path

    def within(self, holder: str) -> None:
        """From now on seen from the object or list that holds the value."""
        self.path = f"{holder}.{self.path}" if self.path[:1] not in ("", "[") else holder + self.path

    def __str__(self) -> str:
        expected, rest = self.args
        return f"{expected} {self.path or self._root}{rest}"


def decode(cls: type[T], value: object) -> T:
    """Build `cls` from parsed JSON; raises ValueError naming the field that is wrong."""
    kind: Any = cls
    made: T = _decoder(kind)(value)
    return made


@cache
def _decoder(hint: Any) -> Decoder:
    """What turns a value into that type; made once, since a journal holds the same types a million times."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        words = dict(zip(arguments, arguments, strict=True))
        return _exact(str, "one of " + ", ".join(arguments), words.get)
    if origin in (Union, UnionType):
        (inner,) = (_decoder(argument) for argument in arguments if argument is not NoneType)
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return _list(arguments[0])
        return _tuple([_decoder(argument) for argument in arguments])
    if is_dataclass(hint):
        return _object(hint)
    if hint is float:
        return _float
    return _exact(hint, getattr(hint, "__name__", str(hint)), intern if hint is str else None)


def _object(cls: Any) -> Decoder:
    hints = get_type_hints(cls)
    known = {field.name: _decoder(hints[field.name]) for field in fields(cls)}
    # Most of a record: a call for each would take longer than all else.
    as_they_are = {field.name: _as_they_are(hints[field.name]) for field in fields(cls)}
    required = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]

    def decoded(value: Any) -> Any:
        if type(value) is cls:  # no JSON is one: whoever reads has made this part before
            return value
        if not isinstance(value, dict):
            raise _WrongValueError("expected an object for", f", got {_name(value)}", cls.__name__)
        if value.keys() != known.keys():
            _check_names(value, known, required, cls)
        given = {}
        for key, item in value.items():
            if type(item) in as_they_are[key]:
                given[key] = item
                continue
            try:
                given[key] = known[key](item)
            except _WrongValueError as error:
                error.within(key)
                raise
        return cls(**given)

    return decoded


def _check_names(value: Mapping[str, Any], known: Container[str], required: Iterable[str], cls: type) -> None:
    for key in value:
        if key not in known:
            raise _WrongValueError(f"unknown field {str(key)[:40]!r} in", path=cls.__name__)
    for key in required:
        if key not in value:
            raise _WrongValueError(f"missing field {key!r} in", path=cls.__name__)


def _as_they_are(hint: Any) -> frozenset[type]:
    """The types of the values of which nothing is left to check; of a dataclass where the reader made one before."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return frozenset(kind for kind in kinds if kind in (int, bool, NoneType) or is_dataclass(kind))


def _list(hint: Any) -> Decoder:
    one = _decoder(hint)

    def decoded(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise _WrongValueError("expected a list for", f", got {_name(value)}")
        # A sum is finite only where every term is.
        if hint is float and {*map(type, value)} == {float} and isfinite(sum(value)):
            return tuple(value)
        return tuple(_item(one, index, item) for index, item in enumerate(value))

    return decoded


def _tuple(parts: Sequence[Decoder]) -> Decoder:
    def decoded(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise _WrongValueError("expected a list for", f", got {_name(value)}")
        if len(value) != len(parts):
            raise _WrongValueError(f"expected {len(parts)} values for", f", got {len(value)}")
        return tuple(_item(part, index, item) for index, (part, item) in enumerate(zip(parts, value, strict=True)))

    return decoded


def _item(one: Decoder, index: int, value: Any) -> Any:
    try:
        return one(value)
    except _WrongValueError as error:
        error.within(f"[{index}]")
        raise


def _float(value: Any) -> float:
    if type(value) is float and -_LARGEST <= value <= _LARGEST:
        return value
    # The comparison is false for NaN, and an integer that no float holds is compared exactly.
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return float(value)
    raise _WrongValueError("expected float for", f", got {_name(value)}")


def _exact(kind: type, expected: str, known: Callable[[Any], Any] | None) -> Decoder:
    """That very type: bool is an int to isinstance, but never meant as one. `known` gives equal texts as one object."""

    def decoded(value: Any) -> Any:
        if type(value) is kind and (found := known(value) if known else value) is not None:
            return found
        raise _WrongValueError(f"expected {expected} for", f", got {_name(value)}")

    return decoded


def _name(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{type(value).__name__} {text[:36]}..."
