"""A graph in int8 by ONNX Runtime's quantiser: static, QuantizeLinear and DequantizeLinear, weights per channel.

Activations are uint8 and weights int8 of the full range, which ONNX Runtime advises for x86 with VNNI (int8 activations
take 1.5 times as long there). Without VNNI sums of such products may overflow 16 bits: the session asks for kernels
whose sums do not. docs/precision.md has the figures.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.plan.runtimes import runtime
from bench.records.workload import Unit
from bench.worker.calibration import CalibrationData, calibration_data
from bench.worker.nearness import nearness
from bench.worker.runtimes.onnx_runtime import declared_inputs, session

_PRODUCTS = ["Conv", "Gemm", "MatMul"]
# No kernel normalises in int8, and ONNX Runtime cannot open a graph in which layer norms share a quantised weight.
_FLOAT = {"LayerNormalization", "InstanceNormalization", "BatchNormalization"}


def quantise(graph: Path, target: Path, unit: Unit) -> str:
    """Write the float32 graph in int8 to `target`; says on what it was calibrated, and how near it is there."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

    plain, without = session(graph, _threads()), _PRODUCTS if runtime(unit.runtime).float_outputs else []
    data = calibration_data(unit, declared_inputs(plain))
    with _quiet():
        quantize_static(
            graph,
            target,
            _Reader(_feeds(data)),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=sorted({*QDQRegistry, *QLinearOpsRegistry} - _FLOAT),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"OpTypesToExcludeOutputQuantization": without},
        )
    quantised = session(target, _threads(), exact_int8=True)
    answers = ((plain.run(None, feed), quantised.run(None, feed)) for feed in _feeds(data))
    return f"int8, calibrated on {data.source}: {nearness(answers)}"


@dataclass(frozen=True)
class _Reader:
    """What the quantiser asks for one batch after the other."""

    feeds: Iterator[dict[str, Any]]

    def get_next(self) -> dict[str, Any] | None:
        """By the names of the inputs; None at the end."""
        return next(self.feeds, None)


def _feeds(data: CalibrationData) -> Iterator[dict[str, Any]]:
    names = [each.name for each in data.declared]
    return (dict(zip(names, arrays, strict=True)) for arrays in data)


def _threads() -> int:
    return len(os.sched_getaffinity(0))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the quantiser's advice to optimise the graph first: what is exported is folded already."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(disabled)
