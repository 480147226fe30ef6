"""A unit's network in the file that its runtime opens; in int8 by the runtime's own converter, calibrated."""

import pkgutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from bench.plan.runtimes import Runtime, runtime
from bench.records.workload import Unit
from bench.wire.order import Order
from bench.worker.calibration import CalibrationData, calibration_data
from bench.worker.convert import convert
from bench.worker.inputs import Declared, input_arrays
from bench.worker.kept_inputs import image_among
from bench.worker.nearness import nearness
from bench.worker.runtimes.loaded import Loaded, UnsupportedError
from bench.worker.runtimes.pytorch import to_arrays

if TYPE_CHECKING:
    import numpy.typing as npt


def converted(order: Order, module: torch.nn.Module, example: Sequence[torch.Tensor], target: Path) -> tuple[str, ...]:
    """Write `module`, with its inputs `example`, to `target`; of int8 a note says how it was made.

    ValueError where the converter fails.
    """
    unit, row = order.unit, runtime(order.unit.runtime)
    given = [each[:1] for each in example] if row.one_image else example
    if unit.dtype != "int8":
        convert(row, module, given, unit.dtype, target, order.converter)
        return ()
    data = calibration_data(unit, list(map(_declared, example)))
    batches = _images(data) if row.one_image else data
    convert(row, module, given, unit.dtype, target, order.converter, batches)
    return (f"int8, calibrated on {data.source}{_nearness(row, unit, target, module, data)}",)


def _declared(tensor: torch.Tensor) -> Declared:
    return Declared(name="", dtype=str(tensor.dtype).removeprefix("torch."), sizes=tuple(tensor.shape))


def _images(data: CalibrationData) -> "Iterator[list[npt.NDArray[Any]]]":
    """Each by itself."""
    return ([array[at : at + 1] for array in arrays] for arrays in data for at in range(len(arrays[0])))


def _nearness(row: Runtime, unit: Unit, path: Path, module: torch.nn.Module, data: CalibrationData) -> str:
    """Of what the runtime itself answers here; its package may be on the device alone."""
    try:
        loaded: Loaded = pkgutil.resolve_name(row.loader)(unit, path)
    except (ImportError, UnsupportedError) as error:
        return f" and not compared with float32 there ({error})"
    return f": {nearness(_answers(module, loaded.answer, data))}" if loaded.answer else ""


def _answers(
    module: torch.nn.Module, answer: "Callable[[npt.NDArray[Any]], object]", data: CalibrationData
) -> Iterator[tuple[object, object]]:
    """To the images of each batch, PyTorch's and the runtime's; other inputs are those that are timed."""
    for arrays in data:
        images = arrays[image_among(arrays, data.unit.workload.name)]
        inputs = input_arrays(data.unit, data.declared, images) if len(arrays) > 1 else arrays
        with torch.no_grad():
            right = to_arrays(module(*map(torch.from_numpy, inputs)))
        yield right, answer(images)
