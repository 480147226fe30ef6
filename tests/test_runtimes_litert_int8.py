"""LiteRT in int8 on a file that its quantiser made of a small network: what computes in int8, and how near it is."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bench.cache.store import default_cache
from bench.host import converters
from bench.plan.runtimes import runtime
from bench.worker.output_check import arrays_in, max_error
from bench.worker.precision import precision_notes
from bench.worker.runtimes import litert_runtime
from bench.worker.runtimes.loaded import UnsupportedError
from tests import litert_network
from tests.test_runtimes_litert import UNIT, reference

ASKED = replace(UNIT, dtype="int8")
MISSING = converters.missing(runtime("litert"), default_cache())


def test_its_answer_is_near_float32_and_comes_as_float32() -> None:
    outputs = arrays_in(litert_runtime.load(ASKED, litert_network.INT8).output())
    error = max_error(outputs, reference(UNIT))
    assert error is not None
    assert 1e-4 < error < 0.1
    assert {each.dtype.name for each in outputs} == {"float32"}


def test_products_are_counted_by_the_dtype_of_their_kernels() -> None:
    """Four convolutions, all in int8; in the float32 file none of them."""
    assert litert_runtime.precision(ASKED, litert_network.INT8) == {"int8": 4}
    assert precision_notes(ASKED, litert_network.INT8) == ()
    assert litert_runtime.precision(ASKED, litert_network.FILE) == {"float32": 4}
    with pytest.raises(UnsupportedError, match="asked LiteRT for int8, on this CPU it computes in float32"):
        precision_notes(ASKED, litert_network.FILE)


def test_float16_is_told_by_its_output_and_not_by_the_file() -> None:
    assert precision_notes(replace(UNIT, dtype="float16"), litert_network.FILE) == ()


def test_what_stays_in_float32_is_named() -> None:
    loaded = litert_runtime.load(ASKED, litert_network.INT8)
    assert loaded.delegated is not None
    done, of = loaded.delegated
    assert done == of - 1
    assert loaded.notes == ("XNNPACK computes 1 part of the graph, LiteRT's own kernels 1 CUMSUM",)


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_the_file_that_stands_in_the_repository_is_what_its_quantiser_makes(tmp_path: Path) -> None:
    made = tmp_path / "network.tflite"
    litert_network.convert_again(made, "int8", default_cache())
    kinds = [
        Counter(node.name for node in litert_runtime.nodes_of(litert_runtime.interpreter(path, 1)))
        for path in (made, litert_network.INT8)
    ]
    assert kinds[0] == kinds[1]
    right, outputs = (arrays_in(litert_runtime.load(ASKED, path).output()) for path in (litert_network.INT8, made))
    error = max_error(outputs, right)
    assert error is not None
    assert error < 0.02
