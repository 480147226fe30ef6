"""The description of one operator to build, count and time. Starts without torch."""

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from operators.axes import Axis, axis
from operators.choice import IMPLEMENTATIONS, SELECTIONS
from operators.registry import OPERATORS, Operator
from operators.validation import divided_groups, one_of, partial_channels, positive_int, same_padding, seed_int


@dataclass(frozen=True, kw_only=True)
class OperatorSpec:
    """A stack of one operator, c in = c out, same padding, no bias.

    An axis the operator lacks (see `axes`) keeps its default: anything else is refused, so that equal
    operators are equal specs. Same padding makes a strided size ceil(size / stride) from layer to layer: it
    ends at 1, never below.
    The axes stand in the order in which the plan varies them, the last one fastest, and `variant` spells them.
    """

    op: str
    channels: int
    height: int
    width: int
    seed: int = 0
    kernel: int = axis(3, help="Kernel sizes, odd.", prefix="k", fits=lambda _, kernel: same_padding(kernel, 1))
    ratio: Fraction = axis(
        Fraction(1, 4), parameter="ratios", help="PConv's share of the channels.", prefix="r", fits=partial_channels
    )
    groups: int = axis(16, help="GConv's groups.", prefix="g", fits=divided_groups)
    stack: int = axis(10, help="Layers on top of each other.", most=10_000, asked_of_all=True, prefix=None)
    dilation: int = axis(1, many=False, prefix="d")
    # One that cannot stride says so, instead of timing another shape.
    stride: int = axis(1, many=False, asked_of_all=True, prefix="s")
    implementation: str = axis(
        "split_cat", option="variant", called="a variant", help="PConv's implementation", choices=IMPLEMENTATIONS
    )
    selection: str = axis(
        "first", option="channels", called="a choice of channels", help="Which channels PConv takes", choices=SELECTIONS
    )

    def __post_init__(self) -> None:
        one_of("op", self.op, OPERATORS)
        for name in ("channels", "height", "width"):
            positive_int(name, getattr(self, name))
        seed_int(self.seed)
        for name, row in AXES.items():
            row.check(name, getattr(self, name))
        self._refuse_foreign_axes()
        for name, value in self.own_axes.items():
            if fits := AXES[name].fits:
                fits(self.channels, value)
        if self.op == "tconv" and self.ratio == 1:
            raise ValueError("expected a ratio below 1 for tconv, got 1: no channel is left to the 1x1; use conv")

    def _refuse_foreign_axes(self) -> None:
        for name, row in AXES.items():
            value = getattr(self, name)
            if row.prefix is None or name in self.operator.axes or value == row.default:
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
    def own_axes(self) -> dict[str, Any]:
        """The values of the operator's axes by name, as its layer's constructor takes them."""
        return {name: getattr(self, name) for name in AXES if name in self.operator.axes}

    @property
    def variant(self) -> str:
        """What differs from the defaults, e.g. "k5,r1/8,inplace"; "" where nothing does."""
        return ",".join(
            f"{row.prefix}{getattr(self, name)}"
            for name, row in AXES.items()
            if row.prefix is not None and getattr(self, name) != row.default
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


AXES: dict[str, Axis] = {row.name: row.metadata["axis"] for row in fields(OperatorSpec) if "axis" in row.metadata}


def out_size(size: int, stride: int) -> int:
    """Height or width after a layer with same padding: ceil(size / stride), so never under 1."""
    return -(-size // stride)


def axes(op: str) -> frozenset[str]:
    """The fields of OperatorSpec that this operator has as axes: among kernel, groups, ratio and so on."""
    return OPERATORS[one_of("op", op, OPERATORS)].axes
