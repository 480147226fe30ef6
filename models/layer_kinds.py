"""Of which kind a layer is, in words that a module and an operation of a graph share; and at which stage it stands."""

import math
from collections.abc import Sequence

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

FUNCTIONAL = "functional"  # what a module executes between the modules that it holds: adds, splits, reshapes

_BY_OPERATION = {
    "linear": "Gemm QGemm",
    "matmul": "MatMul MatMulInteger QLinearMatMul Einsum",
    "attention": "Attention MultiHeadAttention QAttention",
    "recurrent": "LSTM GRU RNN",
    "norm": "BatchNormalization LayerNormalization GroupNormalization InstanceNormalization LpNormalization",
    "activation": "Relu Gelu Sigmoid HardSigmoid HardSwish Clip LeakyRelu Elu Selu PRelu Mish Tanh Erf Softplus Swish",
    "softmax": "Softmax LogSoftmax",
    "pooling": "GlobalAveragePool AveragePool MaxPool GlobalMaxPool LpPool ReduceMean",
    "elementwise": "Add Sub Mul Div Pow Sqrt Exp Abs Neg Where Max Min Sum Reciprocal",
    "data movement": "Reshape Transpose Concat Split Slice Squeeze Unsqueeze Flatten Expand Gather Pad Tile Identity "
    "Cast Shape DepthToSpace SpaceToDepth GatherND ScatterND Constant ConstantOfShape",
    "resize": "Resize Upsample",
}
_OF_OPERATION = {name: kind for kind, names in _BY_OPERATION.items() for name in names.split()}
_ACTIVATIONS = ("relu", "gelu", "silu", "swish", "sigmoid", "tanh", "mish", "elu", "hard", "act")


def kind_of_convolution(groups: int, weight: Sequence[int]) -> str:
    """conv, gconv, dwconv or pwconv, of a weight (out, in / groups, ...)."""
    if groups == 1:
        return "pwconv" if math.prod(weight[2:]) == 1 else "conv"
    return "dwconv" if weight[1] == 1 else "gconv"


def kind_of_module(module: nn.Module) -> str:
    """Of what its own forward does; one that holds others does what lies between them."""
    if isinstance(module, _ConvNd):
        return kind_of_convolution(module.groups, module.weight.shape)
    name = type(module).__name__.lower()
    if isinstance(module, nn.MultiheadAttention):
        return "attention"
    if any(True for _ in module.children()):
        return FUNCTIONAL
    if isinstance(module, nn.Linear):
        return "linear"
    if isinstance(module, nn.RNNBase):
        return "recurrent"
    if isinstance(module, _NormBase) or "norm" in name:
        return "norm"
    if "softmax" in name:
        return "softmax"
    if "pool" in name:
        return "pooling"
    if any(word in name for word in _ACTIVATIONS):
        return "activation"
    return "data movement" if name in ("identity", "flatten", "dropout", "droppath", "pixelshuffle") else name


def kind_of_operation(name: str, groups: int, weight: Sequence[int] | None) -> str:
    """Of a graph's operation; `weight` is its second input's shape where that is a constant, else None."""
    if "Conv" in name and weight is not None and len(weight) > 2:
        return kind_of_convolution(groups, weight)
    kind = _OF_OPERATION.get(name, name.lower())
    return "linear" if kind == "matmul" and weight is not None else kind


def stride_of(shape: Sequence[int], batch: int, image: Sequence[int]) -> int:
    """Pixels of an image (H, W) for one of a map of that shape, along a side; 0 where the shape is that of no map.

    A map is (N, C, H, W) or (N, H, W, C), of the image's proportions, of more than a pixel, and fits into the image
    about a power of two times.
    """
    if len(shape) != 4 or shape[0] != batch:
        return 0
    side, width = image
    sizes = (shape[2:], shape[1:3])
    height = next((high for high, wide in sizes if abs(high - wide * side / width) < 1), 0)
    if not 1 < height <= side:
        return 0
    stride = 1 << max(0, round(math.log2(side / height)))
    return stride if abs(side / height / stride - 1) < 0.2 else 0
