"""What a network costs: parameters, multiply-adds and bytes moved, from one pass over the graph that will be timed."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from models.clone import clone, evaluating, randomness_restored
from models.count_bytes import bytes_of
from models.count_free import counts_nothing
from models.count_hidden import parameter_count, undispatched
from models.count_rules import KINDS, RULES, bind
from models.reason import reason


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
    `params` are the elements of the distinct parameters, packed and frozen ones too; buffers are not counted.
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
    return count_on(module, torch.zeros(batch, *input_shape), channels_last=channels_last, shapes_only=True)


def count_on(
    module: nn.Module, images: Tensor, *, channels_last: bool = False, shapes_only: bool = False
) -> NetworkCost:
    """Count one forward pass of `module`, which stays as it is, over `images` (N, C, H, W), in the module's dtype.

    `shapes_only` computes nothing where the module allows it; one whose control flow needs values is run. Only for a
    network that keeps nothing outside itself: in a hook's list or a global cache its fake tensors would stay.
    """
    tally = None
    if shapes_only:
        # Fake tensors refuse whatever depends on values, each in its own way.
        with suppress(Exception):
            tally = _pass(module, images, channels_last=channels_last, fake=True)
    if tally is None:
        try:
            tally = _pass(module, images, channels_last=channels_last, fake=False)
        except Exception as error:
            raise ValueError(f"expected a network that takes {tuple(images.shape)}, got {reason(error)}") from error
    tally.unseen_calls.update(undispatched(module))
    return tally.cost(params=parameter_count(module), batch=len(images))


class Tally:
    """Sums up what the two modes below see."""

    def __init__(self) -> None:
        self.macs: Counter[str] = Counter()
        self.moved = 0
        self.unseen_calls: Counter[str] = Counter()
        self.unseen_bytes: Counter[str] = Counter()

    def macs_of(self, batch: int) -> int | None:
        """Per image; None where operations are not counted."""
        return None if self.unseen_calls else sum(self.macs.values()) // batch

    def cost(self, *, params: int, batch: int) -> NetworkCost:
        return NetworkCost(
            params=params,
            macs=self.macs_of(batch),
            bytes_moved=self.moved,
            macs_by_kind=tuple(KindCost(kind=kind, macs=self.macs[kind] // batch) for kind in KINDS if self.macs[kind]),
            unseen=tuple(
                UnseenOp(name=name, calls=calls, share=self.unseen_bytes[name] / max(1, self.moved))
                for name, calls in self.unseen_calls.most_common()
            ),
        )


class Tallies:
    """The sums of one pass: for each module what its own forward executes, outside of the modules that it calls."""

    def __init__(self) -> None:
        self.by_module: dict[str, Tally] = {"": Tally()}  # by path, in the order in which they began
        self._running = [""]

    @property
    def current(self) -> Tally:
        """Of the module that is running."""
        return self.by_module[self._running[-1]]

    @contextmanager
    def within(self, path: str) -> Iterator[None]:
        """What is executed meanwhile belongs to that module."""
        self.by_module.setdefault(path, Tally())
        self._running.append(path)
        try:
            yield
        finally:
            self._running.pop()


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operation that torch really executes, after it has taken composite ones apart."""

    def __init__(self, tallies: Tallies) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.tallies = tallies

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
        moved, tally = bytes_of(call), self.tallies.current
        tally.moved += moved
        if call.name in RULES:
            kind, rule = RULES[call.name]
            tally.macs[kind] += rule(call)
        elif not counts_nothing(call, args, kwargs or {}):
            tally.unseen_calls[call.name] += 1
            tally.unseen_bytes[call.name] += moved
        return result


class _Pooling(TorchFunctionMode):
    """Sees adaptive average pooling by its name: to one pixel, it is executed as a plain mean.

    While any such mode is on, nn.MultiheadAttention leaves its opaque fast path, so its parts are seen too.
    """

    def __init__(self, tallies: Tallies) -> None:
        super().__init__()
        self.tallies = tallies

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        if func in (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d):
            values = (*args, *(kwargs or {}).values())
            self.tallies.current.macs["pooling"] += next(value.numel() for value in values if isinstance(value, Tensor))
        return func(*args, **(kwargs or {}))


def _pass(module: nn.Module, images: Tensor, *, channels_last: bool, fake: bool) -> Tally:
    tallies = Tallies()
    # What its forward keeps in itself goes with the copy.
    run_counted(clone(module, share_weights=True), images, tallies, channels_last=channels_last, fake=fake)
    return tallies.current


@torch.inference_mode(False)  # in which operations arrive whole that are made of others
def run_counted(
    module: nn.Module, images: Tensor, tallies: Tallies, *, channels_last: bool = False, fake: bool = False
) -> None:
    """One forward pass of `module` itself, in evaluation mode, whose operations go into `tallies`."""
    module = evaluating(module)
    parameter = next((value for value in module.parameters() if value.is_floating_point()), None)
    dtype = torch.float32 if parameter is None else parameter.dtype
    device = torch.device("cpu") if parameter is None else parameter.device
    layout = torch.channels_last if channels_last else torch.contiguous_format
    # The module's real parameters become fake as they are met, so nothing is copied.
    mode = FakeTensorMode(allow_non_fake_inputs=True) if fake else nullcontext()
    with torch.no_grad(), randomness_restored(), mode:
        kind = dtype if images.is_floating_point() else images.dtype  # a network may take bytes
        # A copy: an operation in place would change the caller's images.
        mine = images.to(dtype=kind, device=device, copy=True, memory_format=layout)
        with _Operations(tallies), _Pooling(tallies):
            module(mine)
