"""`bench layers` as a user starts it."""

import csv
import json
from pathlib import Path

import pytest

from bench import api
from tests.bench_process import BenchProcess
from tests.one_line import one_line

NETS = """\
import torch
from torch import nn

def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 16, 4, stride=4), nn.BatchNorm2d(16), nn.ReLU(),
                         nn.Sequential(nn.Conv2d(16, 16, 3, padding=1, groups=16), nn.Conv2d(16, 32, 1)),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))

def large() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 64, 4, stride=4), nn.Conv2d(64, 64, 3, padding=1))

def scripted() -> nn.Module:
    return nn.Sequential(torch.jit.script(small()[0]), nn.ReLU())
"""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "expected a network, such as fasternet_t0"),
        (("fasternet_t9",), "fasternet_t9"),
        (("t0",), "expected one network, 't0' stands for 5; name one of them"),
        (
            ("fasternet_t0", "--runtime", "compile"),
            "says what its layers take (eager, onnxruntime, openvino), got compile",
        ),
        (("fasternet_t0", "--runtime", "tensorflow"), "expected a runtime, got 'tensorflow'"),
        (("fasternet_t0", "--device", "cuda"), "expected a device whose CPU computes, got cuda"),
        (
            ("fasternet_t0", "--trace", "nowhere/t.json"),
            "expected --trace in a folder that is there, got 'nowhere/t.json'",
        ),
        (("fasternet_t0", "--compare", "no_such_net"), "no_such_net"),
        (("fasternet_t0", "--batch", "0"), "expected a whole number of at least 1"),
        (("fasternet_t0", "--input", "1e9"), "expected an input of N or HxW pixels"),
        (("fasternet_t0", "--format", "junit"), "'junit' is not one of 'table', 'csv', 'json', 'markdown'"),
    ],
)
def test_a_wrong_word_is_one_line(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert said in one_line(capsys, "layers", *arguments)
    assert not (elsewhere / "results").exists()


@pytest.fixture
def bench(tmp_path: Path) -> BenchProcess:
    (tmp_path / "nets.py").write_text(NETS)
    return BenchProcess(tmp_path, tmp_path / "cache")


@pytest.mark.slow
def test_two_networks_in_two_runtimes_and_a_trace(bench: BenchProcess, tmp_path: Path) -> None:
    done = bench.run(
        *("layers", "nets:small", "--compare", "nets:large", "--runtime", "eager,onnxruntime", "--quick"),
        *("--input", "64", "--trace", "trace.json", "--out", "run", "--no-progress", "--format", "json"),
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert [(each["name"], each["runtime"]) for each in made["sums"]] == [
        ("nets:small", "eager"),
        ("nets:small", "onnxruntime"),
        ("nets:large", "eager"),
        ("nets:large", "onnxruntime"),
    ]
    with (tmp_path / "run/layers.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["by"] == "layer" and row["name"] == "nets:small"]
    macs = {row["layer"]: row["macs"] for row in rows if row["runtime"] == "eager"}
    assert macs["0"] == str(16 * 16 * 16 * 3 * 16)
    for runtime in ("eager", "onnxruntime"):
        kinds = {row["layer_kind"] for row in rows if row["runtime"] == runtime and row["time_s"]}
        assert {"conv", "dwconv", "pwconv", "linear"} <= kinds
    assert {line["runtime"] for line in made["differences"]} == {"eager", "onnxruntime"}
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert len(list(tmp_path.glob("trace-*.node-data.json"))) == 4
    assert (tmp_path / "run/layers-cpu.png").stat().st_size > 1000
    again = bench.run("report", "run", "--format", "json")
    assert json.loads(again.stdout) == made, "from the journal alone"


@pytest.mark.slow
def test_a_network_that_cannot_be_watched_is_one_line(bench: BenchProcess, tmp_path: Path) -> None:
    done = bench.run("layers", "nets:scripted", "--quick", "--input", "64", "--unfused", "--out", "run")
    assert done.returncode == 3
    said = done.stdout.replace("\n", " ")
    assert said.startswith("nets:scripted, eager: failed: expected modules of Python")
    assert "ms: of one call" not in said, "there is no table to explain"
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_layers_from_python(elsewhere: Path) -> None:
    (elsewhere / "nets.py").write_text(NETS)
    found = api.layers("nets:small", input_px=64, workers=1)
    assert found.layers[0].macs is not None
    assert sum(each.share for each in found.kinds) == pytest.approx(1)
