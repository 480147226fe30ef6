"""Our count beside those of fvcore and torch's FlopCounterMode, kind by kind, with what each of them cannot see."""

import warnings
from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from models.counting import NetworkCost, count

# fvcore files a product under linear or matmul by the call that made it, we by the matrices: only the sum compares.
_FVCORE_KINDS = {
    "conv": "convolution",
    "addmm": "product",
    "linear": "product",
    "mm": "product",
    "matmul": "product",
    "bmm": "product",
    "einsum": "product",
    "batch_norm": "batch_norm",
    "layer_norm": "layer_norm",
    "group_norm": "group_norm",
    "adaptive_avg_pool2d": "pooling",
    "upsample_nearest2d": "resize",
    "upsample_bilinear2d": "resize",
    "grid_sampler": "resize",
}
_FLOP_COUNTER_KINDS = {
    "aten.convolution": "convolution",
    "aten._convolution": "convolution",
    "aten.mm": "product",
    "aten.addmm": "product",
    "aten.bmm": "product",
    "aten.baddbmm": "product",
    "aten._scaled_dot_product_flash_attention": "attention",
    "aten._scaled_dot_product_efficient_attention": "attention",
    "aten._scaled_dot_product_cudnn_attention": "attention",
}
_OUR_KINDS = {"linear": "product", "matmul": "product", "recurrent": "product"}


@dataclass(frozen=True, kw_only=True)
class AuditedKind:
    """Multiply-adds per image of one kind by three counters; "product" is linear layers and matrix products."""

    kind: str
    macs: int
    fvcore: int
    flop_counter: int  # FlopCounterMode / 2


@dataclass(frozen=True, kw_only=True)
class CountAudit:
    """Three counts of one network. `fvcore_skipped` are the operations, with calls, that fvcore says it ignored."""

    cost: NetworkCost
    kinds: tuple[AuditedKind, ...]
    fvcore_skipped: tuple[tuple[str, int], ...]

    @property
    def fvcore_misses(self) -> float:
        """The part of our multiply-adds, 0 to 1, that fvcore does not see."""
        return sum(max(0, kind.macs - kind.fvcore) for kind in self.kinds) / max(1, self._seen)

    @property
    def flop_counter_misses(self) -> float:
        """The part of our multiply-adds, 0 to 1, that FlopCounterMode does not see (norms and pooling too)."""
        return sum(max(0, kind.macs - kind.flop_counter) for kind in self.kinds) / max(1, self._seen)

    @property
    def _seen(self) -> int:
        return sum(kind.macs for kind in self.kinds)

    @property
    def overlooked(self) -> tuple[AuditedKind, ...]:
        """Kinds of which another counter sees more than ours: then ours is wrong."""
        return tuple(kind for kind in self.kinds if max(kind.fvcore, kind.flop_counter) > kind.macs)


def audit(module: nn.Module, input_shape: tuple[int, int, int]) -> CountAudit:
    """Count `module`, in evaluation mode, by all three on one image of `input_shape` (C, H, W); runs it twice."""
    if module.training:
        raise ValueError("expected a module in evaluation mode, got one in training; call eval() first")
    cost = count(module, input_shape)
    image = torch.zeros(1, *input_shape)
    fvcore, skipped = _by_fvcore(module, image)
    flop_counter = _by_flop_counter(module, image)
    ours: Counter[str] = Counter()
    for part in cost.macs_by_kind:
        ours[_OUR_KINDS.get(part.kind, part.kind)] += part.macs
    return CountAudit(
        cost=cost,
        kinds=tuple(
            AuditedKind(kind=kind, macs=ours[kind], fvcore=fvcore[kind], flop_counter=flop_counter[kind])
            for kind in dict.fromkeys((*ours, *fvcore, *flop_counter))
        ),
        fvcore_skipped=tuple(skipped.most_common()),
    )


def _by_fvcore(module: nn.Module, image: Tensor) -> tuple[Counter[str], Counter[str]]:
    with warnings.catch_warnings():
        # Its import and its tracer use a deprecated part of torch, and the tracer warns of every Python branch.
        warnings.simplefilter("ignore")
        from fvcore.nn import FlopCountAnalysis

        analysis = FlopCountAnalysis(module, image)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        found, skipped = analysis.by_operator(), analysis.unsupported_ops()
    counts: Counter[str] = Counter()
    for name, macs in found.items():
        counts[_FVCORE_KINDS.get(name, name)] += int(macs)
    return counts, Counter(skipped)


def _by_flop_counter(module: nn.Module, image: Tensor) -> Counter[str]:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(image)
    counts: Counter[str] = Counter()
    for operation, flops in counter.get_flop_counts().get("Global", {}).items():
        counts[_FLOP_COUNTER_KINDS.get(str(operation), str(operation))] += flops // 2
    return counts
