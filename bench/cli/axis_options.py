"""An option for each axis of a table: those of operators, and of networks."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import click

from bench.cli.options import F, ListOf, Whole, one_of
from bench.plan.values import positive, ratio
from operators.axes import Axis, Value


def axis_options(table: Mapping[str, Axis], *, defaults: bool = True) -> Callable[[F], F]:
    """Add an option for each axis, first those whose values are words; without `defaults` each asks for nothing."""

    def add(command: F) -> F:
        for name, row in sorted(table.items(), key=lambda item: not item[1].choices)[::-1]:
            kind = ListOf("LIST", _parse(row)) if row.many else Whole()
            shown = f"{row.help}: {', '.join(row.choices)}." if row.choices else row.help
            flags = (f"--{row.option or name}", _parameter(name, row))
            default = str(row.default) if defaults else None
            command = click.option(*flags, type=kind, default=default, help=shown)(command)
        return command

    return add


def asked_values(table: Mapping[str, Axis], options: Mapping[str, Any]) -> dict[str, tuple[Value, ...]]:
    """The values that the options have, by axis; none for an axis that was not asked for."""
    given = {name: options[_parameter(name, row)] for name, row in table.items()}
    return {
        name: values if isinstance(values, tuple) else (values,) for name, values in given.items() if values is not None
    }


def _parameter(name: str, row: Axis) -> str:
    return row.parameter or row.option or name


def _parse(row: Axis) -> Callable[[str], object]:
    if row.choices:
        return one_of(row.called, row.choices)
    return ratio if isinstance(row.default, Fraction) else positive
