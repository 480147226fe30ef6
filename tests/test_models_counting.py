"""The counts of a network: small cases worked by hand."""

import warnings
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.counting import NetworkCost, count, count_on


def _kinds(cost: NetworkCost) -> dict[str, int]:
    return {part.kind: part.macs for part in cost.macs_by_kind}


def test_counts_a_network_worked_by_hand() -> None:
    # conv 3x3, 4 -> 8, 6x6 to 4x4: 16 * 8 * 36; bn: 2 * 8 * 16; adaptive pooling: 8 * 16; linear: 8 * 10.
    module = nn.Sequential(
        nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    ).eval()
    cost = count(module, (4, 6, 6))
    assert _kinds(cost) == {"convolution": 4608, "linear": 80, "batch_norm": 256, "pooling": 128}
    assert cost.macs == 4608 + 80 + 256 + 128
    assert cost.params == (8 * 36 + 8) + 16 + 90
    # Elements: conv reads 144 + 296 and writes 128; bn reads 128 + 4 * 8, writes 128; relu 128 + 128;
    # pooling (a mean) 128 + 8; flatten is a view; linear reads 8 + 90 and writes 10.
    assert cost.bytes_moved == 4 * ((144 + 296 + 128) + (128 + 32 + 128) + 256 + (128 + 8) + 108)
    assert cost.unseen == ()


def test_macs_are_per_image_and_bytes_per_call() -> None:
    module = nn.Conv2d(4, 8, 1, bias=False)
    one, four = count(module, (4, 5, 5)), count(module, (4, 5, 5), batch=4)
    assert one.macs == four.macs == 25 * 32
    assert one.bytes_moved == 4 * (100 + 32 + 200)
    assert four.bytes_moved == 4 * (4 * 300 + 32)


def test_half_precision_moves_half_the_bytes() -> None:
    module = nn.Conv2d(4, 8, 1)
    full = count(module, (4, 5, 5))
    half = count(module.to(torch.bfloat16), (4, 5, 5))
    assert (half.bytes_moved * 2, half.macs) == (full.bytes_moved, full.macs)


def test_in_place_operations_read_and_write_what_they_touch() -> None:
    class InPlace(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            x[:, :1].add_(1)  # reads and writes one of four channels
            return x.view(-1)  # free

    assert count(InPlace(), (4, 3, 3)).bytes_moved == 4 * (9 + 9)


def test_copying_does_not_read_what_it_overwrites() -> None:
    class Copy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.empty_like(x).copy_(x)

    assert count(Copy(), (4, 3, 3)).bytes_moved == 4 * (36 + 36)


class _Attention(nn.Module):
    def __init__(self, fused: bool) -> None:
        super().__init__()
        self.fused = fused

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2).unsqueeze(1).contiguous()  # else it is not fused
        if self.fused:
            return F.scaled_dot_product_attention(tokens, tokens, tokens)
        weights = (tokens @ tokens.transpose(-2, -1)).softmax(-1)
        return torch.einsum("bhqk,bhkc->bhqc", weights, tokens)


def test_fused_attention_counts_as_much_as_written_out() -> None:
    fused, written = (count(_Attention(fused), (8, 4, 4), batch=2) for fused in (True, False))
    assert _kinds(fused) == {"attention": 2 * 16 * 16 * 8}
    assert _kinds(written) == {"matmul": 2 * 16 * 16 * 8}


def test_multi_head_attention_is_not_opaque() -> None:
    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.layer(x.flatten(2).transpose(1, 2))
            return result

    cost = count(Encoder().eval(), (16, 3, 3))
    # Nine tokens of 16: four projections and two layers of 32; every token with every other, twice.
    assert cost.of_kind("linear", "matmul") == 9 * (4 * 16 * 16 + 2 * 16 * 32)
    assert cost.of_kind("attention") == 2 * 9 * 9 * 16
    assert cost.unseen == ()


def test_transposed_convolution_multiplies_per_input_position() -> None:
    assert count(nn.ConvTranspose2d(4, 6, 2, stride=2), (4, 5, 5)).macs == 25 * 4 * 6 * 4


def test_what_no_rule_counts_is_listed_with_its_share() -> None:
    class Fourier(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            spectrum: Tensor = torch.fft.rfft2(x).real
            return spectrum + 1.0

    cost = count(Fourier(), (4, 8, 8))
    (unseen,) = cost.unseen
    assert (unseen.name, unseen.calls) == ("aten::_fft_r2c", 1)
    assert 0 < unseen.share < 1
    assert cost.macs is None  # the part that was seen is not the whole


class _Function(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


@pytest.mark.parametrize(
    "function",
    [
        F.hardswish,
        F.mish,
        lambda x: F.hardswish(x.clone(), inplace=True),
        lambda x: F.prelu(x, torch.ones(4)),
        lambda x: F.glu(x, 1),
        lambda x: F.fold(F.unfold(x, 3), (8, 8), 3),
        lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), [2, 2]),
        lambda x: F.local_response_norm(x, 3),
        lambda x: x.sort().values.cumsum(1) * (x.argmax(1, keepdim=True) > 1),
        lambda x: torch.stack(x.unsafe_split(2, 1)),
    ],
)
def test_activations_and_moved_data_raise_no_alarm(function: Callable[[Tensor], Tensor]) -> None:
    cost = count(_Function(function), (4, 8, 8))
    assert (cost.macs, cost.unseen) == (0, ())


@pytest.mark.parametrize(
    "function",
    [lambda x: torch.cdist(x, x), torch.linalg.inv, torch.linalg.matrix_exp, lambda x: torch.fft.fft(x).real],
)
def test_what_multiplies_and_has_no_rule_is_never_zero(function: Callable[[Tensor], Tensor]) -> None:
    assert count(_Function(function), (4, 8, 8)).macs is None


class _Sequence(nn.Module):
    """The rows of an image as a sequence through a recurrent layer."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layer(x.flatten(2).transpose(1, 2))[0]
        return result


@pytest.mark.parametrize(("kind", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)])
@pytest.mark.parametrize(("layers", "directions"), [(1, 1), (2, 2)])
def test_recurrent_layers_worked_by_hand(
    kind: Callable[..., nn.Module], gates: int, layers: int, directions: int
) -> None:
    layer = kind(6, 5, num_layers=layers, bidirectional=directions == 2, batch_first=True)
    cost = count(_Sequence(layer), (6, 3, 4), batch=2)
    per_step = [gates * 5 * (width + 5) * directions for width in (6, 5 * directions)[:layers]]
    assert (cost.macs, cost.unseen) == (12 * sum(per_step), ())


def test_a_projected_lstm_multiplies_what_it_hands_on() -> None:
    layer = nn.LSTM(6, 5, proj_size=2, batch_first=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that oneDNN has no such layer
        assert count(_Sequence(layer), (6, 3, 4)).macs == 12 * (4 * 5 * (6 + 2) + 5 * 2)


def test_an_lstm_counts_as_much_as_its_cells_written_out() -> None:
    class Cells(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.seen, self.kept = nn.Linear(6, 20), nn.Linear(5, 20)

        def forward(self, x: Tensor) -> Tensor:
            hidden = cell = x.new_zeros(x.shape[0], 5)
            for step in x.flatten(2).unbind(2):
                let_in, forget, new, out = (self.seen(step) + self.kept(hidden)).chunk(4, 1)
                cell = forget.sigmoid() * cell + let_in.sigmoid() * new.tanh()
                hidden = out.sigmoid() * cell.tanh()
            return hidden

    whole = count(_Sequence(nn.LSTM(6, 5, batch_first=True)), (6, 3, 4))
    assert whole.macs == count(Cells(), (6, 3, 4)).macs
    assert whole.params == count(Cells(), (6, 3, 4)).params


def test_an_early_exit_is_counted_as_it_runs() -> None:
    class EarlyExit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk, self.rest = nn.Conv2d(3, 4, 1, bias=False), nn.Conv2d(4, 4, 3, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.trunk(x)
            return y if float(x.abs().max()) == 0 else self.rest(y)

    assert count_on(EarlyExit(), torch.zeros(1, 3, 4, 4)).macs == 16 * 12
    assert count_on(EarlyExit(), torch.ones(1, 3, 4, 4)).macs == 16 * 12 + 4 * 4 * 36


def test_what_a_network_keeps_of_a_pass_is_not_of_the_count() -> None:
    class Keeps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)
            self.register_buffer("calls", torch.zeros(()))
            self.calls: Tensor
            self.table: Tensor | None = None

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            if self.table is None:
                self.table = torch.arange(x.shape[-1]) * 1.0
            result: Tensor = self.conv(x) + self.table
            return result

    module = Keeps()
    images = torch.ones(1, 3, 4, 4)
    count_on(module, images)
    assert module.table is None
    assert float(module.calls) == 0
    assert type(module(images)) is Tensor


def test_a_network_whose_control_flow_needs_values_is_run() -> None:
    class Branch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 5, 1, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            if float(x.sum()) > 1:
                raise RuntimeError("the image counted with is zeros")
            result: Tensor = self.conv(x)
            return result

    assert count(Branch(), (3, 4, 4)).macs == 16 * 15


def test_counting_leaves_the_module_as_it_was() -> None:
    module = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout())
    module[1].eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    count(module, (3, 4, 4))
    assert (module.training, module[0].training, module[1].training) == (True, True, False)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize(("shape", "batch"), [((3, 0, 4), 1), ((3, 4, 4), 0)])
def test_refuses_nonsense(shape: tuple[int, int, int], batch: int) -> None:
    with pytest.raises(ValueError, match="expected a positive batch"):
        count(nn.Identity(), shape, batch=batch)


def test_says_what_the_network_did_not_take() -> None:
    with pytest.raises(ValueError, match="expected a network that takes"):
        count(nn.Conv2d(4, 4, 1), (3, 8, 8))
