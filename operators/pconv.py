"""The partial convolution: a regular convolution over some channels, the others pass through (section 3.3)."""

from __future__ import annotations

from fractions import Fraction
from typing import Self

import torch
from torch import Tensor, nn

from operators.choice import IMPLEMENTATIONS, choose
from operators.spec import OperatorSpec
from operators.validation import one_of, same_padding


class PConv(nn.Module):
    """Convolves c_p = ratio x channels of its input, bare: no bias; same shape out as in, (n, c, h, w).

    implementation: `split_cat` returns a new tensor made by split and cat; `slice` clones its input and writes
    the touched channels into the clone; `inplace` writes them into the input itself, which it returns: valid
    only where nothing else needs that input, and without gradients.
    selection: the touched channels are the `first`, the `last`, `even`ly spaced ones or `random` ones (seed);
    `shifted` in a network: block b takes the c_p channels from b c_p on, counted round the c channels.
    """

    def __init__(
        self,
        channels: int,
        kernel: int = 3,
        ratio: Fraction = Fraction(1, 4),
        dilation: int = 1,
        *,
        implementation: str = "split_cat",
        selection: str = "first",
        seed: int = 0,
        block: int = 0,
    ) -> None:
        super().__init__()
        self.implementation = one_of("implementation", implementation, IMPLEMENTATIONS)
        choice = choose(channels, ratio=ratio, selection=selection, seed=seed, block=block)
        self.choice = choice
        first, partial = choice.indices[0], len(choice.indices)
        self.partial_conv = nn.Conv2d(
            partial,
            partial,
            kernel,
            padding=same_padding(kernel, dilation),
            dilation=dilation,
            bias=False,
        )
        self._is_run, self._is_all, self._step = choice.is_run, choice.is_all, choice.step
        self._slice = slice(first, choice.indices[-1] + 1, choice.step)
        # Empty pieces are left out: they would be nodes without work in an exported graph.
        pieces = [(first, False), (partial, True), (channels - first - partial, False)]
        pieces = [piece for piece in pieces if piece[0]]
        self._sizes = [size for size, _ in pieces]
        self._touched = [touched for _, touched in pieces].index(True)
        self._partial, self._rest = partial, channels - partial
        # Not in the state dict: they follow from the arguments, and a checkpoint holds weights only.
        self.register_buffer("_indices", torch.tensor(choice.indices), persistent=False)
        self.register_buffer("_order", torch.tensor(choice.order), persistent=False)
        self.register_buffer("_inverse", torch.tensor(choice.inverse), persistent=False)
        self._indices: Tensor
        self._order: Tensor
        self._inverse: Tensor

    @classmethod
    def from_spec(cls, spec: OperatorSpec) -> Self:
        return cls(spec.channels, **spec.own_axes, seed=spec.seed)

    def forward(self, x: Tensor) -> Tensor:
        if self.implementation == "inplace":
            return self._overwrite(x)
        if self.implementation == "slice":
            return self._overwrite(x.clone())
        if self._is_all:
            return self._convolve(x)
        if self._is_run:
            pieces = list(torch.split(x, self._sizes, dim=1))  # (n, c, h, w) -> up to three, c_p channels in one
            pieces[self._touched] = self._convolve(pieces[self._touched])
            return torch.cat(pieces, dim=1)  # -> (n, c, h, w)
        front = x.index_select(1, self._order)
        touched, rest = torch.split(front, [self._partial, self._rest], dim=1)  # -> (n, c_p, h, w), (n, c - c_p, h, w)
        return torch.cat((self._convolve(touched), rest), dim=1).index_select(1, self._inverse)  # -> (n, c, h, w)

    def _overwrite(self, x: Tensor) -> Tensor:
        if self._step is None:
            touched = x.index_select(1, self._indices)  # (n, c, h, w) -> (n, c_p, h, w)
            return x.index_copy_(1, self._indices, self._convolve(touched))  # (n, c_p, h, w) into (n, c, h, w)
        touched = x[:, self._slice]  # (n, c, h, w) -> (n, c_p, h, w)
        if not self._is_run:
            # A convolution would pack the strided view anyway; done here, the copy is seen and counted.
            touched = touched.clone()
        x[:, self._slice] = self._convolve(touched)  # (n, c_p, h, w) into (n, c, h, w)
        return x

    def _convolve(self, touched: Tensor) -> Tensor:
        output: Tensor = self.partial_conv(touched)  # (n, c_p, h, w), and so it stays
        return output
