"""What answers are held against where there are no labels: the same network in fp32 eager, as it was published."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cache.store import Store
from bench.plan.subjects import is_onnx_file, network_entry
from bench.records.workload import Unit, Workload
from bench.wire.order import Order

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Whom else is asked about the same images, and that in words."""

    ask: "Callable[[npt.NDArray[np.float32]], object]"
    words: str


def reference_of(unit: Unit, order: Order, store: Store) -> Reference:
    """fp32 eager, nothing folded; of an .onnx file, which has no eager form, itself without any optimisation."""
    if is_onnx_file(unit.workload):
        return _of_file(unit, store.path(order.model))
    return _of_module(unit)


def _of_file(unit: Unit, path: Path) -> Reference:
    from bench.worker.runtimes.onnx_runtime import feed, session

    plain = session(path, unit.threads, {"graph": "disabled"})
    return Reference(
        ask=lambda images: plain.run(None, feed(unit, plain, images)),
        words="the file in ONNX Runtime, unoptimised",
    )


def _of_module(unit: Unit) -> Reference:
    import torch

    from bench.worker.build import plain_network
    from bench.worker.inputs import image_input, input_arrays
    from bench.worker.runtimes.pytorch import to_arrays

    torch.set_num_threads(unit.threads)
    with torch.inference_mode(False), torch.no_grad():
        network = plain_network(unit.workload)
    declared = image_input(unit)

    def ask(images: "npt.NDArray[np.float32]") -> object:
        (array,) = input_arrays(unit, [declared], images)
        with torch.inference_mode():
            return to_arrays(network(torch.from_numpy(array.copy())))

    return Reference(ask=ask, words="fp32 eager")


def weights_text(workload: Workload) -> str:
    """Where a network's weights come from, in words."""
    model = workload.model
    if model is not None and model.checkpoint.path:
        return f"{Path(model.checkpoint.path).name}, SHA-256 {model.checkpoint.digest[:12]}"
    library = network_entry(workload).library
    if library == "onnx":
        return "the file's own"
    return "its factory's own" if library == "factory" else "random"
