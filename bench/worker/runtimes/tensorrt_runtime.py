"""TensorRT, on torch's current CUDA stream, from the exported graph in the graph's own dtypes.

Written after the documentation of its Python interface, version 10; never run on a GPU so far.
"""

from pathlib import Path
from typing import Any

from bench.plain_text import plain_line
from bench.records.workload import Unit
from bench.worker.inputs import Declared
from bench.worker.runtimes import cuda_tensors
from bench.worker.runtimes.loaded import Loaded, UnsupportedError


def load(unit: Unit, path: Path) -> Loaded:
    """Build an engine for this GPU, some minutes for a large network; UnsupportedError where it takes no such graph."""
    import tensorrt as trt

    logger = trt.Logger(trt.Logger.ERROR)
    engine = trt.Runtime(logger).deserialize_cuda_engine(_built(trt, logger, unit, path))
    context = engine.create_execution_context()
    names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
    given = [each for each in names if engine.get_tensor_mode(each) == trt.TensorIOMode.INPUT]
    inputs = cuda_tensors.fed(unit, [_declared(trt, engine, each) for each in given])
    answers = [each for each in names if each not in given]
    outputs = [cuda_tensors.empty(unit, _declared(trt, engine, each)) for each in answers]
    for name, tensor in zip((*given, *answers), (*inputs, *outputs), strict=True):
        context.set_tensor_address(name, tensor.data_ptr())
    run, stream = context.execute_async_v3, cuda_tensors.stream(unit)  # looked up once: not in the timed call

    def step() -> object:
        # The tensors live as long as the step does: the context knows their addresses alone.
        if not run(stream):
            raise RuntimeError("TensorRT could not queue the call")
        return inputs, outputs

    def output() -> object:
        step()
        return cuda_tensors.arrays(unit, outputs)

    return Loaded(step=step, output=output, threads=1)


def _built(trt: Any, logger: Any, unit: Unit, path: Path) -> Any:
    builder = trt.Builder(logger)
    # Strongly typed: the graph's own dtypes are what is computed in, so that no other precision slips in.
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(path.read_bytes()):
        said = "; ".join(str(parser.get_error(index)) for index in range(parser.num_errors))
        raise UnsupportedError(f"TensorRT takes no such graph: {plain_line(said, 200)}")
    config = builder.create_builder_config()
    switch = config.set_flag if unit.settings.tf32 else config.clear_flag
    switch(trt.BuilderFlag.TF32)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise UnsupportedError("TensorRT found no kernels for this graph on this GPU")
    return plan


def _declared(trt: Any, engine: Any, name: str) -> Declared:
    kind, sizes = engine.get_tensor_dtype(name), engine.get_tensor_shape(name)
    return Declared(name=name, dtype=trt.nptype(kind).__name__, sizes=tuple(max(0, int(size)) for size in sizes))
