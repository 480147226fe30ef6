"""Names in an exported graph that say which module an operation comes from, so that a runtime's profile says it too."""

import ast
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from models.onnx_params import with_subgraphs

_SCOPES = "pkg.torch.onnx.name_scopes"  # where torch's exporter writes the paths of the modules around an operation
_WEIGHT = ".weight"


def name_by_module(graph: Any) -> None:
    """Call each node `path.of.module/Conv_12`, and what it makes alike: runtimes name fused nodes after either.

    The graph's own inputs and outputs and its weights keep their names.
    """
    fixed = {value.name for value in graph.output}
    renamed: dict[str, str] = {}
    for number, (node, path) in enumerate(zip(graph.node, _paths(graph), strict=True)):
        node.name = f"{path}/{node.op_type}_{number}" if path else f"{node.op_type}_{number}"
        for index, output in enumerate(node.output):
            if output and output not in fixed:
                renamed[output] = node.name if index == 0 else f"{node.name}.{index}"
    for inner in with_subgraphs(graph):
        for node in inner.node:
            node.input[:] = [renamed.get(name, name) for name in node.input]
    for node in graph.node:
        node.output[:] = [renamed.get(name, name) for name in node.output]
    for value in graph.value_info:
        value.name = renamed.get(value.name, value.name)


def layer_of(node: Any) -> str:
    """The path of the module that a node's name tells, as ours and torch's older exporter write it; else its name."""
    name = str(node.name)
    path, _, _ = name.rpartition("/")
    return path.strip("/") or name or str(node.op_type)


def _paths(graph: Any) -> list[str]:
    """Of each node: the module whose weight it takes, else what the exporter says, else what its readers share."""
    weights = {tensor.name for tensor in graph.initializer}
    readers: dict[str, list[str]] = {}
    found = []
    for node in reversed(graph.node):
        path = _told(node, weights)
        if path is None:  # what torch took apart while it exported
            path = _shared([reader for output in node.output for reader in readers.get(output, ())])
        found.append(path)
        for name in node.input:
            readers.setdefault(name, []).append(path)
    return found[::-1]


def _told(node: Any, weights: set[str]) -> str | None:
    # A batch norm that was folded leaves its own scope to the convolution.
    for name in node.input[1:2]:
        if name in weights and name.endswith(_WEIGHT):
            return str(name).removesuffix(_WEIGHT)
    told = next((item.value for item in node.metadata_props if item.key == _SCOPES), "")
    try:
        scopes = ast.literal_eval(told)  # of the network itself, of each module on the way, of the operation
        return str(scopes[-2])
    except (ValueError, SyntaxError, IndexError, TypeError):
        return None


def _shared(paths: Sequence[str]) -> str:
    """The innermost module that holds all of them."""
    steps = zip(*(path.split(".") for path in paths), strict=False)
    return ".".join(step[0] for step in takewhile(lambda step: len(set(step)) == 1, steps))
