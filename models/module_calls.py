"""The calls of a network's modules, watched from outside."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

Forward = Callable[..., Any]


@contextmanager
def around_forwards(network: nn.Module, around: Callable[[str, nn.Module, Forward], Forward]) -> Iterator[None]:
    """Each module's forward as `around` makes it of the module's path, the module and its own.

    That costs less than a hook of torch, and sees a forward that is called without its module as well. A module under
    two paths goes by the first. ValueError where a module runs elsewhere than in its forward.
    """
    modules = dict(network.named_modules())
    _refuse_closed(modules)
    before = {name: module.__dict__.get("forward") for name, module in modules.items()}
    try:
        for name, module in modules.items():
            module.__dict__["forward"] = around(name, module, module.forward)
        yield
    finally:
        for name, module in modules.items():
            if before[name] is None:
                module.__dict__.pop("forward", None)
            else:
                module.__dict__["forward"] = before[name]


def _refuse_closed(modules: dict[str, nn.Module]) -> None:
    closed = (torch.jit.ScriptModule, torch._dynamo.eval_frame.OptimizedModule)
    for name, module in modules.items():
        if isinstance(module, closed):
            raise ValueError(
                f"expected modules of Python, whose calls can be watched, got the scripted or compiled"
                f" {type(module).__name__} at {name or 'the top'}; give the network as it was before"
            )
