"""The form in which a network is deployed: its branches merged as its own code does it, its batch norms folded.

Networks of the RepVGG kind are trained with branches that one convolution replaces afterwards. Their code says how, in
methods without arguments that go by a few names; each is called where it is found, from the network down. What comes of
it must give the output of the training form, or the training form is what is timed.
"""

import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from models.clone import clone, evaluating, randomness_restored
from models.fuse import Unfolded, fold_batch_norms
from models.reason import reason

# timm's order first (its reparameterize_model knows these three), then the names of RepVGG's, YOLO's, RepLKNet's, ...
METHODS = (
    *("fuse", "reparameterize", "switch_to_deploy", "convert_to_deploy", "to_deploy", "deploy"),
    *("reparametrize", "reparameterise", "re_parameterize", "reparam", "rep", "structural_reparam", "fuse_reparam"),
    *("switch_to_inference", "switch_to_inference_mode", "fuse_repvgg_block", "fuse_convs", "fuse_conv_bn"),
    *("fuse_block_residual_branches", "merge_kernel", "merge_dilated_branches", "merge_branches"),
    *("locality_injection", "local_inject"),
)
# Of modules within modules all, as timm does it; else, where a part cannot bear it twice, those that hold no other or
# are in no other.
_Way = Literal["all", "outermost", "innermost"]
# max |y - training form's| / max |training form's|, measurement.md's for float32: beyond it the row would fail anyway.
_LIMIT = 1e-4


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A network as deployed, and what its reader must know: a line for each thing that could not be done."""

    network: nn.Module
    notes: tuple[str, ...]


def deploy(network: nn.Module, example: Tensor, *, look: Callable[[nn.Module], None] | None = None) -> Deployed:
    """The deployed form of `network`, which is used up, as one input goes through it.

    `look` is shown the network between, where branches were merged: no other batch norm is folded yet.
    """
    merged, problem = reparameterise(network, example)
    if look is not None and merged is not network:
        look(merged)
    result = fold_batch_norms(merged, example, in_place=True)
    return Deployed(network=result.network, notes=tuple(filter(None, (problem, _left(result.left)))))


@torch.inference_mode(False)
@torch.no_grad()
def reparameterise(network: nn.Module, example: Tensor) -> tuple[nn.Module, str]:
    """The network with its branches merged, or as it is and why; without any such branches itself."""
    offered = reparameterisable(network)
    if not offered:
        return network, ""
    problems = []
    for way in get_args(_Way):
        try:
            with randomness_restored():
                before = _outputs(network, example)
                merged = evaluating(_merged(evaluating(clone(network)), way))
                error = _difference(_outputs(merged, example), before)
        except Exception as failure:  # noqa: BLE001  # whatever a network's own code raises
            problems.append(f"{offered} failed with {reason(failure)}")
            continue
        if error <= _LIMIT:
            return merged, ""
        problems.append(f"after {offered} its output is off by {error:.2g} of its maximum")
    return network, f"timed in its training form: {problems[0]}"


def reparameterisable(network: nn.Module) -> str:
    """How the network offers to be re-parameterised, for people; empty where it does not."""
    names = Counter(name for module in network.modules() if (name := _method_name(module)) is not None)
    return " and ".join(f"{name}() of {calls} modules" for name, calls in names.items())


def _method_name(module: nn.Module) -> str | None:
    return next((name for name in METHODS if _method(module, name) is not None), None)


def _method(module: nn.Module, name: str) -> Callable[[], Any] | None:
    """Its method of that name where it takes no arguments; a part of the network may bear the name as well."""
    if isinstance(module, torch.jit.ScriptModule) or not inspect.isfunction(getattr(type(module), name, None)):
        return None
    method: Callable[[], Any] = getattr(module, name)
    try:
        inspect.signature(method).bind()
    except (TypeError, ValueError):
        return None
    return method


def _merged(module: nn.Module, way: _Way) -> nn.Module:
    """The module merged by its own method, then its parts; a method gives a module to take its place, or changes it."""
    name = _method_name(module)
    if name is not None and not (way == "innermost" and any(map(reparameterisable, module.children()))):
        made = getattr(module, name)()
        module = made if isinstance(made, nn.Module) else module
        if way == "outermost":
            return module
    for path, child in list(module.named_children()):
        merged = _merged(child, way)
        if merged is not child:
            setattr(module, path, merged)
    return module


def _outputs(network: nn.Module, example: Tensor) -> list[Tensor]:
    # A copy, as an operation in place would change what the other form is given.
    return [leaf for leaf in tree_leaves(network(example.clone())) if isinstance(leaf, Tensor)]


def _difference(result: list[Tensor], expected: list[Tensor]) -> float:
    """The largest relative error of any output; infinity where they are not of one kind."""
    if [each.shape for each in result] != [each.shape for each in expected]:
        return float("inf")
    worst = 0.0
    for ours, theirs in zip(result, expected, strict=True):
        ours, theirs = ours.double(), theirs.double()
        finite = theirs.isfinite()
        if not torch.equal(ours.isfinite(), finite):
            return float("inf")
        if finite.any():
            scale = float(theirs[finite].abs().max()) or 1.0
            worst = max(worst, float((ours[finite] - theirs[finite]).abs().max()) / scale)
    return worst


def _left(left: tuple[Unfolded, ...]) -> str:
    """One line on the batch norms that stay."""
    if not left:
        return ""
    reasons = Counter(each.reason for each in left)
    told = "; ".join(f"{calls} because {why}" for why, calls in reasons.most_common(3))
    return f"batch norms not folded: {told}"
