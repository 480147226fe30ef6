"""What `bench salience` found, taken together: where in their kernels the filters of a network are strongest."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.records.run import Run
from bench.records.study import Salience
from bench.statistics import Interval, share


@dataclass(frozen=True, kw_only=True)
class Positions:
    """The filters of all layers whose kernel has that size; `counts` and `shares` row by row.

    shares: of a filter's energy (squared norm over the input channels), the mean over the filters.
    """

    height: int
    width: int
    layers: int
    counts: tuple[int, ...]
    shares: tuple[float, ...]
    zero: int

    @property
    def filters(self) -> int:
        """Those that are not zero throughout."""
        return sum(self.counts)

    @property
    def centre(self) -> int | None:
        """The index of the middle position; None of a kernel without one."""
        return len(self.counts) // 2 if self.height % 2 and self.width % 2 else None

    @property
    def centre_share(self) -> Interval | None:
        """The part of the filters that are strongest in the centre."""
        if self.centre is None or not self.filters:
            return None
        return share(self.counts[self.centre], self.filters)

    @property
    def size(self) -> str:
        """`3x3`."""
        return f"{self.height}x{self.width}"

    @property
    def answer(self) -> str:
        """Whether the centre is strongest more often than chance and any other position would have it."""
        found = self.centre_share
        if found is None or found.low is None or found.high is None or self.centre is None:
            return "no centre"
        chance, most = 1 / len(self.counts), max(self.counts) == self.counts[self.centre]
        if found.low > chance and most:
            return "most often in the centre"
        return "less often in the centre than by chance" if found.high < chance else "not told from chance"


def layers_of(run: Run) -> tuple[Salience, ...]:
    """In the order in which the network holds them."""
    return tuple(record.salience for record in run.study_records if record.salience)


def positions(layers: Sequence[Salience]) -> tuple[Positions, ...]:
    """One for each size of kernel, that of most filters first."""
    sizes: dict[tuple[int, int], list[Salience]] = {}
    for layer in layers:
        sizes.setdefault((layer.height, layer.width), []).append(layer)
    return tuple(sorted((_together(own) for own in sizes.values()), key=lambda each: -each.filters))


def _together(layers: Sequence[Salience]) -> Positions:
    filters = [sum(layer.counts) for layer in layers]
    total = max(1, sum(filters))
    weighted = ([count * part for part in each.shares] for count, each in zip(filters, layers, strict=True))
    return Positions(
        height=layers[0].height,
        width=layers[0].width,
        layers=len(layers),
        counts=tuple(map(sum, zip(*(layer.counts for layer in layers), strict=True))),
        shares=tuple(sum(parts) / total for parts in zip(*weighted, strict=True)),
        zero=sum(layer.zero for layer in layers),
    )
