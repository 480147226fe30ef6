"""The task that builds networks from outside the zoo once: do they exist, and which input do they take?"""

from pathlib import Path

from bench.plain_text import plain_line
from bench.plan.subjects import networks
from bench.wire.messages import Network
from bench.wire.order import Task
from bench.worker.channel import Channel
from bench.worker.onnx_file import digest_of, self_contained
from models.registry import NetworkEntry


def inspect_networks(task: Task, channel: Channel) -> None:
    """One `network` message for each source; a network that cannot be built says why."""
    for source in task.sources:
        shape, digest, reason = (0, 0, 0), "", ""
        try:
            (entry,) = networks([source])
            if entry.library == "onnx":
                shape, digest = _onnx_input(entry, task.input_px)
            else:
                from bench.worker.build import look_at

                side, digest = look_at(entry, task.input_px or None)
                shape = (3, side, side)
        except (ValueError, OSError) as error:
            reason = plain_line(error, 500)
        channel.send(Network(source=source, input_shape=shape, digest=digest, reason=reason))


def _onnx_input(entry: NetworkEntry, input_px: int) -> tuple[tuple[int, int, int], str]:
    import onnx

    path = Path(entry.library_name)
    data = self_contained(path)
    graph = onnx.load_from_string(data).graph
    weights = {tensor.name for tensor in graph.initializer}
    try:
        (given,) = [value for value in graph.input if value.name not in weights]
    except ValueError:
        raise ValueError(f"expected {path} to be an ONNX model with one input; export it so") from None
    sizes = [dimension.dim_value for dimension in given.type.tensor_type.shape.dim]
    if len(sizes) != 4 or sizes[1] < 1:
        raise ValueError(f"expected {path} to take (N, C, H, W), got {sizes}; export it so")
    if input_px and any(size not in (0, input_px) for size in sizes[2:]):
        raise ValueError(f"expected --input {sizes[2]}, the size that {path} is fixed to, got {input_px}")
    height, width = (size or input_px for size in sizes[2:])
    if not (height and width):
        raise ValueError(f"expected {path} to fix its input size, it leaves it open; give it with --input N")
    return (sizes[1], height, width), digest_of(data)
