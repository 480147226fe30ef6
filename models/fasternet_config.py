"""The six FasterNets of the paper and everything about them that may be varied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from itertools import product

from operators.axes import Axis, Value, axis
from operators.choice import IMPLEMENTATIONS, NETWORK_SELECTIONS
from operators.validation import one_of, partial_channels

NORMS = ("bn", "ln")
ACTIVATIONS = ("relu", "gelu")
LARGEST_DILATION = 64  # from there on a 3x3 kernel reaches beyond a map of 56 x 56 from its middle


@dataclass(frozen=True, kw_only=True)
class FasterNetConfig:
    """Widths, depths and choices of one FasterNet; the defaults are the paper's (Table 8).

    `channels` is the width of the first stage, doubled by each further one. `drop_path` is the rate of the
    last block, reached linearly from 0. `features_only` leaves the head out and returns the
    output of every stage.

    The axes are those fields that `bench models` varies, in the order in which it does, the last one fastest.
    `norm` is batch norm or layer norm over the channels of each pixel. `dilation` spaces the taps of every PConv's
    kernel: a wider receptive field for the same MACs. `selection` says which channels PConv convolves, in a block as
    in a bare operator; `shifted` is for a network: it moves on by c_p from block to block, so that 1/r blocks
    convolve every channel once.
    """

    channels: int
    depths: tuple[int, ...]
    drop_path: float = 0.0
    ratio: Fraction = axis(Fraction(1, 4), help="FasterNet: PConv's share of the channels.", prefix="r")
    norm: str = axis("bn", help="FasterNet: batch or layer norm", called="a norm", choices=NORMS)
    activation: str = axis(
        "gelu", help="FasterNet: of its blocks and its head", called="an activation", choices=ACTIVATIONS
    )
    dilation: int = axis(1, help="FasterNet: of PConv's kernels.", most=LARGEST_DILATION, prefix="d")
    selection: str = axis(
        "first",
        option="channels",
        help="FasterNet: which channels PConv takes",
        called="a choice of channels",
        choices=NETWORK_SELECTIONS,
    )
    kernel: int = 3
    implementation: str = "split_cat"
    seed: int = 0
    expansion: int = 2
    head_width: int = 1280
    classes: int = 1000
    image_channels: int = 3
    features_only: bool = False

    def __post_init__(self) -> None:
        for name, row in AXES.items():
            row.check(name, getattr(self, name))
        one_of("implementation", self.implementation, IMPLEMENTATIONS)
        for name in ("channels", "expansion", "head_width", "classes", "image_channels"):
            if getattr(self, name) < 1:
                raise ValueError(f"expected {name} of at least 1, got {getattr(self, name)}; raise it")
        partial_channels(self.channels, self.ratio)
        if not self.depths or min(self.depths) < 1:
            raise ValueError(f"expected a block or more in every stage, got depths {self.depths}; drop the stage")
        if not 0 <= self.drop_path < 1:
            raise ValueError(f"expected a drop path rate in [0, 1), got {self.drop_path}; 0 turns it off")


AXES: dict[str, Axis] = {row.name: row.metadata["axis"] for row in fields(FasterNetConfig) if "axis" in row.metadata}

# Table 8 of the paper, one row a network.
FASTERNETS: dict[str, FasterNetConfig] = {
    "fasternet_t0": FasterNetConfig(channels=40, depths=(1, 2, 8, 2), activation="gelu"),
    "fasternet_t1": FasterNetConfig(channels=64, depths=(1, 2, 8, 2), activation="gelu", drop_path=0.02),
    "fasternet_t2": FasterNetConfig(channels=96, depths=(1, 2, 8, 2), activation="relu", drop_path=0.05),
    "fasternet_s": FasterNetConfig(channels=128, depths=(1, 2, 13, 2), activation="relu", drop_path=0.1),
    "fasternet_m": FasterNetConfig(channels=144, depths=(3, 4, 18, 3), activation="relu", drop_path=0.2),
    "fasternet_l": FasterNetConfig(channels=192, depths=(3, 4, 18, 3), activation="relu", drop_path=0.3),
}


def has_axes(network: str) -> bool:
    """Whether it is a FasterNet of the zoo, by its name there."""
    return network in FASTERNETS


def variants(network: str, asked: Mapping[str, Sequence[Value]]) -> list[dict[str, Value]]:
    """What differs from the published network in each combination of the values that are asked for, by axis.

    An axis without values keeps the network's own, and a network without axes is there once. ValueError for a value
    that the network cannot take.
    """
    if not has_axes(network):
        return [{}]
    config = FASTERNETS[network]
    own = {name: getattr(config, name) for name in AXES}
    lists = [asked.get(name) or (value,) for name, value in own.items()]
    found = []
    for values in product(*lists):
        changes = {name: value for name, value in zip(own, values, strict=True) if value != own[name]}
        try:
            replace(config, **changes)
        except ValueError as error:
            raise ValueError(f"{network}: {error}") from None
        found.append(changes)
    return found


def spelled(changes: Mapping[str, Value]) -> list[str]:
    """The changes of a network in the words of its `variant`: `r1/8`, `ln`, `relu`, `d2`, `shifted`."""
    return [f"{row.prefix}{changes[name]}" for name, row in AXES.items() if name in changes]
