"""Copies of networks, of those too that `copy.deepcopy` refuses: what we do to a network is done to a copy."""

import copy
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves


@torch.inference_mode(False)  # what is made in it could never be trained or changed
@torch.no_grad()
def clone(network: nn.Module, *, share_weights: bool = False) -> nn.Module:
    """A copy with a state of its own, around the very parameters of `network` where they are shared.

    A tensor that autograd made (kept features, a weight computed from others) is copied without its history. What
    cannot be copied at all (an open file, a lock) is shared with `network`.
    """
    memo: dict[int, Any] = {id(value): value for value in network.parameters()} if share_weights else {}
    for child in network.modules():
        for value in tree_leaves(vars(child)):
            if isinstance(value, Tensor) and (not value.is_leaf or value.is_inference()):
                plain = value.detach().clone()
                memo[id(value)] = nn.Parameter(plain) if isinstance(value, nn.Parameter) else plain
    try:
        return copy.deepcopy(network, memo.copy())
    except Exception:  # noqa: BLE001  # whatever an attribute of a user's own raises
        return _part_by_part(network, memo)


def _part_by_part(network: nn.Module, memo: dict[int, Any]) -> nn.Module:
    """Module by module and attribute by attribute, so that one which refuses spoils no other."""
    originals = [child for child in network.modules() if not isinstance(child, torch.jit.ScriptModule)]
    for child in originals:
        memo[id(child)] = object.__new__(type(child))
    for child in originals:
        vars(memo[id(child)]).update({name: _copied(value, memo) for name, value in vars(child).items()})
    made: nn.Module = memo.get(id(network), network)
    return made


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    try:
        tried = memo.copy()  # which a copy that breaks off leaves half done
        made = copy.deepcopy(value, tried)
    except Exception:  # noqa: BLE001  # as above
        if not isinstance(value, dict):
            return value
        made = copy.copy(value)  # hooks are kept in dictionaries of a kind of their own
        made.update({name: _copied(each, memo) for name, each in value.items()})
        return made
    memo.update(tried)
    return made


def evaluating(network: nn.Module) -> nn.Module:
    """The network itself in evaluation mode; an exported program stays in the mode it was exported in."""
    try:
        return network.eval()
    except NotImplementedError:
        return network


@contextmanager
def randomness_restored() -> Iterator[None]:
    """Whatever a network draws is not missing from its caller's random numbers: torch's, Python's and numpy's."""
    ours, numpy = random.getstate(), sys.modules.get("numpy")
    theirs = numpy.random.get_state() if numpy is not None else None
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(ours)
        if numpy is not None:
            numpy.random.set_state(theirs)
