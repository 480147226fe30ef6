"""Write a network to an ONNX file that runs anywhere and is the same bytes each time."""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from models.clone import clone, evaluating, randomness_restored
from models.onnx_names import name_by_module

OPSET = 20  # the first with Gelu as one operator
INPUT_NAME = "input"
OUTPUT_NAME = "output"
_MAX_BYTES = 2**31  # a protobuf message ends there


def export(module: nn.Module, example: Tensor | Sequence[Tensor], path: Path) -> None:
    """Write `module`, traced with `example` (N, C, H, W; its sizes become fixed) or several, to one file at `path`.

    It is written in evaluation mode, and `module` stays as it is. Nothing half-written is ever seen at `path`. Raises
    ValueError where torch cannot export the network, or it is too large for one file.
    """
    model = _strip(_to_proto(module, [example] if isinstance(example, Tensor) else example))
    if model.ByteSize() >= _MAX_BYTES:
        raise ValueError(f"expected a network under 2 GB, got {model.ByteSize() / 1e9:.1f} GB; time it in eager")
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(model.SerializeToString(deterministic=True))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _to_proto(module: nn.Module, example: Sequence[Tensor]) -> onnx.ModelProto:
    try:
        with _silence(), torch.no_grad(), randomness_restored():
            # A copy that has run: what its forward keeps for later is there, what the exporter leaves in it goes.
            module = evaluating(clone(module, share_weights=True))
            module(*(each.clone() for each in example))
            program = torch.onnx.export(
                module,
                tuple(example),
                dynamo=True,
                opset_version=OPSET,
                input_names=[INPUT_NAME, *(f"{INPUT_NAME}_{number}" for number in range(1, len(example)))],
                output_names=[OUTPUT_NAME],
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # the exporter raises whatever its many parts raise
        raise ValueError(f"expected a network that torch can export to ONNX, got {_reason(error)}") from error
    return program.model_proto  # type: ignore[union-attr]  # dynamo=True always returns a program


def _strip(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop source lines and file paths, which differ between machines; what they say of modules goes into the names."""
    name_by_module(model.graph)
    del model.metadata_props[:]
    model.doc_string = model.graph.doc_string = ""
    del model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    for tensor in model.graph.initializer:
        tensor.doc_string = ""
        del tensor.metadata_props[:]
    for function in model.functions:
        function.doc_string = ""
        del function.metadata_props[:]
    return model


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep the exporter's progress lines, log messages and warnings to itself: what matters it raises."""
    disabled = logging.root.manager.disable
    logging.disable(logging.ERROR)
    sink = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _reason(error: BaseException) -> str:
    """The first cause in one line: the exporter wraps it in pages of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
