"""The six FasterNets of the paper and everything about them that may be varied."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

Activation = Literal["relu", "gelu"]
Norm = Literal["batch", "layer"]
Implementation = Literal["split_cat", "slice", "inplace"]
Selection = Literal["first", "last", "even", "random"]


@dataclass(frozen=True, kw_only=True)
class FasterNetConfig:
    """Widths, depths and choices of one FasterNet; the defaults are the paper's (Table 8).

    `channels` is the width of the first stage, doubled by each further one. `drop_path` is the rate of the
    last block, reached linearly from 0. `features_only` leaves the head out and returns the
    output of every stage.
    """

    channels: int
    depths: tuple[int, ...]
    activation: Activation
    drop_path: float = 0.0
    ratio: Fraction = Fraction(1, 4)
    kernel: int = 3
    dilation: int = 1
    implementation: Implementation = "split_cat"
    selection: Selection = "first"
    seed: int = 0
    norm: Norm = "batch"
    expansion: int = 2
    head_width: int = 1280
    classes: int = 1000
    image_channels: int = 3
    features_only: bool = False

    def __post_init__(self) -> None:
        _one_of("activation", self.activation, get_args(Activation))
        _one_of("norm", self.norm, get_args(Norm))
        _one_of("implementation", self.implementation, get_args(Implementation))
        _one_of("selection", self.selection, get_args(Selection))
        for name in ("channels", "expansion", "head_width", "classes", "image_channels"):
            if getattr(self, name) < 1:
                raise ValueError(f"expected {name} of at least 1, got {getattr(self, name)}; raise it")
        if not self.depths or min(self.depths) < 1:
            raise ValueError(f"expected a block or more in every stage, got depths {self.depths}; drop the stage")
        if not 0 <= self.drop_path < 1:
            raise ValueError(f"expected a drop path rate in [0, 1), got {self.drop_path}; 0 turns it off")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"expected {name} to be one of {', '.join(allowed)}, got {value!r}; choose one")


# Table 8 of the paper, one row a network.
FASTERNETS: dict[str, FasterNetConfig] = {
    "fasternet_t0": FasterNetConfig(channels=40, depths=(1, 2, 8, 2), activation="gelu"),
    "fasternet_t1": FasterNetConfig(channels=64, depths=(1, 2, 8, 2), activation="gelu", drop_path=0.02),
    "fasternet_t2": FasterNetConfig(channels=96, depths=(1, 2, 8, 2), activation="relu", drop_path=0.05),
    "fasternet_s": FasterNetConfig(channels=128, depths=(1, 2, 13, 2), activation="relu", drop_path=0.1),
    "fasternet_m": FasterNetConfig(channels=144, depths=(3, 4, 18, 3), activation="relu", drop_path=0.2),
    "fasternet_l": FasterNetConfig(channels=192, depths=(3, 4, 18, 3), activation="relu", drop_path=0.3),
}
