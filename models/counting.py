"""What a network costs: parameters, multiply-adds and bytes moved, from one pass over the graph that will be timed."""

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from models.count_bytes import bytes_of
from models.count_free import counts_nothing
from models.count_rules import KINDS, RULES, bind


@dataclass(frozen=True, kw_only=True)
class KindCost:
    """Multiply-adds per image of one kind of operation."""

    kind: str
    macs: int


@dataclass(frozen=True, kw_only=True)
class UnseenOp:
    """An executed operation that may multiply and that no rule counts; `share` is its part of all bytes moved."""

    name: str
    calls: int
    share: float


@dataclass(frozen=True, kw_only=True)
class NetworkCost:
    """The cost of one network as given, fused or not.

    `macs` are per image, in fvcore's convention (see count_rules), None where operations are `unseen`: a part never
    stands for the whole. `bytes_moved` are per call of the whole batch: what every executed operation reads and
    writes, views free; a lower bound for each, as it assumes that an operation touches each of its tensors once.
    `params` are the elements of the distinct parameters; buffers are not counted.
    """

    params: int
    macs: int | None
    bytes_moved: int
    macs_by_kind: tuple[KindCost, ...]
    unseen: tuple[UnseenOp, ...]

    def of_kind(self, *kinds: str) -> int:
        """Multiply-adds per image of these kinds together."""
        return sum(cost.macs for cost in self.macs_by_kind if cost.kind in kinds)


def count(
    module: nn.Module,
    input_shape: tuple[int, int, int],
    *,
    batch: int = 1,
    channels_last: bool = False,
) -> NetworkCost:
    """Count one forward pass of `module` over `batch` blank images of `input_shape` (C, H, W), see `count_on`."""
    if batch < 1 or min(input_shape) < 1:
        raise ValueError(f"expected a positive batch and (C, H, W), got {batch} and {input_shape}")
    return count_on(module, torch.zeros(batch, *input_shape), channels_last=channels_last)


def count_on(module: nn.Module, images: Tensor, *, channels_last: bool = False) -> NetworkCost:
    """Count one forward pass of `module`, which stays as it is, over `images` (N, C, H, W), in the module's dtype.

    Nothing is computed where the module allows it (fake tensors); one whose control flow needs values is run, and
    counted as it went with these images.
    """
    try:
        tally = _pass(module, images, channels_last=channels_last, fake=True)
    except Exception:  # noqa: BLE001  # fake tensors refuse whatever depends on values, each in its own way
        try:
            tally = _pass(module, images, channels_last=channels_last, fake=False)
        except Exception as error:
            raise ValueError(f"expected a network that takes {tuple(images.shape)}, got {error}") from error
    return tally.cost(params=sum(value.numel() for value in module.parameters()), batch=len(images))


class _Tally:
    """Sums up what the two modes below see."""

    def __init__(self) -> None:
        self.macs: Counter[str] = Counter()
        self.moved = 0
        self.unseen_calls: Counter[str] = Counter()
        self.unseen_bytes: Counter[str] = Counter()

    def cost(self, *, params: int, batch: int) -> NetworkCost:
        return NetworkCost(
            params=params,
            macs=None if self.unseen_calls else sum(self.macs.values()) // batch,
            bytes_moved=self.moved,
            macs_by_kind=tuple(KindCost(kind=kind, macs=self.macs[kind] // batch) for kind in KINDS if self.macs[kind]),
            unseen=tuple(
                UnseenOp(name=name, calls=calls, share=self.unseen_bytes[name] / max(1, self.moved))
                for name, calls in self.unseen_calls.most_common()
            ),
        )


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operation that torch really executes, after it has taken composite ones apart."""

    def __init__(self, tally: _Tally) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.tally = tally

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        result = func(*args, **(kwargs or {}))
        if func.namespace == "prim":  # questions such as "on which device?", no operations
            return result
        call = bind(func, args, kwargs or {}, result)
        moved = bytes_of(call)
        self.tally.moved += moved
        if call.name in RULES:
            kind, rule = RULES[call.name]
            self.tally.macs[kind] += rule(call)
        elif not counts_nothing(call, args, kwargs or {}):
            self.tally.unseen_calls[call.name] += 1
            self.tally.unseen_bytes[call.name] += moved
        return result


class _Pooling(TorchFunctionMode):
    """Sees adaptive average pooling by its name: to one pixel, it is executed as a plain mean.

    While any such mode is on, nn.MultiheadAttention leaves its opaque fast path, so its parts are seen too.
    """

    def __init__(self, tally: _Tally) -> None:
        super().__init__()
        self.tally = tally

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        if func in (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d):
            values = (*args, *(kwargs or {}).values())
            self.tally.macs["pooling"] += next(value.numel() for value in values if isinstance(value, Tensor))
        return func(*args, **(kwargs or {}))


def _pass(module: nn.Module, images: Tensor, *, channels_last: bool, fake: bool) -> _Tally:
    tally = _Tally()
    module = _stand_in(module)
    parameter = next((value for value in module.parameters() if value.is_floating_point()), None)
    dtype = torch.float32 if parameter is None else parameter.dtype
    device = torch.device("cpu") if parameter is None else parameter.device
    layout = torch.channels_last if channels_last else torch.contiguous_format
    # The module's real parameters become fake as they are met, so nothing is copied.
    shapes_only = FakeTensorMode(allow_non_fake_inputs=True) if fake else nullcontext()
    with torch.no_grad(), _evaluating(module), shapes_only:
        # A copy: an operation in place would change the caller's images.
        mine = images.to(dtype=dtype, device=device, copy=True, memory_format=layout)
        with _Operations(tally), _Pooling(tally):
            module(mine)
    return tally


def _stand_in(module: nn.Module) -> nn.Module:
    """The same network around the same weights: what its forward keeps in itself, fake tensors too, goes with it."""
    shared = [value for child in module.modules() for value in (*child.parameters(False), *vars(child).values())]
    try:
        return copy.deepcopy(module, {id(value): value for value in shared if isinstance(value, Tensor)})
    except Exception:  # noqa: BLE001  # an attribute of a user's own that cannot be copied
        return module


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode for the pass; the module is left as it was."""
    training = [child for child in module.modules() if child.training]
    module.eval()
    try:
        yield
    finally:
        for child in training:
            child.training = True
