"""`bench approximate`, `bench salience` and `bench redundancy` as a user starts them, on small networks and images."""

import csv
import io
import json
import os
import signal
from pathlib import Path

import pytest
import torch
from PIL import Image

from bench.journal import read_run
from bench.worker.studies.made_images import made_image
from tests.bench_process import BenchProcess, events, processes_with, wait_until
from tests.one_line import one_line

NETWORK = """\
import torch
from torch import nn

def make():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 7, stride=16, padding=3), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(16, 20, 3, stride=2, padding=1), nn.Conv2d(20, 20, 3, padding=1), nn.AdaptiveAvgPool2d(1),
    )

def depthwise():
    return nn.Sequential(nn.Conv2d(3, 16, 1), nn.Conv2d(16, 16, 3, padding=1, groups=16))

def pointwise():
    return nn.Sequential(nn.Conv2d(3, 16, 1))

def killed():
    import os
    return os.kill(os.getpid(), 9)

class Endless(nn.Conv2d):
    def forward(self, x):
        import time
        time.sleep(600)

def endless():
    return Endless(3, 16, 3)
"""
QUICK = ("--epochs", "2", "--repeats", "2", "--count", "10")
FILES = {"ledger.csv", "ledger.md", "records.jsonl", "report.html", "run.json", "study.csv", "study.md"}


@pytest.fixture
def bench(tmp_path: Path) -> BenchProcess:
    """A folder that holds the networks."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "nets.py").write_text(NETWORK)
    return BenchProcess(folder, tmp_path / "cache")


def photos(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        Image.fromarray(made_image(48, 7, number)).save(folder / f"{number}.jpg")
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file."""
    return list(csv.DictReader(io.StringIO(path.read_text())))


def checkpoint(path: Path, layers: dict[str, tuple[int, ...]]) -> Path:
    torch.save({name: torch.ones(shape) for name, shape in layers.items()}, path)
    return path


def test_pairs_are_trained_on_a_folders_images_and_the_report_can_be_made_again(bench: BenchProcess) -> None:
    images = photos(bench.folder / "photos", 10)
    (images / "broken.jpg").write_text("no image")
    asked = ("--model", "nets:make", "--images", "photos", *QUICK, "--count", "20")
    done = bench.run("approximate", *asked, "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "left out: broken.jpg: cannot identify" in done.stderr
    assert "[12/12] stage 2 pconv+pwconv, seed 1: MSE" in done.stderr
    assert "stage 2: gconv+pwconv left out: expected channels divisible by groups, got 20" in done.stdout
    assert "10 images of 11" in done.stdout
    folder = bench.folder / "run"
    assert {path.name for path in folder.iterdir()} == FILES | {"approximate.png"}
    rows = rows_of(folder / "study.csv")
    assert [(row["stage"], row["operator"], row["trainings"]) for row in rows[:3]] == [
        ("1", "dwconv+pwconv", "2"), ("1", "gconv+pwconv", "2"), ("1", "pconv+pwconv", "2"),
    ]  # fmt: skip
    assert all(row["macs"] == row["macs_counted"] for row in rows)
    assert {row["verdict"] for row in rows_of(folder / "ledger.csv")} == {"equal"}
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for path in folder.iterdir():
        if path.name not in ("run.json", "records.jsonl"):
            path.unlink()
    assert bench.run("report", "run").returncode == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_checkpoint_decides_where_filters_are_strongest(bench: BenchProcess) -> None:
    shapes = {0: (16, 3, 7, 7), 1: (16, 16, 3, 3), 3: (20, 16, 3, 3), 4: (20, 20, 3, 3)}
    weights = {f"{number}.weight": torch.rand(shape) for number, shape in shapes.items()}
    for each in weights.values():
        each[..., each.shape[-1] // 2, each.shape[-1] // 2] = 2.0
    biases = {name.replace("weight", "bias"): torch.zeros(each.shape[0]) for name, each in weights.items()}
    torch.save({"state_dict": {f"module.{k}": v for k, v in (weights | biases).items()}}, bench.folder / "w.pth")
    done = bench.run("salience", "--model", "nets:make", "--weights", "w.pth", "--out", "run", "--format", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["layer"], row["kernel"], row["centre_share"]) for row in rows] == [
        ("0", "7x7", "1"), ("1", "3x3", "1"), ("3", "3x3", "1"), ("4", "3x3", "1"),
    ]  # fmt: skip
    ledger = rows_of(bench.folder / "run/ledger.csv")
    assert {(row["name"], row["input_shape"], row["verdict"]) for row in ledger} == {
        ("nets:make", "kernels 3x3", "reproduced"), ("nets:make", "kernels 7x7", "reproduced"),
    }  # fmt: skip


def test_the_maps_of_a_named_layer_are_drawn(bench: BenchProcess) -> None:
    done = bench.run("redundancy", "--model", "nets:make", "--count", "3", "--layer", "2", "--out", "run")
    assert done.returncode == 0, done.stderr
    found = [each.redundancy for each in read_run(bench.folder / "run").study_records if each.redundancy]
    assert [(each.layer, each.kind, each.drawn is not None) for each in found] == [
        ("0", "Conv2d", False), ("1", "Conv2d", False), ("2", "ReLU", True),
        ("3", "Conv2d", False), ("4", "Conv2d", False),
    ]  # fmt: skip
    assert {path.name for path in (bench.folder / "run").iterdir()} == FILES | {"redundancy.png"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("salience", "--model", "resnt50"), "did you mean resnet50"),
        (("salience", "--model", "paper"), "expected one PyTorch network, got a group of 35"),
        (("salience", "--model", "net.onnx"), "expected one PyTorch network, got an .onnx file"),
        (("salience", "--weights", ""), "expected a path, got nothing"),
        (("approximate", "--operators", "pconf"), "did you mean pconv?"),
        (("approximate", "--epochs", "0"), "at least 1"),
        (("approximate", "--epochs", "nan"), "at least 1"),
        (("approximate", "--count", "99999999999999999999999"), "at most 10000"),
        (("redundancy", "--count", "-1"), "at least 1"),
        (("redundancy", "--seed", "9223372036854775808"), "at most 9223372036854775807"),
    ],
)
def test_a_wrong_word_is_one_line_at_once(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in one_line(capsys, *arguments)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_studied_is_one_line_and_nothing_is_written(bench: BenchProcess) -> None:
    photos(bench.folder / "few", 9)
    (bench.folder / "none").mkdir()
    checkpoint(bench.folder / "other.pth", {"conv.weight": (4, 3, 3, 3)})
    (bench.folder / "text.pth").write_text("no checkpoint")
    cases = {
        ("approximate", "--model", "nets:make", "--images", "few"): "10 images or more to split 70/10/20, got 9",
        ("approximate", "--model", "nets:make", "--images", "none"): "expected images in",
        ("approximate", "--model", "nets:make", "--images", "nowhere"): "expected a folder of images",
        ("approximate", "--model", "nets:depthwise"): "expected a network with regular 3x3 convolutions",
        ("salience", "--model", "nets:pointwise"): "expected a network with regular convolutions larger than 1x1",
        ("salience", "--model", "nets:make", "--weights", "other.pth"): "got one that lacks 0.bias and 7 more",
        ("salience", "--model", "nets:make", "--weights", "text.pth"): "expected a checkpoint of weights",
        ("salience", "--model", "nets:make", "--weights", "nowhere.pth"): "No such file or directory",
        ("redundancy", "--model", "nets:make", "--layer", "5.conv"): "expected the name of a layer, got '5.conv'",
        ("redundancy", "--model", "nowhere:make"): "expected a module 'nowhere' to import",
    }
    before = sorted(bench.folder.iterdir())
    for arguments, said in cases.items():
        done = bench.run(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), (arguments, done.stderr)
        assert said in done.stderr, (arguments, done.stderr)
        assert done.stderr.count("\n") == 1
    assert sorted(set(bench.folder.iterdir()) - {bench.folder / "__pycache__"}) == before


def test_a_network_that_ends_its_worker_is_exit_3_and_leaves_nothing(bench: BenchProcess) -> None:
    done = bench.run("salience", "--model", "nets:killed")
    assert done.returncode == 3
    assert "killed (signal 9, SIGKILL)" in done.stderr
    assert not (bench.folder / "results").exists()


def test_ctrl_c_keeps_what_was_found_and_leaves_no_process(bench: BenchProcess) -> None:
    process = bench.start("approximate", "--model", "nets:make", "--count", "10", "--repeats", "1000", "--out", "run")
    folder = bench.folder / "run"
    try:
        wait_until(lambda: sum(event["type"] == "study" for event in events(folder)) > 3)
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert f"bench: interrupted; {Path('run')} holds what was found until then" in errors
    assert "not whole: " in (folder / "study.md").read_text()
    assert json.loads((folder / "run.json").read_text())["study"]["model"] == "nets:make"
    wait_until(lambda: not processes_with(str(bench.cache)))


def test_ctrl_c_before_anything_was_found_leaves_nothing(bench: BenchProcess) -> None:
    process = bench.start("redundancy", "--model", "nets:endless", "--out", "run")
    try:
        wait_until(lambda: any("bench.worker" in line for line in processes_with(str(bench.cache)).values()))
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert (process.returncode, errors) == (130, "bench: interrupted\n")
    assert not (bench.folder / "run").exists()
