"""ncnn on the CPU, from the network that pnnx converted. Imports neither torch nor our operators: a board runs it."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from bench.records.workload import Unit
from bench.worker.inputs import input_array
from bench.worker.runtimes.loaded import Loaded, UnsupportedError

if TYPE_CHECKING:
    import numpy.typing as npt

GRAPH, WEIGHTS = "network.param", "network.bin"  # in the one file that the converter makes
# What each dtype switches on. As it comes, ncnn keeps weights in float16 wherever a layer can.
_SWITCHES = {
    "float32": (),
    "bfloat16": ("use_bf16_storage",),
    "float16": ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"),
}
_SUPPORT = {"bfloat16": "support_bf16_storage", "float16": "support_fp16_storage"}


def load(unit: Unit, path: Path) -> Loaded:
    """Open the converted network on the unit's threads; UnsupportedError where this CPU lacks the dtype."""
    net = opened(path, unit.threads, unit.dtype)
    call = Call(net, input_array(unit))
    return Loaded(
        step=call,
        output=call.arrays,
        threads=int(net.opt.num_threads),
        anew=lambda: load(unit, path),
        notes=(*_kept_in(net, unit.dtype), *_one_by_one(unit.batch)),
    )


def opened(path: Path, threads: int, dtype: str) -> Any:
    """The network of a converted file on so many threads; UnsupportedError where this CPU lacks the dtype."""
    with TemporaryDirectory() as folder, ZipFile(path) as file:
        file.extractall(folder, (GRAPH, WEIGHTS))
        return opened_files(Path(folder, GRAPH), Path(folder, WEIGHTS), threads, dtype)


def opened_files(graph: Path, weights: Path, threads: int, dtype: str) -> Any:
    """The same from ncnn's own two files, which are not needed any more then."""
    import ncnn

    if dtype not in _SWITCHES:
        raise UnsupportedError(f"ncnn computes a network as it was converted in {', '.join(_SWITCHES)}, not in {dtype}")
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    for name in (each for names in _SWITCHES.values() for each in names):
        setattr(net.opt, name, name in _SWITCHES[dtype])
    if net.load_param(str(graph)) or net.load_model(str(weights)):
        raise ValueError("expected a network that ncnn opens, it refuses a layer or its weights; update ncnn and pnnx")
    if dtype != "float32" and not _able(net, dtype):
        raise UnsupportedError(f"asked ncnn for {dtype}, none of its layers has it on this CPU")
    return net


def _able(net: Any, dtype: str) -> int:
    """How many layers say that they keep values in that dtype on this CPU; the others take and give float32."""
    return sum(bool(getattr(layer, _SUPPORT[dtype])) for layer in net.layers())


class Call:
    """One call of a user for each image: a new extractor, its input, its outputs. ncnn knows no batch."""

    def __init__(self, net: Any, images: "npt.NDArray[Any]") -> None:
        import ncnn

        self._net, self._mat = net, ncnn.Mat
        # Copies, as ncnn aligns them: it neither owns nor counts the users of an array's memory.
        self._images = [ncnn.Mat(image).clone() for image in images]
        (self._input,) = net.input_names()
        self._outputs = sorted(net.output_names(), key=lambda name: (len(name), name))  # out0, out1, ... out10

    def __call__(self) -> list[list[tuple[int, Any]]]:
        return [self._answer(image) for image in self._images]

    def _answer(self, image: Any) -> list[tuple[int, Any]]:
        """The status and the value of each output."""
        extractor = self._net.create_extractor()
        extractor.input(self._input, image)
        values = [self._mat() for _ in self._outputs]
        return [(extractor.extract(name, each), each) for name, each in zip(self._outputs, values, strict=True)]

    def arrays(self) -> "list[npt.NDArray[Any]]":
        """The outputs of one call as arrays, the images one below the other; ValueError where ncnn gave up."""
        import numpy as np

        answers = self()
        if failed := [status for answer in answers for status, _ in answer if status]:
            raise ValueError(f"expected ncnn to compute every layer, its call ended with {failed[0]}")
        return [np.stack([np.array(value) for _, value in output]) for output in zip(*answers, strict=True)]


def _kept_in(net: Any, dtype: str) -> tuple[str, ...]:
    if dtype == "float32":
        return ()
    return (f"{_able(net, dtype)} of {len(net.layers())} layers keep {dtype}, around the others ncnn converts",)


def _one_by_one(batch: int) -> tuple[str, ...]:
    return (f"ncnn takes one image: a batch of {batch} is {batch} calls",) if batch > 1 else ()
