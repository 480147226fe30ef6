"""Our counts over a small network of each of timm's families, random weights: one line a network, then a tally.

    python scripts/zoo_counts.py --most 220 --export

Each network is counted, held against torch's FlopCounterMode where both count, brought into its deployed form, with
`--export` exported and counted from its file, and looked at after each step: it must be as it was, to the byte.
"""

import argparse
import hashlib
import random
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
from torch.nn.modules import module as modules
from torch.utils.flop_counter import FlopCounterMode

from models.clone import clone
from models.counting import NetworkCost, count_on
from models.export import export
from models.fuse import fuse
from models.inference_form import Deployed, deploy, reparameterisable
from models.onnx_counting import count_graph
from models.torchvision_import import import_timm

_GLOBAL_HOOKS = (modules._global_forward_hooks, modules._global_forward_pre_hooks)
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
        output, before = network(images), state(network)
        cost = count_on(network, images)
        found = ["counted" if cost.macs is not None else f"not whole: {', '.join(op.name for op in cost.unseen)}"]
        found.append(_touched("counting", before, state(network)))
        found.append(_against_torch(network, images, cost))
        deployed = deploy(clone(network), images)
        found += _folded(network, images, deployed, _error(deployed.network(images), output))
        found.append(_touched("folding", before, state(network)))
        if with_export:
            found.append(_exported(deployed.network, images, count_on(deployed.network, images)))
            found.append(_touched("exporting", before, state(network)))
        found.append("same output after all" if torch.equal(network(images), output) else "ANOTHER OUTPUT after all")
    return found


def _touched(by: str, before: list[object], after: list[object]) -> str:
    changed = [str(each)[:60] for each, other in zip(after, before, strict=False) if each != other]
    return f"TOUCHED by {by}: {changed[0]}" if changed or len(before) != len(after) else f"untouched by {by}"


def state(network: nn.Module) -> list[object]:
    """All that might be left behind: bytes, fake tensors, hooks, dtypes, modes, attributes, threads, numbers drawn."""
    seen: list[object] = [
        ("random numbers", _digest(torch.get_rng_state()), hash(random.getstate())),
        ("process", torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()),
        ("hooks of all modules", *(len(hooks) for hooks in _GLOBAL_HOOKS)),
    ]
    for path, module in network.named_modules():
        hooks = [len(value) for key, value in sorted(vars(module).items()) if "hooks" in key and value is not None]
        kept = [(key, _plain(value)) for key, value in sorted(vars(module).items()) if not key.startswith("_")]
        seen.append((path, module.training, hooks, kept))
    for path, value in (*network.named_parameters(), *network.named_buffers()):
        about = (type(value).__name__, value.dtype, tuple(value.shape), value.data_ptr(), value.requires_grad)
        seen.append((path, *about, None if isinstance(value, FakeTensor) else _digest(value)))
    return seen


def _digest(value: Tensor) -> str:
    plain = value.detach().contiguous().reshape(-1).view(torch.uint8)
    return hashlib.sha256(plain.numpy().tobytes()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Tensor) and not isinstance(value, FakeTensor):
        return _digest(value)
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value if isinstance(value, (int, float, str)) else type(value).__name__


def _against_torch(network: nn.Module, images: Tensor, cost: NetworkCost) -> str:
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(images)
    counts = counter.get_flop_counts().get("Global", {})
    theirs = sum(flops // 2 for operation, flops in counts.items() if "attention" not in str(operation))
    ours = cost.of_kind(*_PRODUCTS)
    if ours == theirs:
        return "equals FlopCounterMode"
    return f"{'MORE' if ours > theirs else 'LESS'} than FlopCounterMode: {ours} against {theirs}"


def _folded(network: nn.Module, images: Tensor, deployed: Deployed, error: float) -> list[str]:
    """Random weights can blow up rounding: what is off in float32 is done again in double precision."""
    if error > 1e-4:
        precise, images = clone(network).double(), images.double()
        error = _error(fuse(precise, images)(images), precise(images))
    merged = [note.partition(":")[0] for note in deployed.notes]
    if not any("training form" in note for note in merged) and reparameterisable(network):
        merged.append("re-parameterised")
    return ["folded" if error <= 1e-4 else f"FOLDED ANOTHER: off by {error:.2g}", *merged]


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
