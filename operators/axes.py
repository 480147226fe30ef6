"""What is known of an axis beside its type: all that the options, the plan and a variant's spelling need."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeVar

from operators.validation import one_of, positive_int

Value = int | str | Fraction
V = TypeVar("V", int, str, Fraction)


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis; its name is that of the field it describes. Text is read as a value of the default's type."""

    default: Value
    option: str = ""  # of `bench ops`, without dashes; "" where it is the name
    parameter: str = ""  # what run.json calls the option; "" where that is the option
    help: str | None = None  # the choices are added to it
    choices: tuple[str, ...] = ()
    called: str = ""  # one of the choices, by the message about text that is none
    most: int | None = None  # of a whole number
    many: bool = True  # the option takes a list; one that doesn't takes one positive number
    asked_of_all: bool = False  # refused by an operator without it, where others are planned once at their default
    prefix: str | None = ""  # before the value in `variant`; None: each operator has it, and `variant` leaves it out
    fits: Callable[[int, Any], object] | None = None  # given channels and value; ValueError where they don't agree

    def check(self, name: str, value: object) -> None:
        """ValueError for what suits no operator."""
        if self.choices:
            one_of(name, value, self.choices)
        elif isinstance(self.default, int):
            positive_int(name, value)
            if self.most is not None and isinstance(value, int) and value > self.most:
                raise ValueError(f"expected {name} to be at most {self.most}, got {value}; give fewer")


def axis(default: V, **row: Any) -> V:
    """The field of a dataclass that is an axis; `row` is the rest of its Axis."""
    return field(default=default, metadata={"axis": Axis(default=default, **row)})
