"""Whether an output is the reference's: every array, NaN and infinity where the reference has them. numpy only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_STORED

from bench.records.workload import Unit
from bench.worker.probes import PROBES, kept, probe_images, unexplained
from bench.worker.runtimes.loaded import Loaded

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

# measurement.md rule 2: max |y - reference| / max |reference|.
ERROR_LIMITS = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2, "int8": 0.5}
TF32_ERROR_LIMIT = 1e-2
# A graph in int8 rounds to one of 255 steps after every layer, and an optimised one rounds elsewhere: ONNX Runtime's
# own answers of MobileNetV2, ResNet18, SqueezeNet and FasterNet-T0 differ by up to five steps, 0.04 of the maximum.
QUANTISED_ERROR_LIMIT = 0.1
# Of how fp32's answers are spread, what an answer to all inputs alike is off by at least; right ones of networks with
# random weights are off by 0.08 to 0.37 (docs/precision.md).
CONSTANT = 1.0
# What a mask fills in for minus infinity is its dtype's least number: another one in every dtype.
_NEARLY_INFINITE = 0.99


NOTHING_TO_COMPARE = "fp32 eager itself answers with NaN or infinity alone, which no output can be compared with"


class WrongOutputError(Exception):
    """The output is not that of fp32 eager."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The arrays that an output is compared with, in its order, and how far it may be off."""

    arrays: "tuple[Array, ...]"
    limit: float = 0.0  # 0: that of the unit's dtype
    probed: "tuple[Array, ...]" = ()  # what bench.worker.probes keeps of the answers to its images, of an int8 unit

    def saved(self) -> bytes:
        """As an .npz file, the same bytes for the same values."""
        import numpy as np

        buffer = BytesIO()
        members = {f"output{number}": array for number, array in enumerate(self.arrays)}
        members |= {f"probed{number}": array for number, array in enumerate(self.probed)}
        np.savez(buffer, allow_pickle=False, limit=np.float64(self.limit), **members)
        return buffer.getvalue()


def read_reference(path: Path) -> Reference:
    """What `saved` wrote; ValueError where the file would need more memory than it has bytes."""
    import numpy as np

    with np.load(path, allow_pickle=False) as file:
        if any(member.compress_type != ZIP_STORED for member in file.zip.infolist()):
            raise ValueError(f"expected the reference output in {path.name} as it lies in memory, got it compressed")
        arrays, probed = (
            tuple(file[f"{word}{number}"] for number in range(sum(name.startswith(word) for name in file.files)))
            for word in ("output", "probed")
        )
        return Reference(arrays=arrays, limit=float(file["limit"]), probed=probed)


def leaves(answer: object) -> Iterator[object]:
    """What a nest of sequences, mappings and dataclasses holds, in its order; None is nothing."""
    if isinstance(answer, Mapping):
        answer = tuple(answer.values())
    elif is_dataclass(answer) and not isinstance(answer, type):
        answer = tuple(getattr(answer, each.name) for each in fields(answer))
    if isinstance(answer, list | tuple):
        for each in answer:
            yield from leaves(each)
    elif answer is not None:
        yield answer


def arrays_in(answer: object) -> "tuple[Array, ...]":
    """The arrays, numbers and texts in what a graph answers; ValueError for anything else."""
    import numpy as np

    found = tuple(np.asarray(leaf) for leaf in leaves(answer))
    # A tensor of texts, which numpy could save as pickles only.
    found = tuple(array.astype(str) if _holds_texts(array) else array for array in found)
    if unknown := next((array for array in found if array.dtype.kind not in "biufcU"), None):
        raise ValueError(f"expected arrays of numbers as output, got {unknown.dtype}; export the graph without it")
    return found


def _holds_texts(array: "Array") -> bool:
    return array.dtype.kind == "O" and all(isinstance(each, str) for each in array.flat)


def check(unit: Unit, loaded: Loaded, reference: Callable[[], Reference] | None) -> float | None:
    """Largest relative error against the reference; raises WrongOutputError above the limit."""
    import numpy as np

    results = arrays_in(loaded.output())
    if reference is None:
        # A live module: in float32 its own answer is the reference, in which infinity may be a mask.
        enough = np.any if unit.dtype == "float32" else np.all
        if not all(enough(np.isfinite(array)) for array in results if array.size and array.dtype.kind in "fc"):
            raise WrongOutputError(f"the output holds NaN or infinity{' alone' * (enough is np.any)}")
        return None
    right = reference()
    error = max_error(results, right.arrays)
    if error is None:
        raise WrongOutputError(NOTHING_TO_COMPARE)
    limit = right.limit or ERROR_LIMITS[unit.dtype]
    if unit.settings.tf32 and unit.accelerator and unit.dtype == "float32":
        limit = max(limit, TF32_ERROR_LIMIT)
    if error > limit:
        raise WrongOutputError(f"the output differs from fp32 eager by {error:.2g} of its maximum, allowed {limit:g}")
    if right.probed and loaded.answer is not None:
        _expect_to_follow(right.probed, map(arrays_in, map(loaded.answer, probe_images(unit))))
    return error


def _expect_to_follow(references: "Sequence[Array]", answers: "Iterable[Sequence[Array]]") -> None:
    """WrongOutputError where one answer to all probes would be as near to fp32's."""
    off = unexplained(kept(answers), references)
    if off >= CONSTANT * (1 - 1e-6):  # rounding
        raise WrongOutputError(
            f"its answers to {PROBES} inputs are off by {off:.2g} of how fp32 eager's differ: one answer to all of them"
            " would be as near"
        )


def expect_same_again(first: "Sequence[Array]", again: "Sequence[Array]") -> None:
    """WrongOutputError where two calls on one input differ: nothing can be compared with such a network."""
    try:
        error = max_error(again, first)
    except WrongOutputError as how:
        difference = str(how)
    else:
        if error is None:
            raise WrongOutputError(NOTHING_TO_COMPARE)
        if error <= ERROR_LIMITS["float32"]:
            return
        difference = f"by {error:.2g} of its maximum"
    raise WrongOutputError(
        f"the network answers differently each time it is called on the same input ({difference}), so its output cannot"
        " be checked; leave out what is random in evaluation (dropout that ignores self.training) or keeps state"
    )


def max_error(results: "Sequence[Array]", references: "Sequence[Array]") -> float | None:
    """The largest error of any array, relative to its reference's maximum; None where that is never finite.

    Raises WrongOutputError where their number or shapes differ, or one is not finite where the other is.
    """
    if len(results) != len(references):
        raise WrongOutputError(f"expected an output of {len(references)} arrays, got {len(results)}")
    errors = [_error(result, reference) for result, reference in zip(results, references, strict=True)]
    return max((error for error in errors if error is not None), default=None if errors else 0.0)


def _error(result: "Array", reference: "Array") -> float | None:
    """Of one array; None where the reference holds no finite number."""
    import numpy as np

    if result.shape != reference.shape:
        raise WrongOutputError(f"expected an output of shape {reference.shape}, got {result.shape}")
    if not result.size:
        return 0.0
    kinds = result.dtype.kind + reference.dtype.kind
    if not set(kinds) & set("fc"):
        return _error_of_choices(result, reference)
    result, reference = _infinities(result), _infinities(reference)
    finite = np.isfinite(reference)
    if not finite.all():
        if not np.array_equal(result[~finite], reference[~finite], equal_nan=True):
            raise WrongOutputError("the output is not NaN or infinity where fp32 eager's is")
        result, reference = result[finite], reference[finite]
        if not result.size:
            return None
    if not np.isfinite(result).all():
        raise WrongOutputError("the output holds NaN or infinity, fp32 eager's does not there")
    return _relative(result, reference)


def _error_of_choices(result: "Array", reference: "Array") -> float:
    """Integers are numbers (a grey value) or choices (a class): they are right where either reading is."""
    import numpy as np

    share = float(np.mean(result != reference))
    if not share or not {result.dtype.kind, reference.dtype.kind} <= set("iu"):
        return share
    return min(share, _relative(result.astype("float64"), reference.astype("float64")))


def _relative(result: "Array", reference: "Array") -> float:
    import numpy as np

    scale = float(np.abs(reference).max())
    difference: Any = np.abs(result - reference).max()
    return float(difference) / (scale or 1.0)


def _infinities(array: "Array") -> "Array":
    """At least float32, with the largest numbers of its own dtype as infinities."""
    import numpy as np

    wide = array.astype(np.promote_types(array.dtype, "float32"), copy=False)
    if array.dtype.kind != "f":
        return wide
    with np.errstate(invalid="ignore"):
        largest = np.abs(wide) >= _NEARLY_INFINITE * float(np.finfo(array.dtype).max)
    return np.where(largest, np.copysign(wide.dtype.type("inf"), wide), wide) if largest.any() else wide
