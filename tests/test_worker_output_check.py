"""When an output is the reference's, by hand: several arrays, numbers not finite, choices, quantised graphs."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from bench.worker.output_check import (
    QUANTISED_ERROR_LIMIT,
    Reference,
    WrongOutputError,
    arrays_in,
    check,
    expect_same_again,
    leaves,
    max_error,
    read_reference,
)
from bench.worker.runtimes.loaded import Loaded
from tests.made_up import unit

UNIT = unit()
Array = npt.NDArray[Any]
NAN, INF, LEAST = np.nan, np.inf, float(np.finfo("float32").min)


def array(*values: float, dtype: str = "float32") -> Array:
    return np.array(values, dtype=dtype)


def loaded(output: object) -> Loaded:
    return Loaded(step=lambda: None, output=lambda: output, threads=1)


def error(result: Array, reference: Array) -> float | None:
    return max_error([result], [reference])


def test_the_error_by_hand() -> None:
    """The largest difference is 0.5, the reference's maximum 4."""
    assert error(array(1, -3.5), array(1, -4)) == 0.125
    assert error(array(0, 0.25), array(0, 0)) == 0.25  # nothing to divide by
    with pytest.raises(WrongOutputError, match="shape"):
        error(array(1), array(1, 2))


def test_every_array_is_compared_by_its_own_maximum() -> None:
    right = [array(1000), array(1)]
    assert max_error([array(1000), array(1.5)], right) == 0.5
    with pytest.raises(WrongOutputError, match="expected an output of 2 arrays, got 1"):
        max_error([array(1000)], right)


@pytest.mark.parametrize(("dtype", "limit"), [("float32", 1e-4), ("float16", 1e-2), ("bfloat16", 5e-2), ("int8", 0.5)])
def test_the_limit_is_the_dtypes(dtype: str, limit: float) -> None:
    of, right = replace(UNIT, dtype=dtype), Reference(arrays=(array(1),))
    just = check(of, loaded(array(1 - 0.9 * limit)), lambda: right)
    assert just == pytest.approx(0.9 * limit, rel=1e-2)
    with pytest.raises(WrongOutputError, match="differs from fp32 eager"):
        check(of, loaded(array(1 - 1.1 * limit)), lambda: right)


def test_a_quantised_graph_has_a_limit_of_its_own() -> None:
    right = Reference(arrays=(array(1),), limit=QUANTISED_ERROR_LIMIT)
    assert check(UNIT, loaded(array(0.95)), lambda: right) == pytest.approx(0.05)
    with pytest.raises(WrongOutputError, match=r"by 0.2 of its maximum, allowed 0.1"):
        check(UNIT, loaded(array(0.8)), lambda: right)


@pytest.mark.parametrize("value", [NAN, INF])
def test_without_a_reference_float32_needs_one_finite_number_and_other_dtypes_nothing_else(value: float) -> None:
    assert check(UNIT, loaded([array(1, value), array()]), None) is None
    with pytest.raises(WrongOutputError, match="NaN or infinity alone"):
        check(UNIT, loaded(array(value)), None)
    with pytest.raises(WrongOutputError, match=r"NaN or infinity$"):
        check(replace(UNIT, dtype="bfloat16"), loaded(array(1, value)), None)


def test_what_is_not_finite_is_right_where_the_reference_has_the_same() -> None:
    reference = array(1, -INF, NAN, INF, 2)
    assert error(array(1, -INF, NAN, INF, 1), reference) == 0.5
    for wrong in (array(1, INF, NAN, INF, 2), array(1, -INF, 0, INF, 2), array(1, -INF, NAN, INF, NAN)):
        with pytest.raises(WrongOutputError, match="NaN or infinity"):
            error(wrong, reference)


def test_the_least_number_of_a_dtype_is_a_mask() -> None:
    """float16's is -65504, float32's -3.4e38: beside either, an error of the others would not be seen."""
    reference = array(LEAST, 4)
    assert error(array(-65504, 3, dtype="float16"), reference) == 0.25
    assert error(array(LEAST, 3), reference) == 0.25


def test_where_nothing_is_finite_nothing_is_checked_and_that_is_said() -> None:
    assert error(array(NAN), array(NAN)) is None
    assert max_error([array(NAN), array(1)], [array(NAN), array(1)]) == 0
    with pytest.raises(WrongOutputError, match="NaN or infinity alone"):
        check(UNIT, loaded(array(NAN)), lambda: Reference(arrays=(array(NAN),)))
    with pytest.raises(WrongOutputError, match="NaN or infinity alone"):
        expect_same_again([array(NAN)], [array(NAN)])


def test_an_empty_output_of_the_right_shape_is_right() -> None:
    boxes = np.zeros((0, 4), dtype="float32")
    assert error(boxes, boxes) == 0
    assert max_error([], []) == 0
    with pytest.raises(WrongOutputError, match=r"shape \(0, 4\), got \(1, 4\)"):
        error(np.zeros((1, 4), dtype="float32"), boxes)


@pytest.mark.parametrize(
    ("result", "reference", "expected"),
    [
        (array(7, 7, dtype="int64"), array(7, 7, dtype="int64"), 0),
        (
            array(9, 1, 1, 1, dtype="int64"),
            array(0, 1, 1, 1, dtype="int64"),
            0.25,
        ),  # another class in one of four
        (array(200, 100, dtype="uint8"), array(199, 99, dtype="uint8"), 1 / 199),  # every grey value is off by one
        (array(0, 1, dtype="bool"), array(1, 1, dtype="bool"), 0.5),
        (np.array(["cat", "dog"]), np.array(["cat", "cow"]), 0.5),
        (array(2, dtype="int64"), array(2.5), 0.2),
    ],
)
def test_integers_are_numbers_or_choices(result: Array, reference: Array, expected: float) -> None:
    assert error(result, reference) == pytest.approx(expected)


def test_what_answers_differently_each_time_is_called_so() -> None:
    expect_same_again([array(1)], [array(1.00001)])
    for again in ([array(1.1)], [array(1, 1)], [array(NAN)]):
        with pytest.raises(WrongOutputError, match="answers differently each time"):
            expect_same_again([array(1)], again)


class Pair(NamedTuple):
    first: object
    second: object


@dataclass
class Answer:
    logits: object
    hidden: object = None


@pytest.mark.parametrize(
    "nest",
    [
        [1, (2, 3)],
        {"b": 1, "a": [2, 3]},
        OrderedDict(b=Pair(1, 2), a=3),
        Answer(logits=1, hidden={"x": 2, "y": 3}),
        [Answer(logits=1), None, Pair(2, [3])],
    ],
)
def test_a_nest_is_taken_apart_in_its_order(nest: object) -> None:
    assert list(leaves(nest)) == [1, 2, 3]


def test_what_a_graph_answers_becomes_arrays() -> None:
    """A tensor of texts and a sequence of maps are what scikit-learn's classifiers give."""
    labels = np.array(["cat", "dog"], dtype=object)
    found = arrays_in([labels, [{"cat": 0.25, "dog": 0.75}]])
    assert [each.tolist() for each in found] == [["cat", "dog"], 0.25, 0.75]
    with pytest.raises(ValueError, match="arrays of numbers"):
        arrays_in(object())


def test_a_reference_is_kept_whole_and_as_the_same_bytes(tmp_path: Path) -> None:
    arrays = (
        array(1, NAN),
        array(1, dtype="bool"),
        np.zeros((0, 4)),
        np.array(["cat"]),
        np.array([[2]], dtype="float32"),
    )
    data = Reference(arrays=arrays, limit=0.1).saved()
    assert Reference(arrays=arrays, limit=0.1).saved() == data
    (tmp_path / "a").write_bytes(data)
    found = read_reference(tmp_path / "a")
    assert found.limit == 0.1
    np.testing.assert_equal(list(found.arrays), list(arrays))
    assert [each.dtype for each in found.arrays] == [each.dtype for each in arrays]


def test_a_reference_that_would_swell_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", output0=np.zeros(1 << 20), limit=0)
    with pytest.raises(ValueError, match="compressed"):
        read_reference(tmp_path / "a.npz")
