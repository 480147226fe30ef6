"""ncnn on the CPU, from the network that pnnx converted. Imports neither torch nor our operators: a board runs it."""

import shutil
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from bench.records.workload import Unit
from bench.worker.inputs import Declared, input_arrays
from bench.worker.runtimes.loaded import Loaded, UnsupportedError
from bench.worker.runtimes.ncnn_graph import read_graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

GRAPH, WEIGHTS = "network.param", "network.bin"  # what pnnx is told to write
# What each dtype switches on. As it comes, ncnn keeps weights in float16 wherever a layer can.
_STORAGE = {
    "float32": (),
    "bfloat16": ("use_bf16_storage",),
    "float16": ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"),
    "int8": ("use_int8_inference",),  # what is not quantised in the file stays float32
}
# What a user turns, by the row's names in bench/plan/runtimes.py; named here, so that no version's own choice slips in.
_TURNED = {
    "winograd": "use_winograd_convolution",
    "sgemm": "use_sgemm_convolution",
    "packing": "use_packing_layout",
}
_SUPPORT = {"bfloat16": "support_bf16_storage", "float16": "support_fp16_storage"}


def load(unit: Unit, path: Path) -> Loaded:
    """Open the converted network on the unit's threads; UnsupportedError where this CPU lacks the dtype."""
    net = opened(unit, path)
    (images,) = input_arrays(unit, [Declared(name="", dtype="float32", sizes=(0, 0, 0, 0))])
    call = Call(net, images)
    return Loaded(
        step=call,
        output=call.arrays,
        threads=int(net.opt.num_threads),
        anew=lambda: load(unit, path),
        answer=lambda images: Call(net, images).arrays(),
        notes=(*_kept_in(net, unit.dtype), *_one_by_one(unit.batch)),
    )


def opened(unit: Unit, path: Path) -> Any:
    """The network of a converted file as the unit wants it; UnsupportedError where this CPU lacks the dtype."""
    with TemporaryDirectory() as folder, ZipFile(path) as file:
        graph = Path(file.extract(GRAPH, folder))
        # Its weights lie at the start of the file, which ncnn reads no further: they are not unpacked.
        return opened_files(graph, path, unit.threads, unit.dtype, unit.switched)


def write_file(graph: Path, weights: Path, target: Path) -> None:
    """The one file of ncnn's own two: the weights, and behind them an archive that holds the graph."""
    shutil.copyfile(weights, target)
    with ZipFile(target, "a") as file:
        file.write(graph, GRAPH)


def opened_files(
    graph: Path, weights: Path, threads: int, dtype: str, switches: "Mapping[str, str] | None" = None
) -> Any:
    """The same from ncnn's own two files, which are not needed any more then."""
    import ncnn

    if dtype == "float16" and not ncnn.cpu_support_arm_asimdhp():
        # Elsewhere a few layers keep their weights in it, and none computes in it.
        raise UnsupportedError("ncnn computes in float16 on ARM CPUs with asimdhp alone, this one has not got it")
    net = ncnn.Net()
    _set(net.opt, threads, dtype, switches or {})
    if net.load_param(str(graph)) or net.load_model(str(weights)):
        raise ValueError("expected a network that ncnn opens, it refuses a layer or its weights; update ncnn and pnnx")
    if dtype in _SUPPORT and not _able(net, dtype):
        raise UnsupportedError(f"asked ncnn for {dtype}, none of its layers has it on this CPU")
    return net


def precision(unit: Unit, path: Path) -> "Mapping[str, int]":
    """Of an int8 file how many of its layers that multiply are int8; ncnn tells of no other dtype what it computes."""
    if unit.dtype != "int8":
        return {}
    with ZipFile(path) as file:
        layers = read_graph(file.read(GRAPH).decode())
    return Counter("int8" if layer.in_int8 else "float32" for layer in layers if layer.multiplies)


def _set(options: Any, threads: int, dtype: str, switches: "Mapping[str, str]") -> None:
    options.num_threads = threads
    options.use_vulkan_compute = False
    for name in (each for names in _STORAGE.values() for each in names):
        setattr(options, name, name in _STORAGE[dtype])
    for word, name in _TURNED.items():
        setattr(options, name, switches.get(word, "on") == "on")


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
    if dtype not in _SUPPORT:
        return ()
    return (f"{_able(net, dtype)} of {len(net.layers())} layers keep {dtype}, around the others ncnn converts",)


def _one_by_one(batch: int) -> tuple[str, ...]:
    return (f"ncnn takes one image: a batch of {batch} is {batch} calls",) if batch > 1 else ()
