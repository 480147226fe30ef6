"""ncnn's two files in one, made by pnnx: runs in the converter's process alone."""

import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from bench.worker.calibration_files import calibration_batches
from bench.worker.runtimes.ncnn_runtime import GRAPH, WEIGHTS, write_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch.fx import GraphModule

_LAYER = re.compile(r"[A-Za-z0-9]+")  # how ncnn names its own: what pnnx could not translate has dots or colons


def convert(program: Path, target: Path, dtype: str) -> None:
    """Write the network for one image, in float32 but for int8; ValueError where ncnn lacks one of its layers."""
    import torch

    saved = torch.export.load(program)
    image, module = only_image(saved.example_inputs[0]), saved.module()
    say_otherwise(module)
    torch.jit.trace(module, image, check_trace=False).save("network.pt")  # type: ignore[no-untyped-call]  # as PyTorch has it
    _run_pnnx(image.shape)
    expect_known(Path(GRAPH).read_text())
    if dtype == "int8":
        from bench.worker.runtimes.ncnn_int8 import quantise

        quantise(Path(GRAPH), Path(WEIGHTS), (images[0] for (images,) in calibration_batches(program)))
    write_file(Path(GRAPH), Path(WEIGHTS), target)


def only_image(inputs: "Sequence[torch.Tensor]") -> "torch.Tensor":
    """The input; ValueError where there are others beside it, or it holds no floats."""
    if len(inputs) != 1 or not inputs[0].is_floating_point():
        kinds = ", ".join(str(each.dtype).removeprefix("torch.") for each in inputs)
        raise ValueError(f"expected a network with one input of floats, which is what ncnn is given, got {kinds}")
    return inputs[0]


def say_otherwise(module: "GraphModule") -> None:
    """Operations that pnnx does not know, by others of the same result: an alias is its input, addcmul a + v b c."""
    import torch

    aten, graph = torch.ops.aten, module.graph
    for node in graph.nodes:
        if node.target not in (aten.alias.default, aten.addcmul.default):
            continue
        with graph.inserting_before(node):
            same = node.args[0]
            if node.target is aten.addcmul.default:
                product = graph.call_function(aten.mul.Tensor, node.args[1:])
                same = graph.call_function(aten.add.Tensor, (same, product), {"alpha": node.kwargs.get("value", 1)})
        node.replace_all_uses_with(same)
        graph.erase_node(node)
    module.recompile()


def _run_pnnx(sizes: "tuple[int, ...]") -> None:
    """In the current folder, which pnnx fills with what nobody asked for."""
    import pnnx

    shape = ",".join(map(str, sizes))
    names = (f"ncnnparam={GRAPH}", f"ncnnbin={WEIGHTS}")
    command = [pnnx.EXEC_PATH, "network.pt", f"inputshape=[{shape}]f32", "fp16=0", *names]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode or not Path(GRAPH).is_file():
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise ValueError(f"pnnx ended with {done.returncode}: {' / '.join(said[-2:])}")


def expect_known(graph: str) -> None:
    """ValueError where a .param file holds what pnnx left untranslated."""
    kinds = Counter(line.split()[0] for line in graph.splitlines()[2:] if line.strip())
    foreign = [f"{kind} ({count})" for kind, count in kinds.items() if not _LAYER.fullmatch(kind)]
    if foreign:
        raise ValueError(f"ncnn has no layer for {', '.join(foreign)}")
