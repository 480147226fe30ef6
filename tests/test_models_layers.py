"""Layer by layer, in eager and in an exported graph, nothing is counted twice or lost, and each has its kind."""

from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch import Tensor, nn

from models.build import build
from models.count_layers import count_layers
from models.counting import count_on
from models.export import export
from models.layer_kinds import kind_of_module, kind_of_operation, stride_of
from models.module_calls import Forward, around_forwards
from models.onnx_counting import count_graph
from models.onnx_layers import graph_layers
from models.registry import resolve


class Block(nn.Module):
    """Adds and pools by itself, calls one module twice and another past its hooks."""

    def __init__(self) -> None:
        super().__init__()
        self.mix, self.act = nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.ReLU()
        self.expand = nn.Conv2d(8, 16, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(x + self.act(self.mix(x)))
        return self.expand.forward(nn.functional.adaptive_avg_pool2d(y, 4))


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 4, stride=4), Block(), nn.Flatten(), nn.Linear(256, 10)).eval()


IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_the_layers_of_a_network_add_up_to_it() -> None:
    module = network()
    found = count_layers(module, IMAGES)
    whole = count_on(module, IMAGES)
    assert sum(each.macs or 0 for each in found) == whole.macs
    assert sum(each.bytes_moved for each in found) == whole.bytes_moved
    assert sum(each.params for each in found) == whole.params
    assert all("forward" not in vars(child) for child in module.modules()), "it is left as it was"


def test_each_module_has_what_its_own_forward_does() -> None:
    found = {each.path: each for each in count_layers(network(), IMAGES)}
    assert [(path, each.kind, each.stride) for path, each in found.items()] == [
        ("", "functional", 0),
        ("0", "conv", 4),
        ("1", "functional", 8),
        ("1.mix", "dwconv", 4),
        ("1.act", "activation", 4),
        ("1.expand", "pwconv", 8),
        ("2", "data movement", 0),
        ("3", "linear", 0),
    ]
    assert found["1"].macs == 8 * 8 * 8, "pooling counts one an element of its input"
    assert found["1.mix"].macs == 8 * 8 * 8 * 9
    assert found["1.act"].bytes_moved == 2 * 2 * 4 * 2 * 8 * 8 * 8, "two calls, each reads and writes two images' maps"


def test_a_real_network_adds_up_in_eager_and_in_its_graph(tmp_path: Path) -> None:
    """Its batch norms are folded while it is exported."""
    (entry,) = resolve(["fasternet_t0"])
    px = 224
    module, image = build(entry), torch.zeros(1, 3, px, px)
    whole = count_on(module, image)
    assert sum(each.macs or 0 for each in count_layers(module, image)) == whole.macs
    export(module, image, tmp_path / "net.onnx")
    graph = count_graph(tmp_path / "net.onnx")
    found = graph_layers(tmp_path / "net.onnx", (px, px))
    assert sum(each.macs or 0 for each in found) == graph.macs
    assert sum(each.params for each in found) == graph.params
    assert len({each.name for each in found}) == len(found)
    modules = dict(module.named_modules())
    named = [each for each in found if each.layer in modules]
    assert len(named) > 0.95 * len(found), "names say which module"
    convs = {path: kind_of_module(child) for path, child in modules.items() if isinstance(child, nn.Conv2d)}
    assert {each.layer: each.kind for each in found if each.layer in convs and "conv" in each.kind} == convs


def test_a_graph_that_names_nothing_is_told_apart_by_its_tensors(tmp_path: Path) -> None:
    export(network(), IMAGES, tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    for node in model.graph.node:
        node.name = ""
    onnx.save(model, tmp_path / "bare.onnx")
    found = graph_layers(tmp_path / "bare.onnx", (32, 32))
    assert len({each.name for each in found}) == len(found)
    assert all(each.name in each.outputs for each in found)


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
def test_what_runs_elsewhere_than_in_its_forward_is_refused() -> None:
    closed: list[Any] = [torch.jit.script(nn.ReLU()), torch.compile(nn.ReLU())]
    for inner in closed:
        with pytest.raises(ValueError, match=r"scripted or compiled .* at 1; give the network as it was"):
            count_layers(nn.Sequential(nn.ReLU(), inner), IMAGES)


def test_a_forward_of_its_own_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """As networks have it that choose their forward when they are made."""
    module = nn.Identity()
    own = lambda x: x + 1  # noqa: E731
    monkeypatch.setitem(vars(module), "forward", own)
    seen: list[str] = []

    def around(path: str, _: nn.Module, forward: Forward) -> Forward:
        seen.append(path)
        return forward

    with around_forwards(module, around):
        assert module(torch.zeros(1)) == 1
    assert vars(module)["forward"] is own
    assert seen == [""]


@pytest.mark.parametrize(
    ("name", "groups", "weight", "kind"),
    [
        ("Conv", 1, (8, 4, 3, 3), "conv"),
        ("Conv", 1, (8, 4, 1, 1), "pwconv"),
        ("FusedConv", 4, (8, 1, 3, 3), "dwconv"),
        ("Conv", 2, (8, 2, 3, 3), "gconv"),
        ("MatMul", 1, (8, 4), "linear"),
        ("MatMul", 1, None, "matmul"),
        ("LayerNormalization", 1, (8,), "norm"),
        ("Transpose", 1, None, "data movement"),
        ("Sorcery", 1, None, "sorcery"),
    ],
)
def test_an_operation_has_its_kind(name: str, groups: int, weight: tuple[int, ...] | None, kind: str) -> None:
    assert kind_of_operation(name, groups, weight) == kind


@pytest.mark.parametrize(
    ("shape", "stride"),
    [
        ((1, 96, 56, 56), 4),
        ((1, 56, 56, 96), 4),
        ((1, 96, 7, 7), 32),
        ((1, 96, 55, 55), 4),
        ((1, 96, 1, 1), 0),
        ((1, 96, 37, 37), 0),
        ((2, 96, 56, 56), 0),
        ((1, 49, 96), 0),
        ((), 0),
    ],
)
def test_a_map_tells_its_stride(shape: tuple[int, ...], stride: int) -> None:
    assert stride_of(shape, 1, (224, 224)) == stride


@pytest.mark.parametrize(
    ("shape", "stride"),
    [
        ((1, 256, 200, 320), 4),
        ((1, 25, 40, 512), 32),
        ((1, 256, 13, 20), 64),
        ((1, 256, 25, 25), 0),
        ((1, 256, 320, 200), 0),
    ],
)
def test_a_map_of_a_wide_image_tells_its_stride(shape: tuple[int, ...], stride: int) -> None:
    assert stride_of(shape, 1, (800, 1280)) == stride


def test_the_layers_of_a_wide_image_have_strides_in_eager_and_in_the_graph(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 4, stride=4), nn.ReLU(), nn.Conv2d(8, 8, 2, stride=2)).eval()
    images = torch.zeros(1, 3, 32, 64)
    assert [each.stride for each in count_layers(module, images)] == [8, 4, 4, 8]
    export(module, images, tmp_path / "net.onnx")
    assert [each.stride for each in graph_layers(tmp_path / "net.onnx", (32, 64))] == [4, 4, 8]
