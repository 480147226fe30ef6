"""ncnn's two files of a network in int8, as its own tools make them. Runs in the converter's process alone.

A layer's weights have a scale for each output channel, what goes into it has one: the largest value that was seen in
calibration becomes 127. Biases and outputs are float32; where convolutions alone take what one gives, it gives int8.
A Gemm, which multiplies many rows, has one scale for its weights, and finds those of its rows in each call.
"""

import ctypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ncnn
import numpy as np

from bench.worker.runtimes.ncnn_graph import (
    CONVOLUTIONS,
    FLOAT32,
    INT8,
    INT8_TERMS,
    LARGEST,
    Layer,
    graph_text,
    inputs_of,
    read_graph,
)
from bench.worker.runtimes.ncnn_runtime import opened_files

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_DYNAMIC = 19  # the parameter of weights that are an input
_GIVES_INT8 = 100  # more in the line's term


@dataclass(frozen=True, kw_only=True)
class _Form:
    """How a kind of layer has int8: the parameters whose product is its number of weights, and that of their scales."""

    weights: tuple[int, ...]
    scales: int | None
    term: int


_FORMS = {
    "Convolution": _Form(weights=(6,), scales=0, term=2),
    "ConvolutionDepthWise": _Form(weights=(6,), scales=7, term=1),
    "InnerProduct": _Form(weights=(2,), scales=0, term=2),
    "Gemm": _Form(weights=(8, 9), scales=None, term=2),
}


def quantise(graph: Path, weights: Path, images: "Iterable[Array]") -> None:
    """Write both files anew, calibrated on `images`, each as the network takes it.

    ValueError where no layer can be quantised, or a map holds what is no finite number.
    """
    layers = read_graph(graph.read_text())
    chosen = {layer.name for layer in layers if _can_be_int8(layer)}
    if not chosen:
        raise ValueError("expected a convolution or a product with weights to quantise, got a network that has none")
    calibrated = {layer.takes[0] for layer in layers if layer.name in chosen and layer.kind != "Gemm"}
    scales = _scales(graph, weights, calibrated, images)
    takers = {blob: layer for layer in layers for blob in layer.takes}
    made = [
        _in_int8(layer, data, _input_and_output(layer, takers, scales)) if layer.name in chosen else (layer, data)
        for layer, data in zip(layers, split_weights(layers, weights.read_bytes()), strict=True)
    ]
    graph.write_text(graph_text(layer for layer, _ in made))
    weights.write_bytes(b"".join(data for _, data in made))


def split_weights(layers: Iterable[Layer], data: bytes) -> list[bytes]:
    """What each layer has of a .bin file, as ncnn itself reads it: it alone knows the sizes of every kind."""
    found, place = [], 0
    for layer in layers:
        reader, alone = _Reader(data, place), ncnn.Net()
        alone.opt.num_threads = 1
        if alone.load_param_mem(graph_text([*inputs_of(layer), layer])) or alone.load_model(reader):
            raise ValueError(f"expected the weights of {layer.kind} {layer.name}, ncnn cannot read them; convert again")
        found.append(data[place : reader.place])
        place = reader.place
    if place != len(data):
        raise ValueError(f"expected {place} bytes of weights in that graph, got {len(data)}; convert it again")
    return found


class _Reader(ncnn.DataReader):  # type: ignore[misc]  # as ncnn has it
    """Gives ncnn the bytes that it asks for, and knows how far it is."""

    def __init__(self, data: bytes, place: int) -> None:
        super().__init__()
        self._data, self.place = data, place

    def read(self, buffer: object, size: int) -> int:
        piece = self._data[self.place : self.place + size]
        ctypes.memmove(_address(buffer, None), piece, len(piece))
        self.place += len(piece)
        return len(piece)


_address = ctypes.pythonapi.PyCapsule_GetPointer
_address.restype, _address.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def _can_be_int8(layer: Layer) -> bool:
    if layer.kind == "Gemm":
        first, second, transposed = (layer.number(parameter) for parameter in (4, 5, 3))
        return (first, second, transposed) == (0, 1, 1)  # rows by weights that are a row for each output
    return layer.kind in _FORMS and not layer.number(_DYNAMIC)


def _scales(graph: Path, weights: Path, blobs: Iterable[str], images: "Iterable[Array]") -> Mapping[str, float]:
    """Of each blob that factor which makes 127 of its largest value."""
    net, largest = opened_files(graph, weights, 1, "float32"), dict.fromkeys(sorted(blobs), 0.0)
    (name,) = net.input_names()
    for image in images:
        extractor = net.create_extractor()
        extractor.set_light_mode(False)  # else a blob is gone once it was used
        extractor.input(name, ncnn.Mat(image).clone())
        for blob in largest:
            largest[blob] = max(largest[blob], _largest(extractor, blob))
    return {blob: LARGEST / value if value else 1.0 for blob, value in largest.items()}


def _largest(extractor: Any, blob: str) -> float:
    value = ncnn.Mat()
    if extractor.extract(blob, value):
        raise ValueError(f"expected ncnn to compute blob {blob} of the network, it gave up")
    found = float(np.abs(np.array(value)).max(initial=0))
    if not np.isfinite(found):
        raise ValueError(f"expected finite numbers to calibrate on, blob {blob} of the network holds others")
    return found


def _input_and_output(layer: Layer, takers: Mapping[str, Layer], scales: Mapping[str, float]) -> list[float]:
    """The scale of what it takes, and that of what it gives where it is int8 at once: convolutions alone take it."""
    if layer.kind == "Gemm":
        return []
    taken, readers = scales[layer.takes[0]], dict(_taken(layer.gives[0], takers))
    at_once = all(each and each.kind in CONVOLUTIONS and _can_be_int8(each) for each in readers.values())
    if layer.kind not in CONVOLUTIONS or not at_once:
        return [taken]
    return [taken, scales[next(iter(readers))]]  # each of them takes the same values


def _taken(blob: str, takers: Mapping[str, Layer]) -> Iterator[tuple[str, Layer | None]]:
    """Each with the layer that takes it, None where the network gives it; a Split hands it on."""
    taker = takers.get(blob)
    if taker is not None and taker.kind == "Split":
        for copy in taker.gives:
            yield from _taken(copy, takers)
    else:
        yield blob, taker


def _in_int8(layer: Layer, data: bytes, told: list[float]) -> tuple[Layer, bytes]:
    """The layer and its weights, with the scales of what it takes and gives behind theirs."""
    if data[: len(FLOAT32)] != FLOAT32:
        raise ValueError(f"expected the weights of {layer.name} in float32, they are not; convert it again")
    form = _FORMS[layer.kind]
    count = prod(layer.number(parameter) for parameter in form.weights)
    weights = np.frombuffer(data, np.float32, count, len(FLOAT32))
    rows = weights.reshape(1 if form.scales is None else layer.number(form.scales), -1)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    scales = np.where(largest, LARGEST / np.where(largest, largest, 1), 1).astype(np.float32)
    values = np.rint(rows * scales).astype(np.int8).tobytes() + bytes(-count % 4)
    others = data[len(FLOAT32) + weights.nbytes :]
    term = str(form.term + _GIVES_INT8 * (len(told) > 1))
    made = replace(layer, parameters={**layer.parameters, INT8_TERMS[layer.kind]: term})
    return made, b"".join((INT8, values, others, scales.tobytes(), np.array(told, np.float32).tobytes()))
