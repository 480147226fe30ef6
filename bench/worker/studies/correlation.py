"""Pearson's correlation of the channels of a feature map, over the pixels of any number of images."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.records.study import TWIN

CONSTANT = 1e-12  # of a channel's mean square: a variance below that is rounding


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """|r| of the channels that vary, with each other: (v, v), its diagonal 1; `varying` says which ones they are.

    `effective_rank`: exp of the entropy of the normalised singular values of the standardised map (Roy & Vetterli 2007,
    "The effective rank: a measure of effective dimensionality").
    """

    matrix: Tensor
    varying: Tensor
    effective_rank: float

    @property
    def nearest(self) -> Tensor:
        """Of each channel the largest |r| with another one; 0 of a channel that is alone."""
        others = self.matrix - 2 * torch.eye(len(self.matrix), dtype=self.matrix.dtype)
        return others.amax(dim=1).clamp(min=0) if len(others) else others.new_zeros(0)

    @property
    def twins(self) -> int:
        """Channels with another one that is nearly the same, or its opposite."""
        return int((self.nearest >= TWIN).sum())

    @property
    def similarity(self) -> float:
        """Mean |r| over the pairs."""
        count = len(self.matrix)
        return ((self.matrix.sum().item() - count) / (count * (count - 1))) if count > 1 else 0.0


class Correlation:
    """Sums over pixels, in double precision; `add` takes maps (n, c, h, w)."""

    def __init__(self, kind: str, first: Tensor) -> None:
        self.kind = kind
        _, self.channels, self.height, self.width = first.shape
        self.pixels = 0
        # Sums around the first map's mean: without it, those of a map far from zero would lose their digits.
        self._shift = first.double().mean(dim=(0, 2, 3))
        self._sum = torch.zeros(self.channels, dtype=torch.float64)
        self._products = torch.zeros(self.channels, self.channels, dtype=torch.float64)
        self._squares = torch.zeros(self.channels, dtype=torch.float64)

    def add(self, maps: Tensor) -> None:
        """Count in the pixels of more images."""
        flat = maps.double().transpose(0, 1).flatten(1)  # (n, c, h, w) -> (c, n h w)
        self._squares += flat.square().sum(dim=1)
        flat = flat - self._shift[:, None]
        self._sum += flat.sum(dim=1)
        self._products += flat @ flat.T
        self.pixels += flat.shape[1]

    def matrix(self) -> Similarity:
        """What was found so far; ValueError where the maps hold NaN or infinity."""
        mean = self._sum / self.pixels
        covariance = self._products / self.pixels - mean[:, None] * mean[None, :]
        if not torch.isfinite(covariance).all():
            raise ValueError("expected finite feature maps, got NaN or infinity; look at the weights")
        variance = covariance.diagonal().clamp(min=0)
        varying = (variance > CONSTANT * self._squares / self.pixels).nonzero()[:, 0]
        deviation = variance[varying].sqrt()
        r = covariance[varying][:, varying] / (deviation[:, None] * deviation[None, :])
        r = r.clamp(-1, 1)
        return Similarity(matrix=r.abs(), varying=varying, effective_rank=_effective_rank(r))


def _effective_rank(r: Tensor) -> float:
    """0 where no channel varies."""
    if not len(r):
        return 0.0
    singular = torch.linalg.eigvalsh(r).clamp(min=0).sqrt()
    shares = singular / singular.sum()
    return float(torch.exp(torch.special.entr(shares).sum()))
