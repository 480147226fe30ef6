"""Building from a description: reproducible, of stable size, and usable wherever a runtime takes it."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
import pytest
import torch

from operators.build import build
from operators.choice import IMPLEMENTATIONS, SELECTIONS
from operators.cost import LayerInput, OperatorCost, operator_cost
from operators.registry import OPERATORS, Operator
from operators.spec import OperatorSpec
from operators.weights import orbit_weights


def pconv(implementation: str = "split_cat", selection: str = "first", *, channels: int = 16) -> OperatorSpec:
    return OperatorSpec(
        op="pconv",
        channels=channels,
        height=6,
        width=5,
        stack=2,
        implementation=implementation,
        selection=selection,
    )


class Gate(torch.nn.Sequential):
    """A layer as somebody else writes one: with biases, a norm, and no convolution."""

    @classmethod
    def from_spec(cls, spec: OperatorSpec) -> Self:
        return cls(torch.nn.BatchNorm2d(spec.channels), torch.nn.LSTMCell(spec.width, spec.width, bias=True))


def gate_cost(layer: LayerInput) -> OperatorCost:
    pixels = layer.height * layer.width
    return OperatorCost(params=layer.spec.kernel, macs=pixels, elements_ideal=0, elements_moved=0)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> OperatorSpec:
    row = Operator(layer=f"{__name__}:Gate", layer_cost=f"{__name__}:gate_cost", axes=frozenset({"kernel"}))
    monkeypatch.setitem(OPERATORS, "gate", row)
    return OperatorSpec(op="gate", channels=5, height=2, width=4, kernel=7, stack=3, seed=1)


def test_a_row_from_outside_is_described_and_counted_like_ours(gate: OperatorSpec) -> None:
    assert gate.variant == "k7"
    assert operator_cost(gate, 1) == OperatorCost(params=3 * 7, macs=3 * 2 * 4, elements_ideal=0, elements_moved=0)
    with pytest.raises(ValueError, match="expected gate without groups"):
        replace(gate, groups=2)


def test_an_unknown_layers_weights_follow_from_the_seed_and_its_norms_stay(gate: OperatorSpec) -> None:
    before = torch.get_rng_state()
    first = build(gate).state_dict()
    torch.rand(1)
    again, other = build(gate).state_dict(), build(replace(gate, seed=2)).state_dict()
    torch.set_rng_state(before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert {name for name in first if not torch.equal(first[name], other[name])} == {
        f"{layer}.1.{name}" for layer in range(3) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }
    assert torch.equal(first["0.0.weight"], torch.ones(5))
    # Uniform with variance 1 / fan in: within sqrt(3 / 4) for a fan in of 4, where LSTM's own lie within 1/2.
    matrices = torch.cat([first[f"{layer}.1.weight_ih"].flatten() for layer in range(3)])
    assert 0.5 < matrices.abs().max() <= 0.75**0.5


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take most of the time of many small calls."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("op", OPERATORS)
def test_a_seed_decides_the_weights_and_the_callers_random_state_stays(op: str) -> None:
    def weights(seed: int) -> torch.Tensor:
        module = build(OperatorSpec(op=op, channels=16, height=4, width=4, stack=2, seed=seed))
        assert not module.training
        assert not any(p.requires_grad for p in module.parameters())
        return torch.cat([p.flatten() for p in module.parameters()])

    before = torch.get_rng_state()
    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("op", OPERATORS)
def test_ten_layers_keep_the_size_of_a_signal(op: str) -> None:
    spec = OperatorSpec(op=op, channels=64, height=8, width=8)
    x = torch.randn(spec.input_shape(1), generator=torch.Generator().manual_seed(0))
    # Zero padding loses some at the borders; the usual initialisation would leave 0.004.
    assert 0.3 < build(spec)(x).std().item() < 3


def test_pconv_implementations_give_the_same_output() -> None:
    x = torch.randn(2, 16, 6, 5, generator=torch.Generator().manual_seed(0))
    for selection in SELECTIONS:
        outputs = [build(pconv(name, selection))(x.clone()) for name in IMPLEMENTATIONS]
        for output in outputs[1:]:
            torch.testing.assert_close(output, outputs[0])


def test_only_inplace_overwrites_its_input() -> None:
    specs = [pconv(name) for name in IMPLEMENTATIONS]
    specs += [OperatorSpec(op=op, channels=16, height=6, width=5, stack=2) for op in OPERATORS]
    specs.append(OperatorSpec(op="pconv+pwconv", channels=16, height=6, width=5, stack=2, implementation="inplace"))
    overwriting = 0
    for spec in specs:
        x = torch.randn(spec.input_shape(1))
        given = x.clone()
        build(spec)(given)
        assert spec.overwrites_input == (not torch.equal(given, x)), spec
        overwriting += spec.overwrites_input
    assert overwriting == 2


@pytest.mark.parametrize(
    ("dtype", "partial", "kernel", "dilation"),
    [
        (torch.float32, 8, 3, 1),
        (torch.float32, 3, 5, 1),
        (torch.float32, 1, 3, 1),
        (torch.bfloat16, 4, 3, 2),
    ],
)
@pytest.mark.usefixtures("one_thread")
def test_inplace_applied_ten_thousand_times_neither_dies_nor_explodes(
    dtype: torch.dtype, partial: int, kernel: int, dilation: int
) -> None:
    spec = OperatorSpec(
        op="pconv",
        channels=partial,
        ratio=Fraction(1),
        height=4,
        width=3,
        kernel=kernel,
        dilation=dilation,
        stack=1,
        implementation="inplace",
    )
    module = build(spec).to(dtype)
    x = torch.randn(spec.input_shape(1), generator=torch.Generator().manual_seed(0)).to(dtype)
    start, norms = x.float().norm().item(), []
    with torch.inference_mode():
        for call in range(10_000):
            module(x)
            if call % 97 == 0:
                norms.append(x.float().norm().item() / start)
    # sqrt(3) is proved in orbit_weights; the rest is room for the rounding of 10,000 bf16 activations.
    assert min(norms) > 0.5
    assert max(norms) < 2


@pytest.mark.parametrize(("channels", "kernel"), [(2, 3), (6, 3), (7, 5), (24, 3)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_the_map_of_the_orbit_weights_has_all_eigenvalues_on_the_unit_circle(
    channels: int, kernel: int, dtype: torch.dtype
) -> None:
    generator = np.random.Generator(np.random.PCG64(4))
    weights = orbit_weights(channels, kernel, generator).to(dtype).double()
    height, width = 4, 3
    basis = torch.eye(channels * height * width, dtype=torch.float64)
    images = torch.nn.functional.conv2d(basis.reshape(-1, channels, height, width), weights, padding=kernel // 2)
    eigenvalues = torch.linalg.eigvals(images.reshape(len(basis), -1))
    # Rounding the weights to 16 bits keeps the structure, hence the circle.
    torch.testing.assert_close(eigenvalues.abs(), torch.ones(len(basis), dtype=torch.float64))
    # Dense: the only zeros are two diagonals of A at the centre tap, and the rows and column of an odd channel.
    half, odd = divmod(channels, 2)
    zeros = 2 * half + odd * ((4 * half + 1) * kernel**2 - 1)
    assert int((weights == 0).sum()) == zeros


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("op", OPERATORS)
def test_low_precision_and_channels_last_give_the_same(op: str, dtype: torch.dtype) -> None:
    spec = OperatorSpec(op=op, channels=16, height=6, width=5, stack=2)
    x = torch.randn(spec.input_shape(2), generator=torch.Generator().manual_seed(0))
    expected = build(spec)(x)
    # torch's annotations of Module.to lack memory_format.
    module = build(spec).to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    output = module(x.to(dtype).contiguous(memory_format=torch.channels_last))
    assert output.is_contiguous(memory_format=torch.channels_last)
    # The limits of the output check before timing: 1e-2 in fp16, 5e-2 in bf16.
    limit = 1e-2 if dtype == torch.float16 else 5e-2
    assert (output.float() - expected).abs().max() / expected.abs().max() < limit


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own exporter uses its deprecated parts
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("implementation", "selection"),
    [("split_cat", "first"), ("split_cat", "random"), ("slice", "last"), ("inplace", "even")],
)
def test_an_exported_stack_gives_the_same_output(tmp_path: Path, implementation: str, selection: str) -> None:
    module, path = build(pconv(implementation, selection)), tmp_path / "stack.onnx"
    x = torch.randn(1, 16, 6, 5, generator=torch.Generator().manual_seed(0))
    torch.onnx.export(module, (x.clone(),), path, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    [output] = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    np.testing.assert_allclose(output, module(x).numpy(), atol=1e-5)


@pytest.mark.parametrize(("implementation", "selection"), list(itertools.product(IMPLEMENTATIONS, SELECTIONS)))
def test_a_stack_compiles_into_one_graph(implementation: str, selection: str) -> None:
    module = build(pconv(implementation, selection))
    x = torch.randn(1, 16, 6, 5, generator=torch.Generator().manual_seed(0))
    # The backend without code generation: what is tested is that tracing meets no graph break.
    # All stacks share Sequential.forward, whose traces are limited to eight in a process.
    torch._dynamo.reset()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x.clone()), module(x.clone()))
