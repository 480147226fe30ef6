"""What torch has exported in int8 by torchao, as ExecuTorch's quantiser for XNNPACK annotates it: static, per channel.

Input and outputs stay float32. In the converter's process alone.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch.export import ExportedProgram

_PRODUCTS = frozenset(
    (
        *("convolution", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d"),
        *("linear", "addmm", "mm", "bmm", "baddbmm", "matmul", "einsum", "scaled_dot_product_attention"),
    )
)  # by torch's names


def quantised(program: "ExportedProgram", batches: "Iterable[list[npt.NDArray[Any]]]") -> "ExportedProgram":
    """The program with conversions around what computes in int8; activations have the range seen in `batches`."""
    import torch
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    observed = prepare_pt2e(program.module(), _quantiser())
    with torch.no_grad():
        for arrays in batches:
            observed(*map(torch.from_numpy, arrays))
    arguments, _ = program.example_inputs
    return torch.export.export(convert_pt2e(observed), arguments)


def products(program: "ExportedProgram") -> tuple[int, int]:
    """How many of its convolutions and matrix products compute in int8, and how many there are.

    Those by weights, which alone are quantised per channel: XNNPACK multiplies two activations in float32.
    """
    found = [node for node in program.graph.nodes if getattr(node.target, "_opname", "") in _PRODUCTS]
    own = [any("dequantize_per_channel" in str(each.target) for each in node.all_input_nodes) for node in found]
    return sum(own), len(own)


def _quantiser() -> Any:
    """ExecuTorch's, by the least and the largest value; its own way, by histograms, takes many times as long."""
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )
    from torchao.quantization.pt2e import MinMaxObserver

    usual = get_symmetric_quantization_config(is_per_channel=True)
    seen = replace(usual.input_activation, observer_or_fake_quant_ctr=MinMaxObserver.with_args(eps=2**-12))
    return XNNPACKQuantizer().set_global(replace(usual, input_activation=seen, output_activation=seen))
