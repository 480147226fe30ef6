"""From the description of an operator to its layers."""

import pkgutil

import torch
from torch import nn

from operators.spec import OperatorSpec
from operators.weights import fill


def build(spec: OperatorSpec) -> nn.Sequential:
    """The stacked layers in eval mode without gradients, weights decided by spec.seed alone; fp32, NCHW."""
    layer = pkgutil.resolve_name(spec.operator.layer)
    # The layers' constructors draw numbers too: leave the caller's random state alone.
    with torch.random.fork_rng(devices=[]):
        # For what `fill` leaves as it was made. Not torch.manual_seed: it would seed the caller's GPUs as well.
        torch.default_generator.manual_seed(spec.seed)
        module = nn.Sequential(*(layer.from_spec(spec) for _ in range(spec.stack)))
    fill(module, seed=spec.seed)
    return module.requires_grad_(False).eval()
