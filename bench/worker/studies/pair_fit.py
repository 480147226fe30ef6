"""Train a pair of convolutions to do what one convolution does to its feature maps."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.flop_counter import FlopCounterMode

from bench.records.study import Fit

BATCH = 4  # images
WINDOW = 16  # pixels wide and high, of a larger map in one step: neighbours in a map tell much the same
RATE = 3e-3  # of Adam, for maps whose values are scaled to 1
CUT, CUT_AFTER = 0.3, 2  # the rate falls to that part after so many epochs more that were no better
PATIENCE = 8  # epochs that were no better, after which it ends
BETTER = 1e-3  # a smaller improvement, relative, is none


@dataclass(frozen=True, kw_only=True)
class Split:
    """Which images train, which say when to stop, and which are judged by."""

    train: Tensor
    validation: Tensor
    test: Tensor


def split_sizes(count: int) -> tuple[int, int, int]:
    """70 %, 10 % and 20 % of the images, as for Table 2; ValueError where a part would be empty."""
    validation, test = round(0.1 * count), round(0.2 * count)
    if count < 10:
        raise ValueError(f"expected 10 images or more to split 70/10/20, got {count}; give more --images or --count")
    return count - validation - test, validation, test


def split(count: int, seed: int) -> Split:
    """A seeded draw."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    train, validation, test = torch.split(order, list(split_sizes(count)))
    return Split(train=train, validation=validation, test=test)


def fit(pair: nn.Module, before: Tensor, after: Tensor, parts: Split, *, epochs: int, seed: int) -> Fit:
    """Train `pair` on maps (n, c, h, w) until the validation error no longer falls; it is left at its best.

    Both maps are scaled to size 1 for the training, so that one rate suits every network; errors are in the target's
    own units.
    """
    taken, wanted = _size(before[parts.train]), _size(after[parts.train])
    x, y = before / taken, after / wanted
    validation, trained = _train(pair, x, y, parts, epochs, seed)
    test = y[parts.test]
    return Fit(
        mse=_error(pair, x[parts.test], test) * wanted**2,
        variance=test.var(dim=(0, 2, 3), correction=0).mean().item() * wanted**2,
        validation_mse=validation * wanted**2,
        epochs=trained,
    )


def _train(pair: nn.Module, x: Tensor, y: Tensor, parts: Split, epochs: int, seed: int) -> tuple[float, int]:
    """The best validation error, whose weights the pair has then, and the epochs that were trained."""
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(pair.requires_grad_(True).parameters(), lr=RATE)
    slower = ReduceLROnPlateau(optimiser, factor=CUT, patience=CUT_AFTER, threshold=BETTER)
    best, weights, since, trained = float("inf"), pair.state_dict(), 0, 0
    while trained < epochs and since < PATIENCE:
        _one_epoch(pair, optimiser, x, y, parts.train, generator)
        error = _error(pair, x[parts.validation], y[parts.validation])
        slower.step(error)
        since = 0 if error < best * (1 - BETTER) else since + 1
        if error < best:
            best, weights = error, copy.deepcopy(pair.state_dict())
        trained += 1
    pair.load_state_dict(weights)
    return best, trained


def _one_epoch(
    pair: nn.Module, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor, images: Tensor, generator: torch.Generator
) -> None:
    """Each image once, in a drawn order, of a large map a drawn window."""
    order = images[torch.randperm(len(images), generator=generator)]
    for chosen in torch.split(order, BATCH):
        rows, columns = (_window(size, generator) for size in x.shape[-2:])
        taken, wanted = x[chosen][..., rows, columns], y[chosen][..., rows, columns]
        optimiser.zero_grad()
        loss = mse_loss(_inner(pair(taken), x.shape), _inner(wanted, x.shape))
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def _window(size: int, generator: torch.Generator) -> slice:
    """Where it lies along one side of a map."""
    start = int(torch.randint(max(0, size - WINDOW) + 1, (), generator=generator))
    return slice(start, start + WINDOW)


def _inner(maps: Tensor, whole: torch.Size) -> Tensor:
    """Without the rim where a window's padding stands for pixels that the map does have."""
    rows, columns = (slice(1, -1) if size > WINDOW else slice(None) for size in whole[-2:])
    return maps[..., rows, columns]


def _error(pair: nn.Module, x: Tensor, y: Tensor) -> float:
    """Mean square over all images, a batch at a time."""
    with torch.no_grad():
        sums = [
            mse_loss(pair(a), b, reduction="sum").item()
            for a, b in zip(torch.split(x, BATCH), torch.split(y, BATCH), strict=True)
        ]
    return sum(sums) / y.numel()


def _size(maps: Tensor) -> float:
    """Root mean square; 1 of maps that are zero throughout."""
    return maps.square().mean().sqrt().item() or 1.0


def counted_macs(pair: nn.Module, shape: Sequence[int]) -> int:
    """Multiply-adds of one image of that (C, H, W), by torch's counter, which counts two for each."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        pair(torch.zeros(1, *shape))
    return int(counter.get_total_flops()) // 2
