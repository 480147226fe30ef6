"""Our counts over a small network of each of timm's families, random weights: one line a network, then a tally.

    python scripts/zoo_counts.py --most 220 --export

Each network is counted, held against torch's FlopCounterMode where both count, folded, with `--export` exported and
counted from its file, and looked at afterwards: counting must leave it as it was, to the byte.
"""

import argparse
import copy
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils.flop_counter import FlopCounterMode

from models.counting import NetworkCost, count_on
from models.export import export
from models.fuse import fuse
from models.onnx_counting import count_graph
from models.torchvision_import import import_timm

_PRODUCTS = ("convolution", "linear", "matmul", "recurrent")
_LARGEST = 25e6  # parameters
_SMALL = re.compile("atto|femto|pico|zepto|nano|tiny|small|micro|xxs|_xs|lite|18|_0|_s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=220, help="networks (default 220)")
    parser.add_argument("--export", action="store_true", help="export each as well (half a minute each)")
    parser.add_argument("--skip", type=int, default=0, help="networks to leave out at the beginning")
    parser.add_argument("--step", type=int, default=1, help="take each n-th network only")
    given = parser.parse_args()
    tally: Counter[str] = Counter()
    for name in islice(_families(), given.skip, given.most, given.step):
        started = time.monotonic()
        px = int(import_timm().get_pretrained_cfg(name).input_size[-1])
        try:
            found = _look(name, px, with_export=given.export)
        except Exception as error:  # noqa: BLE001 - the next network goes on
            found = [f"failed: {type(error).__name__}: {' '.join(str(error).split())[:160]}"]
        tally.update(each.partition(":")[0] for each in found)
        print(f"{name} {px}: {'; '.join(found)} ({time.monotonic() - started:.0f} s)", flush=True)
    print("\n".join(f"{calls:5} {what}" for what, calls in tally.most_common()))


def _families() -> Iterator[str]:
    """The first that is small enough among the shortest names of each family, which is what stands before a size."""
    timm = import_timm()
    families: dict[str, list[str]] = {}
    for name in timm.list_models():
        first, _, rest = name.partition("_")
        stem = re.split(r"\d", first)[0] + "_" + re.split(r"[_\d]", rest)[0]
        families.setdefault(stem, []).append(name)
    for names in families.values():
        for name in sorted(names, key=lambda each: (not _SMALL.search(each), len(each)))[:2]:
            with torch.device("meta"):
                try:
                    size = sum(value.numel() for value in timm.create_model(name).parameters())
                except Exception:  # noqa: BLE001 - some compute while they are built
                    continue
            if size <= _LARGEST:
                yield name
                break


def _look(name: str, px: int, *, with_export: bool) -> list[str]:
    torch.manual_seed(0)
    network: nn.Module = import_timm().create_model(name).eval()
    network.requires_grad_(False)  # FlopCounterMode stumbles over what it would have to differentiate
    images = torch.randn(1, 3, px, px)
    with torch.no_grad():
        before, state = network(images), _state(network)
        cost = count_on(network, images)
        untouched = _state(network) == state and torch.equal(network(images), before)
        found = ["counted" if cost.macs is not None else f"not whole: {', '.join(op.name for op in cost.unseen)}"]
        found.append("untouched" if untouched else "TOUCHED")
        found.append(_against_torch(network, images, cost))
        folded = fuse(network, images)
        found.append(_folded(network, images, _error(folded(images), before)))
        found.append("untouched by folding" if torch.equal(network(images), before) else "TOUCHED by folding")
    if with_export:
        found.append(_exported(folded, images, count_on(folded, images)))
    return found


def _state(network: nn.Module) -> list[object]:
    """All that counting might leave behind: fake tensors, hooks, another dtype or mode, new attributes."""
    seen: list[object] = []
    for path, module in network.named_modules():
        hooks = [len(value) for key, value in sorted(vars(module).items()) if "hooks" in key and value is not None]
        kept = [(key, _plain(value)) for key, value in sorted(vars(module).items()) if not key.startswith("_")]
        seen.append((path, module.training, hooks, kept))
    tensors = (*network.named_parameters(), *network.named_buffers())
    assert not any(isinstance(value, FakeTensor) for _, value in tensors)
    seen += [(path, value.dtype, tuple(value.shape), value.data_ptr(), value.requires_grad) for path, value in tensors]
    return seen


def _plain(value: object) -> object:
    return type(value).__name__ if isinstance(value, Tensor) or not isinstance(value, (int, float, str)) else value


def _against_torch(network: nn.Module, images: Tensor, cost: NetworkCost) -> str:
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(images)
    counts = counter.get_flop_counts().get("Global", {})
    theirs = sum(flops // 2 for operation, flops in counts.items() if "attention" not in str(operation))
    ours = cost.of_kind(*_PRODUCTS)
    if ours == theirs:
        return "equals FlopCounterMode"
    return f"{'MORE' if ours > theirs else 'LESS'} than FlopCounterMode: {ours} against {theirs}"


def _folded(network: nn.Module, images: Tensor, error: float) -> str:
    """Random weights can blow up rounding: what is off in float32 is done again in double precision."""
    if error > 1e-4:
        precise, images = copy.deepcopy(network).double(), images.double()
        error = _error(fuse(precise, images)(images), precise(images))
    return "folded" if error <= 1e-4 else f"FOLDED ANOTHER: off by {error:.2g}"


def _error(result: Tensor, expected: Tensor) -> float:
    return float((result - expected).abs().max() / expected.abs().max().clamp(min=1e-12))


def _exported(network: nn.Module, images: Tensor, cost: NetworkCost) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        try:
            export(network, images, path)
        except ValueError as error:
            return f"no export: {str(error)[:120]}"
        graph = count_graph(path)
    if graph.macs is None:
        return f"file not whole: {', '.join(graph.unseen)[:120]}"
    products = cost.of_kind(*_PRODUCTS, "attention")
    least, most = products, products + cost.of_kind("batch_norm", "layer_norm", "group_norm", "pooling", "resize")
    return (
        "file counts the same" if least <= graph.macs <= most else f"FILE COUNTS ANOTHER: {graph.macs}, {least}-{most}"
    )


if __name__ == "__main__":
    main()
