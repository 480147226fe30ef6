"""FasterNet in each form, runtime and precision of this machine, by pairs of live workers: what docs/fastest.md shows.

    python scripts/fastest.py                                   # FasterNet-T0, all lines that this machine can run
    python scripts/fastest.py --model fasternet_s --only onnxruntime,openvino --pairs 4

A line for each: how many times as fast the first is as the second, with its 95 % interval. `timm:` is timm's network as
timm creates it. Let nothing else run meanwhile. Forms that only this file knows are those of scripts/fastest_forms.py.
"""

import argparse

from bench.api import compare
from bench.errors import BenchError
from reports.comparisons import Comparison

# What is timed, and what against; {} is the FasterNet.
LINES = (
    ("{}@eager,form=fast", "timm:{}@eager,unfused=yes"),
    ("{}@eager", "timm:{}@eager,unfused=yes"),
    ("{}@eager,layout=channels_last", "timm:{}@eager,unfused=yes"),
    ("{}@compile,form=fast", "timm:{}@eager,unfused=yes"),
    ("{}@compile,layout=channels_last", "timm:{}@eager,unfused=yes"),
    ("fastest_forms:frozen_{}@eager", "timm:{}@eager,unfused=yes"),
    ("fastest_forms:patches_{}@eager", "{}@eager,form=fast"),
    ("{}@onnxruntime", "timm:{}@onnxruntime,unfused=yes"),
    ("fastest_forms:streams_{}@onnxruntime", "timm:{}@onnxruntime,unfused=yes"),
    ("{}@openvino", "timm:{}@openvino,unfused=yes"),
    ("{}@litert", "timm:{}@litert,unfused=yes"),
    ("{}@ncnn", "timm:{}@ncnn,unfused=yes"),
    ("{}@executorch", "timm:{}@executorch,unfused=yes"),
    ("{}@eager,form=fast,dtype=bfloat16", "{}@eager,form=fast"),
    ("{}@openvino,dtype=bfloat16", "{}@openvino"),
    ("{}@onnxruntime,dtype=int8", "{}@onnxruntime"),
    ("{}@openvino,dtype=int8", "{}@openvino"),
    ("{}@litert,dtype=int8", "{}@litert"),
    ("{}@ncnn,dtype=int8", "{}@ncnn"),
    ("{}@executorch,dtype=int8", "{}@executorch"),
    ("{}@openvino", "{}@onnxruntime"),
    ("{}@eager,form=fast", "{}@onnxruntime"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="fasternet_t0", help="one FasterNet (default fasternet_t0)")
    parser.add_argument("--only", default="", help="lines whose first side is of these runtimes")
    parser.add_argument("--pairs", type=int, default=6)
    given = parser.parse_args()
    for first, second in LINES:
        sides = first.format(given.model), second.format(given.model)
        if given.only and sides[0].partition("@")[2].partition(",")[0] not in given.only.split(","):
            continue
        print(f"| `{sides[0]}` | `{sides[1]}` | {_result(*sides, given.pairs)} |", flush=True)


def _result(first: str, second: str, pairs: int) -> str:
    try:
        return _words(compare(first, second, pairs=pairs))
    except BenchError as error:
        return str(error)


def _words(made: Comparison) -> str:
    """How many times as fast the first is."""
    if made.ratio is None:
        return made.reason
    times = made.ratio  # of the second over the first: where that is slower, the first is so many times as fast
    bounds = f" [{times.low:.3f}, {times.high:.3f}]" if times.low is not None and times.high is not None else ""
    return f"{times.centre:.3f}{bounds}"


if __name__ == "__main__":
    main()
