"""LiteRT (formerly TensorFlow Lite) on a CPU: XNNPACK computes what it can, LiteRT's own kernels the rest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.records.workload import Unit
from bench.worker.inputs import Declared, input_arrays
from bench.worker.runtimes.litert_graphs import marked_for_float16
from bench.worker.runtimes.loaded import Loaded, UnsupportedError

_DELEGATE = "DELEGATE"  # LiteRT's name of a node that stands for what a delegate took over
_PRODUCTS = frozenset(
    ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONV_3D", "FULLY_CONNECTED", "BATCH_MATMUL")
)  # by LiteRT's names


@dataclass(frozen=True, kw_only=True)
class Node:
    """An operation of the graph, or what a delegate made of several; tensors by their numbers."""

    name: str
    inputs: frozenset[int]
    outputs: tuple[int, ...]


def load(unit: Unit, path: Path) -> Loaded:
    """Open a .tflite file on the unit's threads and put its input in place: a step is one `invoke`.

    Its output is an UnsupportedError where XNNPACK computes in float32 though float16 is asked for.
    """
    before = _threads()
    opened = interpreter(path, unit.threads, unit.dtype)
    # LiteRT tells no number of threads, but XNNPACK starts all but the calling one as the graph is set up.
    threads = 1 + len(_threads() - before)
    places = [each["index"] for each in opened.get_input_details()]
    declared = [_declared(each) for each in opened.get_input_details()]

    def put(images: Any = None) -> None:
        for place, array in zip(places, input_arrays(unit, declared, images), strict=True):
            opened.set_tensor(place, array)

    put()
    results = [each["index"] for each in opened.get_output_details()]

    def output() -> list[Any]:
        opened.invoke()
        found = [opened.get_tensor(index) for index in results]
        if unit.dtype == "float16":
            _expect_float16(found)
        return found

    def answer(images: Any) -> list[Any]:
        put(images)
        found = output()
        put()
        return found

    nodes = nodes_of(opened)
    taken = delegated(nodes)
    return Loaded(
        step=opened.invoke,
        output=output,
        threads=threads,
        anew=lambda: load(unit, path),
        answer=answer,
        delegated=(len(taken), sum(node.name != _DELEGATE for node in nodes)),
        notes=_left_out(nodes, taken),
    )


def precision(unit: Unit, path: Path) -> Mapping[str, int]:
    """Of an int8 file, by the dtype of what each gives: a kernel gives int8 from int8 alone."""
    if unit.dtype != "int8":  # what becomes of float16 its output tells
        return {}
    import numpy as np

    opened = interpreter(path, unit.threads)
    dtypes = {each["index"]: np.dtype(each["dtype"]).name for each in opened.get_tensor_details()}
    return Counter(dtypes[node.outputs[0]] for node in nodes_of(opened) if node.name in _PRODUCTS)


def interpreter(path: Path, threads: int, dtype: str = "float32") -> Any:
    """An interpreter with LiteRT's default delegate, XNNPACK, whose tensors have their memory.

    In float16 XNNPACK computes a float32 file that is marked as fit for it, where the CPU has such instructions.
    """
    from ai_edge_litert.interpreter import Interpreter

    if dtype == "float16":
        opened = Interpreter(model_content=marked_for_float16(path), num_threads=threads)
    else:
        opened = Interpreter(model_path=str(path), num_threads=threads)
    opened.allocate_tensors()
    return opened


def nodes_of(opened: Any) -> tuple[Node, ...]:
    """Every operation of the file, those that a delegate took over too, and then the delegate's own nodes."""
    return tuple(
        Node(name=told["op_name"], inputs=frozenset(map(int, told["inputs"])), outputs=tuple(map(int, told["outputs"])))
        for told in opened._get_ops_details()
    )


def delegated(nodes: Sequence[Node]) -> frozenset[int]:
    """The places in `nodes` of the operations that a delegate computes.

    A delegate's node names the tensors at its borders alone: what lies between them it has taken over.
    """
    makers = {tensor: place for place, node in enumerate(nodes) if node.name != _DELEGATE for tensor in node.outputs}
    taken: set[int] = set()
    for delegate in (node for node in nodes if node.name == _DELEGATE):
        waiting = set(delegate.outputs)
        while waiting:
            tensor = waiting.pop()
            if tensor in makers and tensor not in delegate.inputs and makers[tensor] not in taken:
                taken.add(makers[tensor])
                waiting |= nodes[makers[tensor]].inputs
    return frozenset(taken)


def _expect_float16(outputs: Sequence[Any]) -> None:
    """What XNNPACK computes in float16 comes as float32, but is a number of float16."""
    import numpy as np

    floats = [array for array in outputs if array.dtype.kind == "f"]
    with np.errstate(over="ignore"):
        if not any((array == array.astype(np.float16)).all() for array in floats):
            raise UnsupportedError("asked LiteRT for float16, on this CPU it computes in float32")


def _left_out(nodes: Sequence[Node], taken: frozenset[int]) -> tuple[str, ...]:
    """Which operations LiteRT's own kernels compute; they also cut the graph into parts."""
    left = Counter(node.name for place, node in enumerate(nodes) if place not in taken and node.name != _DELEGATE)
    if not left:
        return ()
    parts = sum(node.name == _DELEGATE for node in nodes)
    names = ", ".join(f"{count} {name}" for name, count in sorted(left.items()))
    return (f"XNNPACK computes {parts} part{'s' * (parts != 1)} of the graph, LiteRT's own kernels {names}",)


def _declared(told: Any) -> Declared:
    import numpy as np

    return Declared(name=told["name"], dtype=np.dtype(told["dtype"]).name, sizes=tuple(map(int, told["shape"])))


def _threads() -> frozenset[Path]:
    """Of this process, as the kernel shows them."""
    return frozenset(Path("/proc/self/task").iterdir())
