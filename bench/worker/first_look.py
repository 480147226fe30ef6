"""What a PyTorch network takes, found out by building it once; and a user's arrays in the order in which it does."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from bench.records.workload import GivenInputs
from bench.wire.messages import Network
from bench.worker import given_inputs
from bench.worker.build import factory_digest
from bench.worker.inputs import Declared, image_shape
from bench.worker.kept_inputs import image_among, saved
from bench.worker.torch_inputs import EXAMPLES, examples, for_forward
from models.build import as_made, build_and_look, run_once
from models.reason import reason
from models.registry import NetworkEntry

if TYPE_CHECKING:
    import numpy.typing as npt

    Arrays = Mapping[str, npt.NDArray[Any]]


def look_at(entry: NetworkEntry, image: tuple[int, ...], arrays: str) -> Network:
    """Build a network once, for images of a (height, width), for the arrays of a file, or as it says itself.

    ValueError where it cannot be built or refuses them.
    """
    made = as_made(entry) if arrays or entry.library == "factory" else None
    if made is not None and arrays:
        return _on_arrays(entry, made, given_inputs.read(Path(arrays)), arrays)
    if made is not None and not image and (found := examples(made, _module_name(entry))):
        return _on_arrays(entry, made, found, f"{_module_name(entry)}:{EXAMPLES}")
    network, shape = build_and_look(entry, input_px=(image[0], image[1]) if image else None, made=made)
    return Network(source=entry.name, input_shape=shape, digest=_own_digest(entry, network))


def given_bytes(entry: NetworkEntry, network: nn.Module, source: str) -> bytes:
    """The arrays of that source as they are kept, in the order in which the network takes them."""
    of_file = source.startswith("/")  # the plan names files by their whole paths
    found = given_inputs.read(Path(source)) if of_file else examples(network, _module_name(entry))
    return saved(for_forward(found, network, source))


def _on_arrays(entry: NetworkEntry, network: nn.Module, arrays: "Arrays", source: str) -> Network:
    given = for_forward(arrays, network, source)
    images = given[image_among(given, source)]
    digest = hashlib.sha256(saved(given)).hexdigest()  # before the network may overwrite them
    try:
        run_once(network, *map(torch.from_numpy, given))
    except Exception as error:  # whatever a network raises
        shapes = ", ".join(f"{array.dtype} {array.shape}" for array in given)
        raise ValueError(
            f"expected {entry.name} to take the arrays of {source} ({shapes}), got {reason(error)}; give those it takes"
        ) from error
    return Network(
        source=entry.name,
        input_shape=image_shape(images.shape, Declared(name="", dtype="", sizes=images.shape).order),
        digest=_own_digest(entry, network),
        batch=len(images),
        inputs=GivenInputs(source=source, digest=digest),
    )


def _own_digest(entry: NetworkEntry, network: nn.Module) -> str:
    return factory_digest(entry, network) if entry.library == "factory" else ""


def _module_name(entry: NetworkEntry) -> str:
    return entry.library_name.partition(":")[0]
