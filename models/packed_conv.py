"""A convolution made ready for inference: weights laid out once, activation and residual sum done on the way."""

import platform
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PackedConv(nn.Module):
    """A dense convolution for channels_last maps, of frozen weights, in its fastest form on this device.

    Where torch carries oneDNN for this CPU, the weights are reordered into oneDNN's own layout once, and the
    activation or the sum runs inside the convolution. torch's own dispatch would take BLAS for a pointwise
    convolution on one thread, which is half as fast where MKL meets a CPU it does not favour. Everywhere else,
    and in a graph being compiled or exported, the same is done with public operations.
    """

    def __init__(self, conv: nn.Conv2d, *, activation: str | None = None, side: tuple[int, int] = (14, 14)) -> None:
        """Take over the weights of `conv`; `side` is the expected (h, w) of the input, a hint for the layout."""
        super().__init__()
        if conv.groups != 1 or isinstance(conv.padding, str) or conv.padding_mode != "zeros":
            raise ValueError(f"expected an ungrouped convolution padded with given zeros, got {conv}")
        weight = conv.weight.detach().contiguous(memory_format=torch.channels_last)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = None if conv.bias is None else nn.Parameter(conv.bias.detach(), requires_grad=False)
        self.activation = activation
        self.stride, self.padding, self.dilation = list(conv.stride), list(conv.padding), list(conv.dilation)
        self.side = side
        self.is_pointwise = conv.kernel_size == (1, 1) and self.stride == [1, 1] and self.padding == [0, 0]
        self._packed: Tensor | None = None
        self._pack()

    def forward(self, x: Tensor) -> Tensor:
        """Return activation(conv(x)), channels_last."""
        if self._packed is None or torch.compiler.is_compiling():
            return self._activate(self._convolve(x))  # (n, c_in, h, w) -> (n, c_out, h/s, w/s)
        algorithm = "none" if self.activation == "gelu" else ""  # "none" is the exact GELU, by erf
        y: Tensor = torch.ops.mkldnn._convolution_pointwise.default(  # (n, c_in, h, w) -> (n, c_out, h/s, w/s)
            x,
            self._packed,
            self.bias,
            self.padding,
            self.stride,
            self.dilation,
            1,
            self.activation or "none",
            [],
            algorithm,
        )
        return y

    def add_to(self, total: Tensor, x: Tensor) -> Tensor:
        """Add conv(x) to `total`, a channels_last map, in place; return it. The activation is not applied."""
        if self._packed is not None and not torch.compiler.is_compiling():
            y: Tensor = torch.ops.mkldnn._convolution_pointwise_.binary(
                total,
                x,
                self._packed,
                self.bias,
                self.padding,
                self.stride,
                self.dilation,
                1,
                "add",
                1.0,
                None,
                [],
                None,
            )
            return y
        if self.is_pointwise and self.bias is None:
            _rows(total).addmm_(_rows(x), self.weight.flatten(1).t())
            return total
        return total.add_(self._convolve(x))

    def _convolve(self, x: Tensor) -> Tensor:
        if self.is_pointwise:
            n, _, h, w = x.shape
            rows = F.linear(_rows(x), self.weight.flatten(1), self.bias)  # (n h w, c_in) -> (n h w, c_out)
            return rows.view(n, h, w, -1).permute(0, 3, 1, 2)  # (n h w, c_out) -> (n, c_out, h, w)
        y = F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation)  # -> (n, c_out, h/s, w/s)
        return y.contiguous(memory_format=torch.channels_last)

    def _activate(self, x: Tensor) -> Tensor:
        if self.activation is None:
            return x
        return F.gelu(x) if self.activation == "gelu" else F.relu_(x)

    def _pack(self) -> None:
        self._packed = None
        if not _onednn_takes(self.weight):
            return
        shape = [1, self.weight.shape[1], *self.side]
        self._packed = torch._C._nn.mkldnn_reorder_conv2d_weight(
            self.weight.detach().to_mkldnn(),
            self.padding,
            self.stride,
            self.dilation,
            1,
            shape,  # type: ignore[call-arg]  # missing in torch's stub
        )

    # The packed weight is neither a parameter nor copied or pickled: it is made anew from the plain one.
    def _apply(self, fn: Any, recurse: bool = True) -> "PackedConv":
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self._pack()
        return self

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._pack()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_packed": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._pack()


def _rows(x: Tensor) -> Tensor:
    """The (n h w, c) view of a channels_last map."""
    return x.permute(0, 2, 3, 1).view(-1, x.shape[1])


def _onednn_takes(weight: Tensor) -> bool:
    # On ARM the packed operations exist too but run another library that nobody measured here.
    if platform.machine() not in ("x86_64", "AMD64") or weight.device.type != "cpu":
        return False
    # Without oneDNN the namespace is empty.
    if not hasattr(torch.ops.mkldnn, "_convolution_pointwise_"):
        return False
    if weight.dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    if weight.dtype == torch.float16:
        return bool(torch.ops.mkldnn._is_mkldnn_fp16_supported())
    return weight.dtype == torch.float32
