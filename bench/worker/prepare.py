"""The task that makes what units need beforehand: cost, fp32 eager's output, and the ONNX graph."""

import json
import os
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cache.store import Store
from bench.plan import subjects
from bench.plan.runtimes import runtime
from bench.records.artifact import Artifact
from bench.records.measurement import Cost
from bench.records.workload import Unit, Workload
from bench.wire.decode import encode
from bench.wire.messages import Begin
from bench.wire.order import Order, Task
from bench.worker import build
from bench.worker.channel import Channel, one_line
from bench.worker.converted import converted
from bench.worker.copies import end_copies
from bench.worker.failure import classify
from bench.worker.given_inputs import for_graph, read
from bench.worker.inputs import Declared, input_array
from bench.worker.kept_inputs import saved
from bench.worker.onnx_file import Graph, digest_of, self_contained
from bench.worker.output_check import QUANTISED_ERROR_LIMIT, Reference, arrays_in, expect_same_again
from bench.worker.probes import kept, probe_images
from bench.worker.project import expect_from
from bench.worker.runtimes.loaded import UnsupportedError
from bench.worker.runtimes.pytorch import to_arrays
from bench.worker.torch_inputs import inputs_of, with_given

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy.typing as npt
    import torch
    from torch import nn

    from models.counting import NetworkCost


def export_units(task: Task, channel: Channel) -> None:
    """One `artifact` message for each unit: its files' digests and cost, or the reason why there are none."""
    store = Store(Path(task.cache))
    for order in task.orders:
        channel.send(Begin(), order)
        started, unit = time.monotonic(), order.unit
        try:
            made = _onnx_file(unit, store) if subjects.is_onnx_file(unit.workload) else _from_module(order, store)
            made = _quantised(made, unit, store) if unit.dtype == "int8" else made
        except Exception as error:  # noqa: BLE001 - whatever an exporter raises, the row must say it
            kind, reason = classify(error)
            made = Artifact(kind="build" if kind == "error" else kind, reason=reason)
        channel.send(replace(made, seconds=time.monotonic() - started), order)


def _from_module(order: Order, store: Store) -> Artifact:
    import torch

    last: Cost | None = None
    unit = order.unit
    workload, plain = unit.workload, True
    with torch.no_grad():
        published = _published(unit, store) if workload.model is not None else None
        image = torch.from_numpy(input_array(unit))
        if published is None:
            cost = subjects.operator_cost_of(workload, unit.batch, unit.dtype)
            module = build.build_module(_reference_workload(workload), image)
            reference = to_arrays(module(image))
            probed = _probed(unit, lambda images: to_arrays(module(torch.from_numpy(images))))
        else:
            reference, plain = _reference_of(published, image)
            probed = _probed(unit, lambda images: to_arrays(published(torch.from_numpy(images))))
            # A user's own may keep what it was given where a copy does not reach.
            count = partial(build.count_network, images=image, shapes_only=not subjects.is_factory(workload))
            before = count(published)
            merged: list[NetworkCost] = []
            timed = build.timed_form(published, workload, image.clone(), look=lambda form: merged.append(count(form)))
            module = timed.network
            cost_of = partial(
                build.network_cost_of,
                before,
                dtype=unit.dtype,
                merged=next(iter(merged), None),
                notes=timed.notes,
            )
            cost, last = cost_of(count(module)), cost_of(count(module, channels_last=True))
    found = Artifact(
        reference=store.add_bytes(Reference(arrays=reference, probed=probed).saved()),
        cost=cost,
        channels_last_cost=None if last == cost else last,
        inputs=workload.given,
    )
    row = runtime(unit.runtime)
    if row.graph:
        module = build.build_module(workload, image) if workload.operator is not None else module
        try:
            network, example = inputs_of(module, image, getattr(torch, unit.graph_dtype))
            form = build.exported_form(network, workload)
            with _beside(store) as path:
                if row.converter:
                    found = _noted(found, *converted(order, build.plain_form(form, plain=plain), example, path))
                else:
                    build.export_graph(form, example, getattr(torch, unit.graph_dtype), path, plain=plain)
                found = replace(found, model=store.add_file(path))
        except Exception as error:  # noqa: BLE001 - the network can still be timed in eager
            what = f"no network for {row.title}" if row.converter else "no ONNX graph"
            found = replace(found, graph_reason=f"{what}: {one_line(error)}")
        else:
            found = found if row.converter else _looked_through(found, workload, store)
    return found


def _published(unit: Unit, store: Store) -> "nn.Module":
    """The unit's network as published, with the weights and on the arrays that a user gave, which are kept."""
    workload = unit.workload
    network = build.network_as_made(workload)
    end_copies()
    if workload.model is not None and workload.given:
        from bench.worker.first_look import given_bytes

        _keep(given_bytes(subjects.network_entry(workload), network, workload.model.inputs.source), workload, store)
    whole = with_given(network, workload)
    _refuse_another(network, workload)
    if subjects.is_factory(workload):
        expect_from(unit.origin.folder, workload.name)
    build.give_weights(network, workload)
    return whole


def _keep(data: bytes, workload: Workload, store: Store) -> None:
    """The arrays are those that were planned, whatever lies at that path now."""
    if workload.model is not None and store.add_bytes(data) != workload.given:
        raise ValueError(
            f"expected the arrays of {workload.model.inputs.source} that this run was planned with, they have changed;"
            " begin a new run"
        )


def _quantised(made: Artifact, unit: Unit, store: Store) -> Artifact:
    """With the graph in int8 in the place of the float32 one, whose counts stay; its cost says how it was made.

    What a converter made is in int8 already.
    """
    if not made.model or made.cost is None or runtime(unit.runtime).converter:
        return made
    from bench.worker.quantise import quantise

    try:
        with _beside(store) as path:
            note = quantise(store.path(made.model), path, unit)
            return replace(_noted(made, note), model=store.add_file(path))
    except Exception as error:  # noqa: BLE001 - a quantiser raises whatever its many parts raise
        return replace(made, model="", graph_reason=f"no graph in int8: {one_line(error)}")


def _noted(made: Artifact, *notes: str) -> Artifact:
    cost = made.cost
    return made if cost is None else replace(made, cost=replace(cost, notes=(*cost.notes, *notes)))


def _reference_of(network: "nn.Module", image: "torch.Tensor") -> "tuple[tuple[npt.NDArray[Any], ...], bool]":
    """What a network answers, and whether it is plain: one tensor, from an input that it leaves as it is.

    Raises WrongOutputError where it answers otherwise when it is called again.
    """
    import torch

    mine = image.clone()
    answer = network(mine)
    arrays = to_arrays(answer)
    expect_same_again(arrays, to_arrays(network(image.clone())))
    return arrays, isinstance(answer, torch.Tensor) and torch.equal(mine, image)


def _probed(
    unit: Unit, answer: "Callable[[npt.NDArray[Any]], Sequence[npt.NDArray[Any]]]"
) -> "tuple[npt.NDArray[Any], ...]":
    """What is answered to several images, where a constant must not pass for right."""
    return kept(map(answer, probe_images(unit))) if unit.dtype == "int8" else ()


def _refuse_another(published: Any, workload: Workload) -> None:
    """A user's network is the one that was planned: a resumed run would mix two under one name."""
    entry, model = subjects.network_entry(workload), workload.model
    if model is None or not model.digest or entry.library != "factory":
        return
    if build.factory_digest(entry, published) != model.digest:
        raise ValueError(
            f"expected the {entry.name} that this run was planned with, its source or weights have changed since;"
            " begin a new run (weights from an unseeded generator change with every call: seed it)"
        )


def _reference_workload(workload: Workload) -> Workload:
    """The same operator in its plainest implementation."""
    if workload.operator is None or workload.operator.implementation == "split_cat":
        return workload
    return replace(workload, operator=replace(workload.operator, implementation="split_cat"))


def _onnx_file(unit: Unit, store: Store) -> Artifact:
    """A graph from a file has no eager form: its reference is ONNX Runtime with every optimisation off."""
    from bench.worker.runtimes.onnx_runtime import declared_inputs, feed, session

    source = Path(subjects.network_entry(unit.workload).library_name)
    data = self_contained(source)
    if unit.workload.model is not None and unit.workload.model.digest not in ("", digest_of(data)):
        raise ValueError(f"expected the {source} that this run was planned with, it has changed; begin a new run")
    digest, graph = store.add_bytes(data), Graph.read(source, data)
    if unit.dtype == "int8" and graph.is_quantised:
        raise UnsupportedError(f"{source} is quantised as it is; leave --dtype out")
    plain = session(store.path(digest), 1, {"graph": "disabled"})
    _keep_for_graph(graph, unit.workload, store)
    inputs = feed(unit, plain)
    arrays = arrays_in(plain.run(None, inputs))
    expect_same_again(arrays, arrays_in(plain.run(None, inputs)))
    takes_images = any(each.is_image for each in declared_inputs(plain))
    probed = _probed(unit, lambda images: arrays_in(plain.run(None, feed(unit, plain, images)))) if takes_images else ()
    shapes = {each.name: _per_image(each, inputs[each.name].shape, unit) for each in graph.inputs}
    made = Artifact(
        model=digest,
        reference=store.add_bytes(Reference(arrays=arrays, limit=_limit(graph, arrays), probed=probed).saved()),
        inputs=unit.workload.given,
        cost=build.graph_cost_of(store.path(digest), shapes),
    )
    return _looked_through(made, unit.workload, store, shapes)


def _keep_for_graph(graph: Graph, workload: Workload, store: Store) -> None:
    if workload.model is not None and workload.given:
        source = workload.model.inputs.source
        _keep(saved(for_graph(read(Path(source)), graph.inputs, source)), workload, store)


def _per_image(declared: Declared, shape: tuple[int, ...], unit: Unit) -> tuple[int, ...]:
    """The shape that it is fed, of one image where it is left open how many there are."""
    first = declared.sizes[:1] if shape[:1] == (unit.batch,) else shape[:1]
    return replace(declared, sizes=(*first, *shape[1:])).filled(1, unit.workload.input_shape)


def _looked_through(
    made: Artifact, workload: Workload, store: Store, shapes: "Mapping[str, Sequence[int]] | None" = None
) -> Artifact:
    """With the size of the graph, and for a network with what its operations belong to."""
    path = store.path(made.model)
    made = build.with_graph_size(made, path, shapes)
    if workload.kind == "op":
        return made
    try:
        parts = build.graph_parts(path, workload.input_shape[1:], shapes)
    except ValueError:  # a graph that can be timed all the same
        return made
    return replace(made, parts=store.add_bytes(json.dumps(encode(parts)).encode()))


def _limit(graph: Graph, arrays: "Sequence[npt.NDArray[Any]]") -> float:
    """How far a quantised graph may be off: two steps of its output where that is more than the usual; 0 for others."""
    if not graph.is_quantised:
        return 0.0
    largest = max((float(abs(array).max()) for array in arrays if array.dtype.kind == "f" and array.size), default=0.0)
    return max(QUANTISED_ERROR_LIMIT, min(2 * graph.output_step / largest, 1.0) if largest else 0.0)


@contextmanager
def _beside(store: Store) -> "Iterator[Path]":
    """A path on the store's file system, from which a finished file can be moved into it."""
    path = store.folder / f".export-{os.getpid()}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
