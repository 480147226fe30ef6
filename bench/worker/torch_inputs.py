"""PyTorch networks on a user's own arrays: which of them a forward takes, and such a network as one of its images."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from bench.plain_text import plain_line
from bench.records.workload import Workload
from bench.worker.given_inputs import checked, ordered
from bench.worker.kept_inputs import image_among, kept

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

EXAMPLES = "example_inputs"  # of a factory's network or module: the arrays that it takes, or what returns them


class WithInputs(nn.Module):
    """A network of several inputs as a module of its images; the others are buffers, which follow its dtype.

    A graph must not be exported from it: there they would be constants. `network` and `inputs` are for that.
    """

    def __init__(self, network: nn.Module, inputs: Sequence[Tensor], at: int) -> None:
        super().__init__()
        self.network, self._at, self._count = network, at, len(inputs)
        for number, tensor in enumerate(inputs):
            if number != at:
                self.register_buffer(f"input{number}", tensor)

    def inputs(self, images: Tensor) -> tuple[Tensor, ...]:
        """What the network takes, these images among them."""
        found = (images if number == self._at else getattr(self, f"input{number}") for number in range(self._count))
        return tuple(found)

    def forward(self, images: Tensor) -> object:
        return self.network(*self.inputs(images))


def with_given(network: nn.Module, workload: Workload) -> nn.Module:
    """The network on the arrays that the workload was given besides its images: itself where there are none."""
    arrays = kept(workload.given) if workload.given else []
    inputs = list(map(torch.from_numpy, arrays))
    if inputs and any(map(is_lazy, network.parameters())):  # which get their weights as they are first run
        network(*inputs)
    return WithInputs(network, inputs, image_among(arrays, workload.name)) if len(inputs) > 1 else network


def inputs_of(module: nn.Module, images: Tensor, dtype: torch.dtype) -> tuple[nn.Module, list[Tensor]]:
    """The network in `module`, and all that it takes, floats in that dtype."""
    if not isinstance(module, WithInputs):
        return module, [in_dtype(images, dtype)]
    inputs = module.inputs(images)
    return module.network, [in_dtype(each, dtype) for each in inputs]


def in_dtype(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Floats in that dtype; integers are what they are."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def for_forward(arrays: "Mapping[str, Array]", network: nn.Module, where: str) -> "list[Array]":
    """In the order of its forward's parameters, floats as float32; ValueError where they are not those it takes."""
    names, least = _parameters(network)
    last = max((names.index(name) + 1 for name in arrays if name in names), default=len(arrays))
    taken = names[: max(last, least)] if names else list(arrays)
    return [
        array.astype("float32", copy=False) if array.dtype.kind == "f" else array
        for array in ordered(arrays, taken, where)
    ]


def examples(network: nn.Module, module_name: str) -> "dict[str, Array]":
    """What the network or its factory's module says that it takes, by name; none where neither says anything."""
    found = getattr(network, EXAMPLES, None)
    found = getattr(sys.modules.get(module_name), EXAMPLES, None) if found is None else found
    if found is None:
        return {}
    where = f"{module_name}:{EXAMPLES}"
    try:
        arrays = _by_name(_made(found))
    except Exception as error:  # a user's own may raise anything
        raise ValueError(
            f"expected {where}, without arguments, to give the tensors that the network takes, got"
            f" {type(error).__name__}: {plain_line(error, 120)}; mend it, or give them with --input-data"
        ) from error
    return {name: checked(array, name, where) for name, array in arrays.items()}


def _made(found: object) -> object:
    """The same each time that they are made."""
    import numpy as np

    from models.clone import randomness_restored

    with randomness_restored(), torch.no_grad():
        torch.manual_seed(0)
        np.random.seed(0)  # of a user's own code, which may draw from it
        return found() if callable(found) else found


def _by_name(given: object) -> "dict[str, Array]":
    """Names of its own for a tensor alone, and for those of a tuple."""
    if not isinstance(given, Mapping):
        values = given if isinstance(given, list | tuple) else [given]
        given = {f"arr_{number}": value for number, value in enumerate(values)}
    return {
        str(name): value.detach().cpu().numpy() if isinstance(value, Tensor) else value for name, value in given.items()
    }


def _parameters(network: nn.Module) -> tuple[list[str], int]:
    """The names of what its forward takes by position, and how many of them it must be given; none where it is open."""
    if isinstance(network, torch.jit.ScriptModule):
        declared: Any = network.forward
        arguments = declared.schema.arguments[1:]
        return [each.name for each in arguments], sum(not each.has_default_value() for each in arguments)
    every = inspect.signature(network.forward).parameters.values()
    if any(each.kind is each.VAR_POSITIONAL for each in every):
        return [], 0
    own = [each for each in every if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    return [each.name for each in own], sum(each.default is each.empty for each in own)
