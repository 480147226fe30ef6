"""The runtimes by name: one row each, which every other file reads. Starts without any of them."""

from collections.abc import Mapping
from functools import cache

from bench.errors import UsageError
from bench.plan.plugins import rows
from bench.plan.runtime_row import Runtime as Runtime  # it is here that rows are looked for

_NO_CUDA_GRAPH = {"cuda_graph": "CUDA graphs are captured in eager on a GPU only"}

_OF_A_GPU = {
    "channels_last": "the layout of a graph is the runtime's own choice",
    "flush_denormal": "a GPU has no such switch",
    **_NO_CUDA_GRAPH,
}

_OURS = {
    row.name: row
    for row in (
        Runtime(
            name="eager",
            title="PyTorch",
            package="torch",
            module="torch",
            loader="bench.worker.runtimes.pytorch:load",
            profiled="bench.worker.runtimes.pytorch_layers:profiled",
            ceilings="bench.worker.runtimes.pytorch_ceilings:ceilings",
            precision="bench.worker.runtimes.pytorch:precision",
            graph=False,
            accelerator=True,
            no_int8="has int8 in eager mode by the deprecated torch.ao.quantization alone",
        ),
        Runtime(
            name="compile",
            title="torch.compile",
            package="torch",
            module="torch",
            loader="bench.worker.runtimes.pytorch:load",
            precision="bench.worker.runtimes.pytorch:precision",
            graph=False,
            accelerator=True,
            lacks=_NO_CUDA_GRAPH,
            no_int8="does not compile what torchao quantises (torch 2.13 with torchao 0.18)",
            start_s=6.0,
            compile_s=12.0,
        ),
        Runtime(
            name="onnxruntime",
            title="ONNX Runtime",
            package="onnxruntime",
            module="onnxruntime",
            loader="bench.worker.runtimes.onnx_runtime:load",
            moved="bench.worker.runtimes.onnx_runtime:bytes_moved",
            profiled="bench.worker.runtimes.onnx_runtime_layers:profiled",
            ceilings="bench.worker.runtimes.onnx_runtime_ceilings:ceilings",
            precision="bench.worker.runtimes.onnx_runtime_precision:precision",
            graph=True,
            no_int8="",
            lacks={
                "channels_last": "ONNX Runtime chooses its own layout",
                "bfloat16": "ONNX Runtime has no bfloat16 kernels on a CPU",
                **_NO_CUDA_GRAPH,
            },
            switches={
                "graph": ("all", "extended", "basic", "disabled"),
                "arena": ("on", "off"),
                "spinning": ("on", "stop", "off"),
                "execution": ("sequential", "parallel"),
            },
            in_turns=("spinning=stop",),
            start_s=0.6,
            macs_per_s=60e9,
        ),
        Runtime(
            name="openvino",
            title="OpenVINO",
            package="openvino",
            module="openvino",
            loader="bench.worker.runtimes.openvino_runtime:load",
            moved="bench.worker.runtimes.openvino_runtime:bytes_moved",
            profiled="bench.worker.runtimes.openvino_layers:profiled",
            ceilings="bench.worker.runtimes.openvino_ceilings:ceilings",
            precision="bench.worker.runtimes.openvino_runtime:precision",
            graph=True,
            float32_graph=True,
            float_outputs=True,
            no_int8="",
            lacks={
                "channels_last": "OpenVINO chooses its own layout",
                "float16": "OpenVINO's CPU plugin computes in float32 or bfloat16",
                "flush_denormal": "OpenVINO's Python interface has no switch for denormal numbers",
                **_NO_CUDA_GRAPH,
            },
            start_s=1.5,
            macs_per_s=60e9,
        ),
        Runtime(
            name="litert",
            title="LiteRT",
            package="ai-edge-litert",
            module="ai_edge_litert.interpreter",
            loader="bench.worker.runtimes.litert_runtime:load",
            ceilings="bench.worker.runtimes.litert_ceilings:ceilings",
            precision="bench.worker.runtimes.litert_runtime:precision",
            graph=True,
            float32_graph=True,
            no_int8="",
            converter="bench.worker.runtimes.litert_convert:convert",
            needs=("litert-torch==0.10.0", "litert-converter==0.5.0"),
            own_environment=True,
            lacks={
                "channels_last": "LiteRT's converter chooses the layout",
                "bfloat16": "LiteRT has no switch for bfloat16 on a CPU",
                "flush_denormal": "XNNPACK always flushes denormal numbers",
                **_NO_CUDA_GRAPH,
            },
            start_s=0.6,
            macs_per_s=55e9,
        ),
        Runtime(
            name="onnxruntime-cuda",
            title="ONNX Runtime CUDA",
            package="onnxruntime-gpu",
            module="onnxruntime",
            loader="bench.worker.runtimes.onnx_runtime_cuda:load",
            delegated="bench.worker.runtimes.onnx_runtime_cuda:delegated",
            graph=True,
            accelerator=True,
            cpu=False,
            switches={"graph": ("all", "extended", "basic", "disabled")},
            lacks={"bfloat16": "its CUDA provider has no bfloat16 convolution", **_OF_A_GPU},
            start_s=4.0,
        ),
        Runtime(
            name="tensorrt",
            title="TensorRT",
            package="tensorrt",
            module="tensorrt",
            loader="bench.worker.runtimes.tensorrt_runtime:load",
            graph=True,
            accelerator=True,
            cpu=False,
            lacks=_OF_A_GPU,
            start_s=4.0,
            compile_s=60.0,
        ),
        Runtime(
            name="ncnn",
            title="ncnn",
            package="ncnn",
            alone=True,  # downloads for its examples
            module="ncnn",
            loader="bench.worker.runtimes.ncnn_runtime:load",
            ceilings="bench.worker.runtimes.ncnn_ceilings:ceilings",
            precision="bench.worker.runtimes.ncnn_runtime:precision",
            graph=True,
            no_int8="",
            converter="bench.worker.runtimes.ncnn_convert:convert",
            needs=("pnnx",),
            one_image=True,
            float32_graph=True,
            lacks={
                "channels_last": "ncnn chooses its own layout",
                "flush_denormal": "ncnn flushes denormal numbers always, its Python interface has no switch",
                **_NO_CUDA_GRAPH,
            },
            switches={
                "winograd": ("on", "off"),
                "sgemm": ("on", "off"),
                "packing": ("on", "off"),
                "spinning": ("on", "off"),
            },
            in_turns=("spinning=off",),
            start_s=0.6,
            macs_per_s=40e9,
        ),
        Runtime(
            name="executorch",
            title="ExecuTorch",
            package="executorch",
            beside=("torch",),
            alone=True,  # twenty packages of its converter, one of which pip must build
            module="torch",  # whose libraries its own needs in the process before it is loaded
            loader="bench.worker.runtimes.executorch_runtime:load",
            precision="bench.worker.runtimes.executorch_runtime:precision",
            graph=True,
            no_int8="",
            converter="bench.worker.runtimes.executorch_convert:convert",
            needs=("executorch", "torchao"),
            lacks={
                "channels_last": "ExecuTorch's XNNPACK backend chooses its own layout",
                "bfloat16": "ExecuTorch's XNNPACK backend has no bfloat16",
                "flush_denormal": "XNNPACK always flushes denormal numbers",
                **_NO_CUDA_GRAPH,
            },
            start_s=3.0,
            macs_per_s=45e9,
        ),
    )
}
MODULE_RUNTIME = "eager"  # where nobody says otherwise; every output is checked against its float32
GRAPH_RUNTIME = "onnxruntime"  # likewise for a graph, and on a board
NO_RUNTIMES = ("memory", "numpy", "cuda")  # other parts of a device's ceilings, among which a name says which it is


def usual_runtime(*networks: str) -> str:
    """What networks of these names run in where nobody says: all in that of graphs if one of them is an .onnx file."""
    return GRAPH_RUNTIME if any(name.lower().endswith(".onnx") for name in networks) else MODULE_RUNTIME


@cache
def runtimes() -> Mapping[str, Runtime]:
    """Every runtime there is: ours, then those of plug-ins."""
    return _OURS | rows("bench.runtimes", Runtime, taken=(*_OURS, *NO_RUNTIMES))


def find_runtime(name: str) -> Runtime | None:
    """The row of that name; None where its plug-in is not installed (any more)."""
    return _OURS.get(name) or runtimes().get(name)


def runtime(name: str) -> Runtime:
    """The row of that name; UsageError where there is none."""
    found = find_runtime(name)
    if found is None:
        raise UsageError(
            f"expected a runtime of {', '.join(runtimes())}, got {name!r}; `bench plugins` says what is installed"
        )
    return found


def packages() -> tuple[str, ...]:
    """What a device is asked for: the packages of all runtimes, and those that decide a number beside them.

    In the order in which they came to be: it decides the fingerprint of every device that was ever measured.
    """
    plugged = (row.package for row in runtimes().values() if row.name not in _OURS)
    ours = (row.package for row in _OURS.values())
    return tuple(dict.fromkeys(["torch", "onnxruntime", "openvino", *plugged, "numpy", "torchvision", "timm", *ours]))
