"""Networks from a user's factory, of which nothing is known: what they answer, and what they do to their input."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.cache.store import Store
from bench.records.workload import ModelArguments, Unit
from bench.worker.output_check import arrays_in, check, read_reference
from bench.worker.runtimes import onnx_runtime, pytorch
from bench.worker.runtimes.loaded import Loaded
from bench.worker.settings import applied
from tests.test_models_inference_form import Replacing
from tests.test_worker_inspect import of_source, prepared


class Masked(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.masked_fill(torch.arange(3).eq(1).view(3, 1, 1), -torch.inf)


@dataclass
class Answer:
    boxes: Tensor
    scores: dict[str, Tensor]


class Several(nn.Module):
    def forward(self, x: Tensor) -> Answer:
        return Answer(boxes=x[..., :0], scores={"class": x.mean((2, 3)).argmax(1), "over": x > 0})


class Transforming(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        spectrum: Tensor = torch.fft.fft2(x)
        return spectrum.conj()


class Normalising(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sub_(0.5).mul_(0.25)


def folded() -> nn.Module:
    return nn.Sequential(Normalising(), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


class Sneaking(nn.Module):
    """No counter of torch sees it."""

    def forward(self, x: Tensor) -> Tensor:
        x.data.mul_(0.5)
        return x + 1


class Dropping(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x)


class Saying(nn.Module):
    def forward(self, x: Tensor) -> str:
        return "cat"


class Filled(nn.Module):
    """As transformers mask: by the least number of whatever dtype they compute in."""

    def forward(self, x: Tensor) -> Tensor:
        return x.masked_fill(torch.arange(3).eq(1).view(3, 1, 1), torch.finfo(x.dtype).min)


def made(name: str, runtime: str, tmp_path: Path) -> tuple[Unit, Loaded, float | None]:
    """One of the networks above in a runtime, and the error of its output after three calls."""
    asked = of_source(f"{__name__}:{name}", "", runtime)
    artifact = prepared(tmp_path, asked)
    assert artifact.reason == artifact.graph_reason == ""
    store = Store(tmp_path)
    with applied(asked):
        if runtime == "onnxruntime":
            loaded = onnx_runtime.load(asked, store.path(artifact.model))
        else:
            loaded = pytorch.load(asked)
        for _ in range(3):
            loaded.step()
        return asked, loaded, check(asked, loaded, lambda: read_reference(store.path(artifact.reference)))


@pytest.mark.parametrize("runtime", ["eager", "onnxruntime"])
@pytest.mark.parametrize("name", ["Masked", "Filled", "Several", "Normalising", "Transforming"])
def test_the_output_of_a_real_network_is_right(name: str, runtime: str, tmp_path: Path) -> None:
    _, loaded, error = made(name, runtime, tmp_path)
    assert error is not None
    assert error < 1e-6
    assert len(arrays_in(loaded.output())) == (3 if name == "Several" else 1)


@pytest.mark.parametrize("name", ["Normalising", "Sneaking"])
def test_an_input_that_is_overwritten_is_put_back(name: str, tmp_path: Path) -> None:
    unit, loaded, error = made(name, "eager", tmp_path)
    assert error == 0
    assert loaded.restore is not None
    with applied(unit):
        loaded.step()
        loaded.restore()
        (first,) = arrays_in(loaded.step())
        loaded.restore()
        (again,) = arrays_in(loaded.step())
    assert (first == again).all()


def test_a_network_that_overwrites_its_input_is_folded_like_others(tmp_path: Path) -> None:
    plain = of_source(f"{__name__}:folded", "")
    asked = replace(plain, workload=replace(plain.workload, model=ModelArguments(source=plain.workload.name)))
    store, artifact = Store(tmp_path), prepared(tmp_path, asked)
    assert artifact.reason == ""
    with applied(asked):
        loaded = pytorch.load(asked)
        loaded.step()
        error = check(asked, loaded, lambda: read_reference(store.path(artifact.reference)))
    assert error is not None
    assert error < 1e-5


def branching() -> nn.Module:
    return nn.Sequential(Replacing(), nn.BatchNorm2d(3))


def test_a_network_with_branches_is_counted_in_every_form_that_papers_print(tmp_path: Path) -> None:
    """64 positions, 3 channels: 3x3 and 1x1 kernels, then 3x3 alone; a norm is 2 for each value until it is folded."""
    plain = of_source(f"{__name__}:branching", "")
    assert plain.workload.model is not None
    workload = replace(plain.workload, model=replace(plain.workload.model, fused=True))
    cost = prepared(tmp_path, replace(plain, workload=workload)).cost
    assert cost is not None
    assert (cost.macs_unfused, cost.macs_merged, cost.macs) == (64 * (81 + 9 + 6), 64 * (81 + 6), 64 * 81)
    assert (cost.params_unfused, cost.params_merged, cost.params) == (84 + 12 + 6, 84 + 6, 84)
    left = prepared(tmp_path, plain).cost
    assert left is not None
    assert (left.macs, left.macs_merged) == (cost.macs_unfused, None)


def test_what_is_random_in_evaluation_is_called_so(tmp_path: Path) -> None:
    artifact = prepared(tmp_path, of_source(f"{__name__}:Dropping", ""))
    assert artifact.kind == "wrong_output"
    assert "answers differently each time" in artifact.reason
    assert "dropout" in artifact.reason


def test_what_returns_no_tensor_is_told_what_helps(tmp_path: Path) -> None:
    artifact = prepared(tmp_path, of_source(f"{__name__}:Saying", ""))
    assert artifact.kind == "build"
    assert artifact.reason == "expected the network to return tensors, got str; wrap it in a module that does"


def test_half_precision_masks_with_its_own_least_number(tmp_path: Path) -> None:
    """bfloat16's least number is another one than float32's, and stands for the same infinity."""
    asked = replace(of_source(f"{__name__}:Filled", ""), dtype="bfloat16")
    store, artifact = Store(tmp_path), prepared(tmp_path, asked)
    with applied(asked):
        loaded = pytorch.load(asked)
        error = check(asked, loaded, lambda: read_reference(store.path(artifact.reference)))
    assert error is not None
    assert error < 1e-2
