"""Seeded weights that keep a signal's size, through a stack and, for PConv, through calls without end."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from operators.pconv import PConv
from operators.tconv import TConv


def fill(module: nn.Module, *, seed: int) -> None:
    """Replace the weights of every layer: the same seed gives the same bytes on every machine.

    PConv's (all its implementations: same seed, same output) are those of `orbit_weights`, equal in all layers
    of the stack because the promise there is about one map applied again and again. All others are uniform
    with variance 1 / fan in, where the two parts of a TConv, being summed, count as one. Vectors and scalars
    (biases, what a norm scales by) and buffers stay as their layer made them.
    """
    # numpy's uniform numbers are integer arithmetic; torch's normal ones differ in the last bit between CPUs.
    generator = np.random.Generator(np.random.PCG64(seed))
    orbit: Tensor | None = None
    done: set[Tensor] = set()
    with torch.no_grad():
        # Parents come before their children.
        for part in module.modules():
            if isinstance(part, PConv):
                weight = part.partial_conv.weight
                if orbit is None:
                    orbit = orbit_weights(weight.shape[0], weight.shape[2], generator)
                weight.copy_(orbit)
                done.add(weight)
            elif isinstance(part, TConv):
                _fill_uniform([part.spatial.weight, part.pointwise.weight], generator)
                done |= {part.spatial.weight, part.pointwise.weight}
            for weight in part.parameters(recurse=False):
                if weight.dim() > 1 and weight not in done:
                    _fill_uniform([weight], generator)


def _fill_uniform(summed: list[Tensor], generator: np.random.Generator) -> None:
    """Variance 1 / fan in, the fan in of all weights (out, in, ...) whose outputs are added up."""
    fan_in = sum(math.prod(weight.shape[1:]) for weight in summed)
    for weight in summed:
        drawn = generator.random(tuple(weight.shape), dtype=np.float32)
        # Uniform over an interval of width w has the variance w^2 / 12.
        weight.copy_(torch.from_numpy(drawn).sub_(0.5).mul_(math.sqrt(12 / fan_in)))


def orbit_weights(channels: int, kernel: int, generator: np.random.Generator) -> Tensor:
    """Weights (c, c, k, k) that, applied to their own output for ever, keep its norm within sqrt(3) of the start.

    Zero padding loses energy at the borders, so no convolution beyond a 1 x 1 keeps the norm exactly, and a
    random one decays or grows without bound. This one conserves another quantity instead. Take a kernel A with
    A[o, i, t] = A[i, o, -t]: with zero padding, any map size and any dilation, it is a symmetric matrix. The
    recurrence x' = A x - y, y' = x conserves |x|^2 + |y|^2 - x.Ay (insert and see), which lies between 1/2 and
    3/2 of |x|^2 + |y|^2 as long as |A| <= 1; a row sum of absolute values bounds |A|. Rotated by 45 degrees
    between the halves x and y of the channels, so that all blocks hold A, the weights are

        [[A/2, A/2 + 1], [A/2 - 1, A/2]]        (1: the identity, at the centre tap).

    A's centre tap has a zero diagonal: the ones stay exact, and rounding to fp16 or bf16 keeps the symmetry and
    so the bound; what remains is the rounding of the activations. An odd last channel is copied.
    """
    half, odd = divmod(channels, 2)
    centre = kernel // 2
    shape = (half, half, kernel, kernel)
    # Magnitudes within a factor of two: nothing near zero, which fp16 would make subnormal.
    drawn = torch.from_numpy(generator.random(shape, dtype=np.float32)) - 0.5
    a = drawn + torch.where(drawn < 0, -0.5, 0.5)
    # One value per pair (o, i, t), (i, o, -t): the one whose flat position comes first.
    place = torch.arange(a.numel()).reshape(shape)
    partner = place.transpose(0, 1).flip(2, 3)
    a = a.flatten()[torch.minimum(place, partner)]
    identity = torch.zeros(shape)
    identity[range(half), range(half), centre, centre] = 1
    a *= 1 - identity
    a /= a.abs().sum(dim=(1, 2, 3)).amax().clamp(min=1) if half else 1
    weights = torch.zeros(channels, channels, kernel, kernel)
    weights[: 2 * half, : 2 * half] = torch.cat(
        (
            torch.cat((a / 2, a / 2 + identity), dim=1),
            torch.cat((a / 2 - identity, a / 2), dim=1),
        )
    )
    if odd:
        weights[-1, -1, centre, centre] = 1
    return weights
