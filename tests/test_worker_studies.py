"""Kernels and maps whose salience and redundancy are known beforehand."""

import base64

import numpy as np
import pytest
import torch

from bench.worker.studies.correlation import Correlation, Similarity
from bench.worker.studies.drawn_maps import drawn
from bench.worker.studies.salience import salience_of


def correlated(*batches: torch.Tensor) -> Similarity:
    found = Correlation("Conv2d", batches[0])
    for each in batches:
        found.add(each)
    return found.matrix()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_norm_over_the_input_channels_decides_and_not_the_largest_weight() -> None:
    weight = torch.zeros(3, 4, 3, 3)
    weight[0, 0, 0, 2] = 3.0  # norm 3 at the corner...
    weight[0, :, 1, 1] = 2.0  # ...and sqrt(4 * 4) = 4 at the centre
    weight[1, :, 2, 0] = -1.0
    found = salience_of("conv", weight)
    assert found.counts == (0, 0, 0, 0, 1, 0, 1, 0, 0)
    assert found.zero == 1
    assert found.shares == pytest.approx((0, 0, 9 / 25 / 2, 0, 16 / 25 / 2, 0, 1 / 2, 0, 0))


def test_a_kernel_that_is_no_square_and_a_layer_of_zeros() -> None:
    weight = torch.zeros(2, 1, 1, 5)
    assert salience_of("conv", weight).zero == 2
    weight[:, 0, 0, 4] = 1.0
    assert salience_of("conv", weight).counts == (0, 0, 0, 0, 2)


def test_weights_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="got NaN or infinity in conv"):
        salience_of("conv", torch.full((1, 1, 3, 3), float("nan")))


def test_channels_that_repeat_another_are_twins_also_upside_down_and_shifted() -> None:
    base = noise(6, 3, 10, 10)
    maps = torch.cat([base, -2 * base[:, :1] + 5], dim=1)
    found = correlated(maps)
    assert found.twins == 2
    assert found.nearest[[0, 3]].tolist() == pytest.approx([1, 1])
    assert found.effective_rank < 4


def test_the_rank_of_independent_channels_is_their_number_and_that_of_copies_is_one() -> None:
    independent = correlated(noise(8, 16, 32, 32))
    assert independent.effective_rank == pytest.approx(16, rel=0.01)
    assert independent.twins == 0
    assert independent.similarity < 0.05
    copies = correlated(noise(8, 1, 32, 32).expand(-1, 16, -1, -1))
    # The root of what rounding leaves of the other singular values is not nothing.
    assert copies.effective_rank == pytest.approx(1, rel=0.01)
    assert copies.twins == 16
    assert copies.similarity == pytest.approx(1)
    half = correlated(torch.cat([noise(8, 4, 32, 32)] * 2, dim=1))
    assert half.effective_rank == pytest.approx(4, rel=0.02)


def test_batches_add_up_to_what_numpy_says_of_the_whole_also_far_from_zero() -> None:
    maps = noise(10, 5, 7, 9) + 1e4
    maps[:, 1] += 0.7 * maps[:, 0]
    found = correlated(maps[:4], maps[4:])
    flat = maps.double().transpose(0, 1).flatten(1).numpy()
    assert np.allclose(found.matrix.numpy(), np.abs(np.corrcoef(flat)), atol=1e-9)


def test_constant_channels_count_in_nothing() -> None:
    maps = noise(4, 3, 8, 8)
    maps[:, 1] = 0.1
    found = correlated(maps)
    assert found.varying.tolist() == [0, 2]
    nothing = correlated(torch.full((4, 3, 8, 8), 0.1))
    assert (nothing.twins, nothing.similarity, nothing.effective_rank) == (0, 0, 0)
    assert len(nothing.nearest) == 0


def test_maps_that_are_no_numbers_are_refused() -> None:
    maps = noise(1, 2, 4, 4)
    maps[0, 1, 0, 0] = float("inf")
    with pytest.raises(ValueError, match="expected finite feature maps"):
        correlated(maps)


def test_what_is_drawn_fits_into_a_line_and_goes_from_black_to_white() -> None:
    maps = noise(1, 100, 112, 112)
    kept = drawn(noise(1, 3, 224, 224), maps, correlated(maps))
    assert (kept.maps.maps, kept.maps.height, kept.image.maps, kept.image.height) == (64, 56, 3, 112)
    assert len(kept.nearest) == 100
    levels = np.frombuffer(base64.b64decode(kept.maps.data), dtype=np.uint8).reshape(64, -1)
    assert set(levels.min(axis=1)) == {0}
    assert set(levels.max(axis=1)) == {255}
    assert len(kept.maps.data) + len(kept.image.data) + len(kept.similarity.data) < 1 << 19


def test_a_map_without_any_change_is_drawn_too() -> None:
    flat = torch.zeros(1, 4, 8, 8)
    kept = drawn(noise(1, 1, 8, 8), flat, correlated(flat))
    assert (kept.maps.maps, kept.similarity.size, kept.nearest) == (1, 1, ())
