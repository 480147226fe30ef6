"""Which channels a partial convolution touches: one answer for the layer and for its cost."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from operators.validation import one_of, partial_channels, seed_int

IMPLEMENTATIONS = ("split_cat", "slice", "inplace")
SELECTIONS = ("first", "last", "even", "random")
NETWORK_SELECTIONS = (*SELECTIONS, "shifted")  # from block to block, which a bare operator has none of


@dataclass(frozen=True, kw_only=True)
class ChannelChoice:
    """The touched channels in ascending order, out of `channels`."""

    channels: int
    indices: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.indices or list(self.indices) != sorted(set(self.indices)):
            raise ValueError(f"expected distinct ascending channels, got {self.indices}; choose at least one")
        if self.indices[0] < 0 or self.indices[-1] >= self.channels:
            raise ValueError(f"expected channels within 0..{self.channels - 1}, got {self.indices}; stay inside")

    @property
    def step(self) -> int | None:
        """Distance between neighbours; None where it varies, so that no slice can express the choice."""
        gaps = {b - a for a, b in zip(self.indices, self.indices[1:], strict=False)} or {1}
        return gaps.pop() if len(gaps) == 1 else None

    @property
    def is_run(self) -> bool:
        """The channels are neighbours: a plain split can cut them out."""
        return self.step == 1

    @property
    def is_all(self) -> bool:
        return len(self.indices) == self.channels

    @property
    def order(self) -> tuple[int, ...]:
        """The permutation that brings the touched channels to the front."""
        touched = set(self.indices)
        return self.indices + tuple(i for i in range(self.channels) if i not in touched)

    @property
    def inverse(self) -> tuple[int, ...]:
        """The permutation that undoes `order`."""
        position = {channel: place for place, channel in enumerate(self.order)}
        return tuple(position[i] for i in range(self.channels))


def choose(channels: int, *, ratio: Fraction, selection: str, seed: int, block: int = 0) -> ChannelChoice:
    """The c_p = r c touched channels; `seed` decides for `random` only, the number of the `block` for `shifted`."""
    one_of("selection", selection, NETWORK_SELECTIONS)
    seed_int(seed)
    count = partial_channels(channels, ratio)
    indices: Sequence[int]
    if selection == "first":
        indices = range(count)
    elif selection == "last":
        indices = range(channels - count, channels)
    elif selection == "shifted":
        indices = sorted((block * count + i) % channels for i in range(count))
    elif selection == "even":
        indices = [i * channels // count for i in range(count)]
    else:
        indices = sorted(random.Random(seed).sample(range(channels), count))
    return ChannelChoice(channels=channels, indices=tuple(indices))
