"""The description of one operator to build, count and time. Starts without torch."""

from dataclasses import dataclass, fields
from fractions import Fraction

from operators.choice import IMPLEMENTATIONS, SELECTIONS
from operators.registry import OPERATORS, Operator
from operators.validation import (
    divided_groups,
    one_of,
    partial_channels,
    positive_int,
    same_padding,
    seed_int,
)

# In the order in which `variant` spells them; "" for those whose value speaks for itself.
_PREFIXES = {
    "kernel": "k",
    "groups": "g",
    "ratio": "r",
    "dilation": "d",
    "stride": "s",
    "implementation": "",
    "selection": "",
}


@dataclass(frozen=True, kw_only=True)
class OperatorSpec:
    """A stack of one operator, c in = c out, same padding, no bias.

    An axis the operator lacks (see `axes`) keeps its default: anything else is refused, so that equal
    operators are equal specs. Same padding makes a strided size ceil(size / stride) from layer to layer: it
    ends at 1, never below.
    """

    op: str
    channels: int
    height: int
    width: int
    kernel: int = 3
    groups: int = 16
    ratio: Fraction = Fraction(1, 4)
    dilation: int = 1
    stride: int = 1
    stack: int = 10
    implementation: str = "split_cat"
    selection: str = "first"
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("op", self.op, OPERATORS)
        for name in ("channels", "height", "width", "kernel", "groups", "dilation", "stride", "stack"):
            positive_int(name, getattr(self, name))
        seed_int(self.seed)
        one_of("implementation", self.implementation, IMPLEMENTATIONS)
        one_of("selection", self.selection, SELECTIONS)
        self._refuse_foreign_axes()
        if "kernel" in self.operator.axes:
            same_padding(self.kernel, self.dilation)
        if "groups" in self.operator.axes:
            divided_groups(self.channels, self.groups)
        if "ratio" in self.operator.axes:
            partial_channels(self.channels, self.ratio)
            if self.op == "tconv" and self.ratio == 1:
                raise ValueError("expected a ratio below 1 for tconv, got 1: no channel is left to the 1x1; use conv")

    def _refuse_foreign_axes(self) -> None:
        for name in _PREFIXES:
            value = getattr(self, name)
            if name in self.operator.axes or value == _DEFAULTS[name]:
                continue
            why = (
                " (the channels it leaves untouched would keep the old size)"
                if name == "stride" and "implementation" in self.operator.axes
                else ""
            )
            raise ValueError(
                f"expected {self.op} without {name}{why}, got {name} {value}; leave {name} out for it, "
                f"its axes are {', '.join(sorted(self.operator.axes))}"
            )

    @property
    def operator(self) -> Operator:
        return OPERATORS[self.op]

    @property
    def variant(self) -> str:
        """What differs from the defaults, e.g. "k5,r1/8,inplace"; "" where nothing does."""
        return ",".join(
            f"{prefix}{getattr(self, name)}"
            for name, prefix in _PREFIXES.items()
            if getattr(self, name) != _DEFAULTS[name]
        )

    @property
    def overwrites_input(self) -> bool:
        """Whether a call leaves its input changed, so that the caller has to restore it."""
        return self.implementation == "inplace"

    @property
    def layer_sizes(self) -> tuple[tuple[int, int], ...]:
        """Height and width of the input of each stacked layer."""
        sizes = [(self.height, self.width)]
        for _ in range(self.stack - 1):
            height, width = sizes[-1]
            sizes.append((out_size(height, self.stride), out_size(width, self.stride)))
        return tuple(sizes)

    def input_shape(self, batch: int) -> tuple[int, int, int, int]:
        return (positive_int("batch", batch), self.channels, self.height, self.width)

    def output_shape(self, batch: int) -> tuple[int, int, int, int]:
        height, width = (out_size(size, self.stride) for size in self.layer_sizes[-1])
        return (positive_int("batch", batch), self.channels, height, width)


_DEFAULTS = {field.name: field.default for field in fields(OperatorSpec)}


def out_size(size: int, stride: int) -> int:
    """Height or width after a layer with same padding: ceil(size / stride), so never under 1."""
    return -(-size // stride)


def axes(op: str) -> frozenset[str]:
    """The fields of OperatorSpec that this operator has as axes: among kernel, groups, ratio and so on."""
    return OPERATORS[one_of("op", op, OPERATORS)].axes
