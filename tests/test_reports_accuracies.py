"""`--accuracy`: which network gets which accuracy of timm's file, and when none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.cli.main import main
from bench.errors import UsageError
from bench.journal import read_plan
from reports.ledger.read_accuracy import parse_accuracies
from reports.plots.network_pictures import accuracy_picture
from reports.plots.spots import spots
from reports.results import Results
from tests.bench_process import BenchProcess
from tests.made_up_runs import done, models_run, net

HEAD = "model,top1,top1_err,top5,top5_err,param_count,img_size,crop_pct,interpolation\n"


def line(model: str, top1: str = "70.5", px: str = "224") -> str:
    return f'{model},{top1},29.5,90,10,"1,012.56",{px},0.9,bicubic\n'


def drawn(text: str, *names: str) -> dict[str, tuple[float, bool]]:
    run = models_run([done(net(name), 0.01) for name in names])
    results = Results(run=replace(run, plan=replace(run.plan, accuracy=text)))
    found = spots(results.panels["model"][0], results.accuracies)
    return {spot.facts.name: (spot.accuracy, spot.distilled) for spot in found}


def test_a_name_has_the_accuracy_of_its_only_weights_at_that_size() -> None:
    text = HEAD + line("net_a.in1k") + line("net_b.fb_dist_in1k", "71.5") + line("net_c.in1k", px="288")
    assert drawn(text, "timm:net_a", "timm:net_b", "timm:net_c", "timm:net_d", "net_a") == {
        "timm:net_a": (70.5, False),
        "timm:net_b": (71.5, True),
    }


def test_each_size_of_a_network_has_its_own_accuracy_or_none() -> None:
    text = HEAD + line("net_a.in1k") + line("net_a.in1k", "72.5", px="288")
    run = models_run([done(net("timm:net_a", px=px), 1e-3 * px) for px in (224, 256, 288)])
    results = Results(run=replace(run, plan=replace(run.plan, accuracy=text)))
    panel, table = results.panels["model"][0], results.accuracies
    assert [(spot.facts.input_px, spot.accuracy, round(spot.x.centre)) for spot in spots(panel, table)] == [
        (224, 70.5, 224),
        (288, 72.5, 288),
    ]
    figure = accuracy_picture([panel], table)
    assert {"net_a 224x224", "net_a 288x288"} <= {text.get_text() for text in figure.axes[0].texts}
    assert any("at this input size: timm:net_a 3x256x256" in text.get_text() for text in figure.texts)


def test_one_of_several_weights_is_never_guessed() -> None:
    two = HEAD + line("net_a.first_in1k", "70") + line("net_a.second_in1k", "75")
    assert drawn(two, "timm:net_a") == {}
    assert drawn(two + line("net_a", "72"), "timm:net_a") == {"timm:net_a": (72.0, False)}
    assert drawn(two + line("net_a.large", "78", px="288"), "timm:net_a") == {}


def test_the_file_goes_before_the_rivals_and_behind_the_paper() -> None:
    text = HEAD + line("starnet_s1.in1k", "73.6") + line("fasternet_t0.in1k", "71.7")
    found = drawn(text, "timm:starnet_s1", "starnet_s1", "fasternet_t0", "timm:fasternet_t0")
    assert {name: top1 for name, (top1, _) in found.items()} == {
        "timm:starnet_s1": 73.6,
        "starnet_s1": 73.53,
        "fasternet_t0": 71.9,
        "timm:fasternet_t0": 71.7,
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected one column model"),
        ("model,top1\n", "expected one column img_size"),
        ("model,top1,img_size,top1\n", "expected one column top1"),
        (HEAD + line("a b"), "line 2, model: expected a name such as starnet_s1.in1k, got 'a b'"),
        (HEAD + line("\x1b[31m"), "line 2, model: expected a name"),
        (HEAD + line("a") + line("b", "nan"), "line 3, top1: expected a percentage over 0 and up to 100, got 'nan'"),
        (HEAD + line("a", "101"), "line 2, top1: expected a percentage"),
        (HEAD + line("a", "1e999"), "line 2, top1: expected a percentage"),
        (HEAD + line("a", px="0"), "line 2, img_size: expected pixels such as 224, got '0'"),
        (HEAD + line("a", px="9" * 9), "line 2, img_size: expected pixels"),
        (HEAD + "a,70\n", "line 2: expected 9 cells as in the headings, got 2"),
    ],
)
def test_a_file_that_is_none_is_one_line(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_accuracies(text, "mine.csv")
    said = str(caught.value)
    assert said.startswith("mine.csv: ")
    assert says in said
    assert "\n" not in said
    assert "\x1b" not in said


def test_a_wrong_file_ends_the_command_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text(HEAD + line("a", "0"))
    for name, says in (("mine.csv", "line 2, top1"), ("none.csv", "that can be read for --accuracy, got 'none.csv'")):
        assert main(["models", "--model", "t0", "--accuracy", name, "--out", "run"]) == 2
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
        assert says in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


@pytest.mark.slow
def test_a_run_keeps_its_accuracies(tmp_path: Path) -> None:
    bench = BenchProcess(tmp_path, tmp_path / "cache")
    text = HEAD + line("mobilenetv3_small_050.lamb_in1k", "57.9")
    (tmp_path / "mine.csv").write_text(text)
    asked = ("--model", "timm:mobilenetv3_small_050", "--quick", "--runtime", "eager", "--out", "run", "--no-limit")
    done_one = bench.run("models", "--accuracy", "mine.csv", *asked)
    assert done_one.returncode == 0, done_one.stderr
    assert read_plan(tmp_path / "run").accuracy == text
    assert (tmp_path / "run/accuracy-cpu-eager.png").exists()
    (tmp_path / "mine.csv").write_text(text.replace("57.9", "58"))
    refused = bench.run("models", "--resume", "run", "--accuracy", "mine.csv")
    assert refused.returncode == 2
    assert "the file of --accuracy is not what the run in run was begun with" in refused.stderr
    plan = json.loads((tmp_path / "run/run.json").read_text())
    (tmp_path / "run/run.json").write_text(json.dumps(plan | {"accuracy": "model;top1\n"}))
    damaged = bench.run("report", "run")
    assert damaged.returncode == 2
    assert "the accuracies in run.json: expected one column model" in damaged.stderr
