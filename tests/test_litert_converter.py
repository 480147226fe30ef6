"""LiteRT's own converter on real networks, where `bench runtimes setup litert` was run."""

import csv
from collections import Counter
from pathlib import Path

import pytest
import torch

from bench.cache.store import default_cache
from bench.cli.main import main
from bench.host import converters
from bench.plan.runtimes import runtime
from bench.worker.convert import convert
from bench.worker.output_check import arrays_in, max_error
from bench.worker.runtimes import litert_runtime
from tests import litert_network
from tests.test_runtimes_litert import UNIT, reference

CACHE, ROW = default_cache(), runtime("litert")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(converters.missing(ROW, CACHE)), reason=converters.missing(ROW, CACHE)),
]

# A Fourier transform is none of LiteRT's converter's operations.
NETS = """\
import torch
from torch import nn

def blocks() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

class Spectrum(nn.Module):
    def forward(self, x):
        return torch.fft.fft2(x).abs()
"""


def test_the_file_that_stands_in_the_repository_is_what_it_makes(tmp_path: Path) -> None:
    made = tmp_path / "network.tflite"
    example = torch.zeros(1, *litert_network.SIZE)
    convert(ROW, litert_network.network(), [example], "float32", made, converters.python_of(ROW, CACHE))
    kinds = [
        Counter(node.name for node in litert_runtime.nodes_of(litert_runtime.interpreter(path, 1)))
        for path in (made, litert_network.FILE)
    ]
    assert kinds[0] == kinds[1]
    error = max_error(arrays_in(litert_runtime.load(UNIT, made).output()), reference(UNIT))
    assert error is not None
    assert error < 1e-6


def test_what_it_cannot_convert_is_a_failed_row_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cache").mkdir()
    Path("cache/environments").symlink_to(CACHE / "environments")
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    Path("nets.py").write_text(NETS)
    models = "fasternet_t0,nets:blocks,nets:Spectrum"
    arguments = ["--runtime", "litert", "--input", "64", "--quick", "--no-progress", "--out", "out"]
    assert main(["models", "--model", models, *arguments]) == 3
    with Path("out/table.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    for name in ("fasternet_t0", "nets:blocks"):
        assert rows[name]["status"] == "done"
        assert float(rows[name]["max_error"]) < 1e-4
        assert rows[name]["delegated_operations"] == rows[name]["operations"] != "0"
    failed = rows["nets:Spectrum"]
    assert failed["status"] == "failed"
    assert failed["reason"].startswith("no network for LiteRT: LiteRT's converter ended with 1: ")
