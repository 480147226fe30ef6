"""In which dtypes ONNX Runtime's kernels multiply, by its own profile of one call."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.records.workload import Unit
from bench.worker.runtimes.onnx_runtime import feed, opened_for, profile_of

_PRODUCTS = ("Conv", "Gemm", "MatMul", "Attention")  # parts of the names of operators that multiply
_DTYPES = {"float": "float32", "double": "float64", "uint8": "int8"}  # where its words are not ours


def precision(unit: Unit, path: Path) -> Counter[str]:
    """How many convolutions and matrix products take a first input of which dtype, after all conversions."""
    with TemporaryDirectory() as folder:
        opened = opened_for(unit, path, profile=Path(folder))
        opened.run(None, feed(unit, opened))
        return Counter(_dtype(event["args"]) for event in profile_of(opened) if _multiplies(event))


def _multiplies(event: dict[str, Any]) -> bool:
    told = event.get("args", {})
    return bool(told.get("input_type_shape")) and any(part in told.get("op_name", "") for part in _PRODUCTS)


def _dtype(told: dict[str, Any]) -> str:
    (word,) = map(str, told["input_type_shape"][0])
    return _DTYPES.get(word, word)
