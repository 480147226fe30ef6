"""Our FasterNet against timm's as timm creates it, on one thread of this CPU, by pairs of live workers.

    python scripts/compare_fasternet.py                        # T0 and S, eager and ONNX Runtime, six pairs each
    python scripts/compare_fasternet.py --model fasternet_t1 --runtime eager --pairs 10

In eager our inference form (`--form fast`) runs against timm's network; in ONNX Runtime our exported graph against
timm's exported graph. Both take the same NCHW input. Prints timm's time over ours: above 1 we are faster.
"""

import argparse
import math
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.cache.store import default_cache
from bench.devices.file import find_device
from bench.host.campaign import Campaign
from bench.host.observer import SilentObserver
from bench.journal import Journal, read_run
from bench.link.choice import transport_for
from bench.plan.axes import Axes, cells
from bench.plan.names import network_workloads
from bench.records.pair import Pair
from bench.records.workload import Unit
from bench.statistics import log_mean_interval


def main() -> int:
    """Plan the pairs, run them, print one line for each comparison."""
    arguments = _arguments()
    device = find_device("cpu")
    campaign = Campaign([device], transport_for, default_cache(), SilentObserver())
    try:
        pairs = [
            pair
            for name in arguments.model.split(",")
            for runtime in arguments.runtime.split(",")
            for pair in _pairs(campaign, name, runtime, arguments.pairs)
        ]
        campaign.connect()
        plan = campaign.plan("models", sys.argv[1:], (), (), pairs, 0)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "run"
            with Journal.create(folder, plan) as journal:
                problems = campaign.run(journal, (), plan.pairs, plan.seed)
            _print(folder)
    finally:
        campaign.close()
    return 1 if problems else 0


def _pairs(campaign: Campaign, name: str, runtime: str, count: int) -> list[Pair]:
    form = "fast" if runtime == "eager" else "plain"
    ours = network_workloads(campaign.inspect, [name], None, forms=(form,), fused=True)
    theirs = network_workloads(campaign.inspect, [f"timm:{name}"], None, forms=("plain",), fused=False)
    axes = Axes(runtimes=(runtime,), rounds=1)
    first, second = cells([*ours, *theirs], axes, find_device("cpu"), ())
    return [Pair(first=_numbered(first, i), second=_numbered(second, i)) for i in range(count)]


def _numbered(unit: Unit, number: int) -> Unit:
    return replace(unit, round=number)


def _print(folder: Path) -> None:
    ratios: dict[tuple[str, str], list[float]] = {}
    for record in read_run(folder).pair_records:
        first = record.pair.first
        key = (first.workload.name, first.runtime)
        if record.status == "done":
            ratios.setdefault(key, []).append(math.exp(record.log_ratio))
        else:
            print(f"{key[0]} {key[1]}: {record.status}: {record.reason}")
    for (name, runtime), values in ratios.items():
        found = log_mean_interval(values)
        bounds = f" [{found.low:.3f}, {found.high:.3f}]" if found.low is not None else ""
        print(f"{name} {runtime}: timm / ours = {found.centre:.3f}{bounds}, {len(values)} pairs")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="our FasterNet against timm's, one thread")
    parser.add_argument("--model", default="fasternet_t0,fasternet_s", help="FasterNets, comma separated")
    parser.add_argument("--runtime", default="eager,onnxruntime", help="eager, onnxruntime or both")
    parser.add_argument("--pairs", type=int, default=6, help="fresh pairs of each comparison")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
