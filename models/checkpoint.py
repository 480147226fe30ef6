"""Load a checkpoint of weights into the network that it was made with; nothing in the file is ever run."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

_WRAPPERS = ("state_dict", "model")
_PARALLEL = "module."  # before each name, where the network was saved inside of DataParallel
_REMEDY = "choose the network the checkpoint was made with"


def read_weights(path: Path | str) -> dict[str, Tensor]:
    """The tensors by name in a .safetensors file or one of torch.save; ValueError where it is none of weights only."""
    try:
        if Path(path).suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ValueError(f"expected a checkpoint at {path}, got: {error.strerror or error}; name a file") from None
    except Exception as error:
        if not isinstance(error, pickle.UnpicklingError | RuntimeError | EOFError) and not _of_safetensors(error):
            raise
        raise ValueError(
            f"expected a checkpoint of weights, got {path}, which torch.load(weights_only=True) refuses; "
            "save the network's state_dict() alone"
        ) from error
    return tensors(content)


def _of_safetensors(error: Exception) -> bool:
    return type(error).__name__ == "SafetensorError"


def tensors(content: object) -> dict[str, Tensor]:
    """The names and tensors of a state dict, also of one that is wrapped."""
    inner = content
    if isinstance(content, Mapping):
        inner = next((content[name] for name in _WRAPPERS if isinstance(content.get(name), Mapping)), content)
    if not isinstance(inner, Mapping) or not all(isinstance(value, Tensor) for value in inner.values()):
        raise ValueError("expected a mapping of names to tensors, got something else; save the state_dict() alone")
    if inner and all(str(key).startswith(_PARALLEL) for key in inner):
        return {str(key).removeprefix(_PARALLEL): value for key, value in inner.items()}
    return {str(key): value for key, value in inner.items()}


def load_strictly(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Every name must be there and fit; ValueError in one line where one does not."""
    expected = network.state_dict()
    missing = sorted(expected.keys() - weights.keys())
    unexpected = sorted(weights.keys() - expected.keys())
    if missing or unexpected:
        problem, keys = ("lacks", missing) if missing else ("has the unknown", unexpected)
        more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
        raise ValueError(f"expected a checkpoint of this network, got one that {problem} {keys[0]}{more}; {_REMEDY}")
    for key, value in weights.items():
        if value.shape != expected[key].shape:
            shapes = f"{key} of shape {tuple(expected[key].shape)}, got {tuple(value.shape)}"
            raise ValueError(f"expected {shapes}; {_REMEDY}")
    network.load_state_dict(weights, strict=True)
