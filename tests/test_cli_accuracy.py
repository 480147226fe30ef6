"""`bench accuracy` as a user starts it, on a network and pictures whose answers are known by construction."""

import csv
import io
import os
import pickle
import platform
import signal
import subprocess
from pathlib import Path

import pytest
import torch

from bench.journal import read_run
from tests.bench_process import BenchProcess, events, wait_until
from tests.colour_network import COLOURS, MODULE, pictures
from tests.one_line import one_line

FILES = {"accuracy.csv", "accuracy.md", "answers.csv", "records.jsonl", "report.html", "run.json"}


@pytest.fixture
def bench(tmp_path: Path) -> BenchProcess:
    """A folder that holds the networks and three pictures of each colour."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "nets.py").write_text(MODULE)
    pictures(folder / "photos", 3)
    return BenchProcess(folder, tmp_path / "cache")


def refusal(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line of a command that ended with code 2."""
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr.splitlines()[-1]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def parts_of(text: str) -> dict[str, tuple[int, int]]:
    return {row["measure"]: (int(row["count"]), int(row["images"])) for row in rows_of(text)}


def test_top_1_is_what_the_pictures_say_and_what_cannot_be_read_is_named(bench: BenchProcess) -> None:
    photos = bench.folder / "photos"
    (photos / "red/0.png").rename(photos / "white/misplaced.png")  # a wrong label, and the least like it
    (photos / "green/1.png").write_text("no image")
    done = bench.run("accuracy", "nets:make", "--data", "photos", "--runtime", "onnxruntime", "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "left out: green/1.png: cannot identify image file" in done.stderr
    assert "[21/21] top-1 95.0%" in done.stderr
    assert "shorter side to 256 px (bicubic), centre 224x224" in done.stderr
    assert "1 images could not be read: green/1.png" in done.stdout
    folder = bench.folder / "run"
    assert {path.name for path in folder.iterdir()} == FILES
    assert parts_of((folder / "accuracy.csv").read_text()) == {"top1": (19, 20), "top5": (19, 20)}
    wrong = [row for row in rows_of((folder / "answers.csv").read_text()) if row["top1"] != row["label"]]
    assert sorted(row["image"] for row in wrong) == ["green/1.png", "white/misplaced.png"]
    again = bench.run("report", "run", "--format", "csv")
    assert parts_of(again.stdout) == {"top1": (19, 20), "top5": (19, 20)}


def test_the_file_that_is_asked_is_the_file_that_is_timed_and_its_accuracy_joins_its_row(bench: BenchProcess) -> None:
    weights = {"2.weight": torch.eye(3).repeat(3, 1)[:7], "2.bias": torch.zeros(7)}
    torch.save({"state_dict": weights}, bench.folder / "w.pth")
    own = ("--checkpoint", "w.pth", "--runtime", "onnxruntime")
    asked = bench.run("accuracy", "nets:make", "--data", "photos", *own, "--out", "asked", "--format", "csv")
    assert asked.returncode == 0, asked.stderr
    assert "weights: w.pth, SHA-256" in asked.stderr
    (top1, _) = rows_of(asked.stdout)
    assert top1["count"] != top1["images"], "the weights are the checkpoint's"
    timed = bench.run(
        "models", "--model", "nets:make", *own, "--quick", "--no-limit", "--accuracy", "asked", "--out", "timed"
    )
    assert timed.returncode == 0, timed.stderr
    assert "top-1 %" in timed.stdout
    assert "of the runs of bench accuracy asked (21 images)" in timed.stdout
    (row,) = rows_of((bench.folder / "timed/table.csv").read_text())
    assert (row["top1"], row["top1_low"], row["top1_high"]) == (top1["share"], top1["low"], top1["high"])
    assert row["top1_artifact"] == top1["artifact"]
    (made,) = (path for path in (bench.cache / "files").rglob(top1["artifact"][:64] + "*") if path.is_file())
    assert made.stat().st_size > 0
    assert any(path.name.startswith("accuracy-") for path in (bench.folder / "timed").iterdir())
    made.rename(bench.folder / "mine.onnx")
    file = bench.run("accuracy", "mine.onnx", "--data", "photos", "--agreement", "--format", "csv", "--out", "file")
    assert file.returncode == 0, file.stderr
    counts = {row["measure"]: row["count"] for row in rows_of(file.stdout)}
    assert (counts["top1"], counts["agreement"]) == (top1["count"], "21")


@pytest.mark.parametrize(("runtime", "checkpoint"), [("eager", ""), ("onnxruntime", "w.pth")])
def test_images_take_their_place_among_the_inputs_of_a_network_of_bytes(
    bench: BenchProcess, runtime: str, checkpoint: str
) -> None:
    """Two inputs, the images second, channels last and whole numbers; a checkpoint takes the place of its weights."""
    weights = {"inner.2.weight": torch.eye(3).repeat(3, 1)[:7], "inner.2.bias": torch.zeros(7)}
    torch.save(weights, bench.folder / "w.pth")
    asked = ("accuracy", "nets:pixels", "--data", "photos", "--runtime", runtime, "--agreement", "--format", "csv")
    done = bench.run(*asked, "--out", "run", *(("--checkpoint", checkpoint) if checkpoint else ()))
    assert done.returncode == 0, done.stderr
    assert "deviation 0.0039" in done.stderr
    found = parts_of(done.stdout)
    assert found["agreement"] == (21, 21)
    assert (found["top1"] == (21, 21)) is not bool(checkpoint)


def test_without_labels_it_is_agreement_with_fp32_eager(bench: BenchProcess) -> None:
    options = ("--data", "photos", "--unlabelled", "--runtime", "onnxruntime", "--batch", "4", "--limit", "10")
    done = bench.run("accuracy", "nets:make", *options, "--out", "run", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert parts_of(done.stdout) == {"agreement": (10, 10)}
    refused = bench.run("models", "--model", "nets:make", "--accuracy", "run", "--dry-run")
    assert refusal(refused).startswith("bench: expected a run with labels for --accuracy, got run")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="ONNX Runtime has float16 kernels on Arm")
def test_what_a_runtime_computes_in_another_precision_is_refused_as_bench_models_skips_it(bench: BenchProcess) -> None:
    words = "asked ONNX Runtime for float16, on this CPU it computes in float32"
    done = bench.run("accuracy", "nets:make", "--data", "photos", "--runtime", "onnxruntime", "--dtype", "float16")
    assert refusal(done) == f"bench: {words}"
    assert not (bench.folder / "results").exists()


def test_labels_and_agreement_together_give_the_difference_on_the_same_images(bench: BenchProcess) -> None:
    lines = [f"{name}/{number}.png,{place}" for place, name in enumerate(COLOURS) for number in range(3)]
    (bench.folder / "labels.csv").write_text("image,label\n" + "\n".join(lines))
    options = ("--data", "photos", "--labels", "labels.csv", "--agreement", "--crop", "0.5")
    done = bench.run("accuracy", "nets:make", *options, "--out", "run")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "top-1 is +0.00 points" in said
    assert "the interval holds 0: no difference is shown" in said
    assert "shorter side to 448 px" in said
    parts = parts_of((bench.folder / "run/accuracy.csv").read_text())
    assert parts == dict.fromkeys(("top1", "top5", "agreement", "reference_top1"), (21, 21))


def test_a_killed_run_goes_on_where_it_stopped(bench: BenchProcess) -> None:
    pictures(bench.folder / "many", 6)
    process = bench.start("accuracy", "nets:slow", "--data", "many", "--out", "run")
    folder = bench.folder / "run"
    wait_until(lambda: sum("answers" in each["body"] and bool(each["body"]["answers"]) for each in events(folder)) >= 1)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    before = [each for record in read_run(folder).evaluation_records for each in record.answers]
    assert 0 < len(before) < 42
    refused = bench.run("accuracy", "--resume", "run", "--batch", "2")
    assert refusal(refused).startswith("bench: --batch 2 disagrees with the run in run")
    done = bench.run("accuracy", "--resume", "run", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert parts_of(done.stdout) == {"top1": (42, 42), "top5": (42, 42)}
    answers = [each for record in read_run(folder).evaluation_records for each in record.answers]
    assert answers[: len(before)] == before
    assert len({each.image for each in answers}) == len(answers) == 42
    whole = bench.run("accuracy", "--resume", "run", "--format", "csv")
    assert (whole.returncode, whole.stdout) == (0, done.stdout)


def test_a_run_whose_images_have_changed_does_not_go_on(bench: BenchProcess) -> None:
    process = bench.start("accuracy", "nets:slow", "--data", "photos", "--out", "run")
    wait_until(lambda: len(events(bench.folder / "run")) >= 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (bench.folder / "photos/red/0.png").unlink()
    done = bench.run("accuracy", "--resume", "run")
    assert refusal(done) == "bench: --resume run: the folder of images is not what it was; start a new run"


class Hostile:
    """A pickle that leaves a file where it is loaded as pickles usually are."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("executed",)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "expected a network, such as fasternet_t0 or mynet.onnx, got none"),
        (("nets:make",), "expected --data FOLDER, got none"),
        (("paper", "--data", "photos"), "expected one network, got a group of 35"),
        (("resnt50", "--data", "photos"), "did you mean resnet50"),
        (("resnet50", "--data", "photos"), "expected --checkpoint FILE for resnet50, got none"),
        (("nets:make", "--data", "away"), "expected a folder of images"),
        (("nets:make", "--data", "empty"), "got none; give a folder of"),
        (("nets:make", "--data", "photos", "--labels", "nets.py"), "nets.py, line 5: expected an image and its label"),
        (("nets:make", "--data", "photos", "--classes", "photos"), "expected a text file at"),
        (("nets:make", "--data", "photos/red", "--classes", "classes.txt"), "expected labels for --classes"),
        (("nets:make", "--data", "photos", "--checkpoint", "away.pth"), "expected a checkpoint at"),
        (("net.onnx", "--data", "photos", "--checkpoint", "nets.py"), "an .onnx file, which holds its weights"),
        (("nets:make", "--data", "photos", "--crop", "1.5"), "expected a ratio over 0 and up to 1"),
        (("nets:make", "--data", "photos", "--mean", "nan,0,0"), "expected 1 or 3 numbers"),
        (("nets:make", "--data", "photos", "--std", "0"), "expected"),
        (("nets:make", "--data", "photos", "--limit", "0"), "at least 1"),
        (("nets:make", "--data", "photos", "--interpolation", "bicubik"), "did you mean bicubic?"),
        (("nets:make", "--data", "photos", "--runtime", "onnx"), "did you mean onnxruntime?"),
        (("nets:make", "--data", "photos", "--threads", "100000"), "give fewer --threads"),
        (("nets:make", "--data", "photos", "--out", "photos"), "expected an empty or new folder for --out"),
        (("--resume", "photos"), "expected a run's folder with run.json in it"),
    ],
)
def test_what_is_wrong_is_one_line(
    bench: BenchProcess,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    (bench.folder / "empty").mkdir()
    (bench.folder / "classes.txt").write_text("red\n")
    monkeypatch.chdir(bench.folder)
    monkeypatch.setenv("BENCH_CACHE", str(bench.cache))
    assert said in one_line(capsys, "accuracy", *arguments)
    assert not (bench.folder / "results").exists()


def test_what_only_the_network_tells_is_one_line_too(bench: BenchProcess) -> None:
    pictures(bench.folder / "two", 1, ("red", "blue"))
    torch.save({"2.weight": torch.eye(3), "2.bias": torch.zeros(3)}, bench.folder / "other.pth")
    (bench.folder / "evil.pth").write_bytes(pickle.dumps(Hostile()))
    for arguments, said in {
        ("nets:make", "--data", "two"): "expected 7 folders, one for each class of the network, got 2",
        ("nets:maps", "--data", "photos"): "expected a network that answers with scores of classes",
        (
            "nets:make",
            "--data",
            "photos",
            "--checkpoint",
            "other.pth",
        ): "choose the network the checkpoint was made with",
        ("nets:make", "--data", "photos", "--checkpoint", "evil.pth"): "which torch.load(weights_only=True) refuses",
    }.items():
        done = bench.run("accuracy", *arguments)
        assert said in refusal(done)
    assert not (bench.folder / "results").exists()
    assert not list(bench.folder.rglob("executed"))
