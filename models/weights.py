"""Random weights under which a network behaves like a trained one: no weights are ever downloaded."""

import math
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

_TINY = 1e-2  # a constant parameter below this is a layer scale at its initial value (1e-5 and 1e-6 are usual)


def randomise(module: nn.Module, input_shape: tuple[int, int, int], *, seed: int) -> object:
    """Give `module` batch-norm statistics, biases and layer scales that mean something.

    As created, batch norms are identities and layer scales multiply each block by 1e-6 or 0: folding a batch
    norm wrongly, or not computing a block at all, would not show in the output. Everything is drawn from
    `seed`. Batch norms also follow the size of what reaches them (one forward pass), as trained ones do: else
    deep networks overflow half precision. Returns the output of that pass.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            _enliven(parameter, generator)
        norms = [child for child in module.modules() if isinstance(child, _BatchNorm)]
        handles = [norm.register_forward_pre_hook(partial(_calibrate, generator=generator)) for norm in norms]
        try:
            output: object = module(torch.randn(1, *input_shape, generator=generator))
        finally:
            for handle in handles:
                handle.remove()
    return output


def _enliven(parameter: nn.Parameter, generator: torch.Generator) -> None:
    """Draw zero biases and constant tiny layer scales anew; leave every other parameter as initialised."""
    if not parameter.is_floating_point() or not parameter.numel():
        return
    first = parameter.flatten()[0]
    if abs(first.item()) > _TINY or not bool((parameter == first).all()):
        return
    noise = torch.rand(parameter.shape, generator=generator)
    if first == 0:
        parameter.copy_(0.1 * noise - 0.05)
    else:
        parameter.copy_(0.1 + 0.2 * noise)


def _calibrate(norm: nn.Module, inputs: tuple[Tensor, ...], *, generator: torch.Generator) -> None:
    """Set the statistics of a batch norm to the scale of its input, a factor of 0.5 to 1.5 apart per channel.

    The scale is one power of two for the layer: a sum that rounds differently with another number of threads
    then still gives the same bits.
    """
    if not isinstance(norm, _BatchNorm) or norm.running_mean is None or norm.running_var is None:
        return
    spread = inputs[0].float().std().item()
    deviation = 2.0 ** round(math.log2(spread)) if math.isfinite(spread) and spread > 0 else 1.0
    shape = norm.running_var.shape
    norm.running_var.copy_(deviation**2 * (0.5 + torch.rand(shape, generator=generator)))
    norm.running_mean.copy_(deviation * 0.4 * (torch.rand(shape, generator=generator) - 0.5))
    if norm.affine:
        norm.weight.copy_(0.75 + 0.5 * torch.rand(shape, generator=generator))
        norm.bias.copy_(0.2 * (torch.rand(shape, generator=generator) - 0.5))
