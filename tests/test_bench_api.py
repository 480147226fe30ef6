"""A network measured from Python: what is refused and how, and where a user's own code is found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from bench.api import measure
from bench.errors import UsageError

ROOT = Path(__file__).parents[1]

# Run from another folder: the workers have to look where the script looks.
SCRIPT = """
import sys
sys.path.append({lib!r})
from bench.api import measure
for network in ("net_beside_script:net", "net_in_lib:net"):
    row = measure(network, rounds=1, input_px=8)
    print(row.unit.runtime, row.reason or "measured")
"""
NET = "import torch\ndef net():\n    return torch.nn.Conv2d(3, 4, 3)\n"


@pytest.mark.parametrize("wrong", [{"dtype": "int3"}, {"threads": 999}, {"runtime": "onnxruntime"}, {"batch": -1}])
def test_nonsense_is_refused_in_one_way(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="expected"):
        measure(nn.ReLU(), **wrong)  # type: ignore[arg-type]


def test_an_onnx_file_runs_under_onnx_runtime_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def stop(network: str, axes: object, runtime: str, *_: object, **__: object) -> None:
        asked.append(runtime)

    monkeypatch.setattr("bench.api._measure_named", stop)
    measure("net.onnx")
    measure("fasternet_t0")
    measure("net.onnx", runtime="openvino")
    assert asked == ["onnxruntime", "eager", "openvino"]


def test_a_factory_is_found_where_the_script_would_find_it(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/net_in_lib.py").write_text(NET)
    (tmp_path / "net_beside_script.py").write_text(NET)
    script = tmp_path / "go.py"
    script.write_text(SCRIPT.format(lib=str(tmp_path / "lib")))
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(ROOT), "BENCH_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.splitlines() == ["eager measured"] * 2, done.stderr


def test_the_bytes_of_a_live_module_are_those_of_the_dtype_and_layout_that_is_timed() -> None:
    """Whatever dtype the module itself is in: 3 x 8 x 8 in, 4 x 8 x 8 out and 4 x 3 weights, 2 or 4 bytes each."""
    net = nn.Conv2d(3, 4, 1, bias=False)
    elements = 3 * 64 + 4 * 64 + 4 * 3
    for given in (net, nn.Conv2d(3, 4, 1, bias=False, dtype=torch.bfloat16)):
        for dtype, size in (("float32", 4), ("bfloat16", 2)):
            row = measure(given, input_px=8, dtype=dtype)
            assert row.cost is not None
            assert row.cost.bytes_moved == elements * size
