"""Quantities with their unit, as they are written on a command line."""

import re
from typing import Any

import click

from bench.plan.values import pixels, ratio, shown

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class Percent(click.ParamType[float]):
    """`2%` as 0.02."""

    name = "N%"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,6})?)%", str(value))
        if found is None or not 0 < float(found[1]) <= 100:
            self.fail(f"expected a percentage over 0% and up to 100%, such as 2%, got {str(value)[:40]!r}", param, ctx)
        return float(found[1]) / 100


class Part(click.ParamType[float]):
    """`0.875` or `7/8`: over 0 and up to 1."""

    name = "PART"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return float(ratio(str(value)))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Channels(click.ParamType[tuple[float, ...]]):
    """One number for all channels of an image, or one for each."""

    name = "N,N,N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if len(parts) not in (1, 3) or not all(re.fullmatch(r"\d{1,3}(\.\d{1,9})?", part.strip()) for part in parts):
            self.fail(f"expected 1 or 3 numbers such as 0.485,0.456,0.406, got {shown(str(value))}", param, ctx)
        return tuple(float(part) for part in parts)


class Size(click.ParamType[str]):
    """The size of an image, kept as it was written."""

    name = "N|HxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            pixels(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value).lower()


class Duration(click.ParamType[float]):
    """`90s`, `2m`, `1h` or `30d` in seconds; `least` and `most` are written in the same way."""

    name = "TIME"

    def __init__(self, least: str = "", most: str = "") -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = _seconds(str(value))
        if not seconds:
            self.fail(f"expected a time such as 90s, 2m or 1h, got {str(value)[:40]!r}", param, ctx)
        if self._least and not _seconds(self._least) <= seconds <= _seconds(self._most):
            self.fail(f"expected a time of {self._least} to {self._most}, got {str(value)[:40]!r}", param, ctx)
        return seconds


def _seconds(text: str) -> float:
    """Of a time with its unit; 0 for what is none."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([smhd])", text)
    return 0.0 if found is None else float(found[1]) * _SECONDS[found[2]]
