"""The task that builds networks from outside the zoo once: do they exist, and which input do they take?"""

from dataclasses import replace
from pathlib import Path

from bench.plain_text import plain_line
from bench.plan.subjects import networks
from bench.records.workload import GivenInputs, size_text
from bench.wire.messages import Network
from bench.wire.order import Task
from bench.worker.channel import Channel
from bench.worker.given_inputs import for_graph, read
from bench.worker.inputs import image_shape
from bench.worker.kept_inputs import saved
from bench.worker.onnx_file import Graph, digest_of, self_contained
from bench.worker.project import expect_from
from models.registry import NetworkEntry


def inspect_networks(task: Task, channel: Channel) -> None:
    """One `network` message for each source; a network that cannot be built says why."""
    for source in task.sources:
        found = Network(source=source)
        try:
            (entry,) = networks([source])
            if entry.library == "onnx":
                found = _of_file(entry, task.image, task.arrays)
            else:
                from bench.worker.first_look import look_at

                looked = look_at(entry, task.image, task.arrays)
                expect_from(task.origin.folder, source)
                found = looked
        except (ValueError, OSError) as error:
            found = replace(found, reason=plain_line(error, 500))
        except ImportError:
            raise  # torch itself: no other network would do better
        except Exception as error:  # noqa: BLE001 - a user's own may raise anything, also where it is only looked at
            reason = f"expected {source} to be a network, got {type(error).__name__}: {error}"
            found = replace(found, reason=plain_line(reason, 500))
        channel.send(found)


def _of_file(entry: NetworkEntry, asked: tuple[int, ...], arrays: str) -> Network:
    path = Path(entry.library_name)
    data = self_contained(path)
    graph = Graph.read(path, data)
    found = Network(source=entry.name, digest=digest_of(data), dtype=graph.dtype)
    if arrays:
        return _on_arrays(graph, found, arrays)
    graph.expect_sizes()
    sizes = dict(zip(graph.image.order, graph.image.sizes, strict=True))
    wanted = dict(zip("HW", asked, strict=True)) if asked else {}
    fixed = {axis: sizes[axis] for axis in "HW" if sizes[axis]}
    sides = list(fixed.values())
    if any(wanted.get(axis, size) != size for axis, size in fixed.items()):
        helps = f"--input {sides[0]}" if len(set(sides)) == 1 else "no --input"
        size, given = size_text(sides), size_text(tuple(dict.fromkeys(asked)))
        raise ValueError(f"expected {helps} for {path}, which is fixed to {size} pixels, got --input {given}")
    if len(fixed) < 2 and not asked:
        raise ValueError(f"expected {path} to fix its input size, it leaves it open; give it with --input N")
    shape = (graph.channels, sizes["H"] or wanted["H"], sizes["W"] or wanted["W"])
    return replace(found, input_shape=shape, batch=sizes["N"])


def _on_arrays(graph: Graph, found: Network, source: str) -> Network:
    arrays = for_graph(read(Path(source)), graph.inputs, source)
    images, declared = arrays[graph.inputs.index(graph.image)].shape, graph.image
    if not any(declared.sizes[1:]):
        declared = replace(declared, sizes=images)
    return replace(
        found,
        input_shape=image_shape(images, declared.order),
        batch=images[0],
        inputs=GivenInputs(source=source, digest=digest_of(saved(arrays))),
    )
