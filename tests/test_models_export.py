"""A network written as ONNX computes the same, in the same bytes each time."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from models.build import build
from models.counting import NetworkCost, count
from models.export import export
from models.onnx_counting import GraphCost, count_graph
from models.registry import resolve


def _run(path: Path, image: Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"input": image.numpy()})
    return np.asarray(result)


@pytest.mark.parametrize("name", ["mobilevit_xxs", "pvt_tiny", "cyclemlp_b1", "fasternet_t0"])
def test_exports_compute_what_eager_does(name: str, tmp_path: Path) -> None:
    (entry,) = resolve([name])
    px = entry.input_px or 224
    assert isinstance(px, int)
    module = build(entry)
    image = torch.randn(1, 3, px, px, generator=torch.Generator().manual_seed(1))
    export(module, image, tmp_path / "net.onnx")
    with torch.inference_mode():
        expected = module(image).numpy()
    assert np.abs(_run(tmp_path / "net.onnx", image) - expected).max() < 1e-5 * np.abs(expected).max()
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]
    _check_counts(count(module, (3, px, px)), count_graph(tmp_path / "net.onnx"))


def _check_counts(network: NetworkCost, graph: GraphCost) -> None:
    """Exporting changes no product and no attention; it folds batch norms and may write pooling as means."""
    assert graph.unseen == ()
    assert graph.macs is not None
    products = network.of_kind("convolution", "linear", "matmul", "attention")
    kept = network.of_kind("layer_norm", "resize")
    assert graph.macs - products in (kept, kept + network.of_kind("pooling"))


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.Flatten(), nn.LazyLinear(5)).eval()
    image = torch.randn(2, 3, 8, 8)
    module(image)
    for name in ("a.onnx", "b.onnx"):
        export(module, image, tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    graph = onnx.load(tmp_path / "a.onnx").graph
    assert [[size.dim_value for size in value.type.tensor_type.shape.dim] for value in graph.input] == [[2, 3, 8, 8]]
    assert str(Path(__file__).parent).encode() not in (tmp_path / "a.onnx").read_bytes()


def test_exporting_is_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    export(nn.Conv2d(3, 4, 3).eval(), torch.randn(1, 3, 8, 8), tmp_path / "net.onnx")
    assert capfd.readouterr() == ("", "")


class _Branch(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1 if float(x.sum()) > 0 else x


def test_what_cannot_be_exported_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="torch can export") as raised:
        export(_Branch(), torch.randn(1, 3, 8, 8), tmp_path / "net.onnx")
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


class Keeping(nn.Module):
    """Makes its grid at the first pass, counts its passes, and keeps the last features."""

    grid: Tensor | None
    calls: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.kept = nn.Conv2d(3, 4, 3), dict[str, Tensor]()
        self.register_buffer("grid", None, persistent=False)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        self.calls = self.calls + 1
        self.kept["last"] = y
        if self.grid is None or self.grid.shape[-1] != y.shape[-1]:
            self.grid = torch.arange(y.shape[-1]).float()
        return y + self.grid


@pytest.mark.parametrize("has_run", [False, True])
def test_a_network_with_a_state_exports_and_keeps_its_own(*, has_run: bool, tmp_path: Path) -> None:
    module, image = Keeping(), torch.randn(1, 3, 8, 8)
    if has_run:
        with torch.no_grad():
            module(image)
    grid, last, drawn = module.grid, module.kept.get("last"), torch.get_rng_state()
    export(module, image, tmp_path / "net.onnx")
    assert module.grid is grid
    assert (int(module.calls), list(module.kept), module.training) == (has_run, ["last"] * has_run, True)
    assert module.kept.get("last") is last
    assert torch.equal(torch.get_rng_state(), drawn)
    with torch.no_grad():
        np.testing.assert_allclose(_run(tmp_path / "net.onnx", image), module(image).numpy(), atol=1e-5)
