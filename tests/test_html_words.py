"""The verdict of the page, in words."""

from pathlib import Path

from bench.journal import read_run
from reports.html.shown import shown_runs
from reports.html.words import verdict_words
from reports.results import Results
from tests.made_up_layers import LAYERS, layered, layers_run
from tests.made_up_runs import T0, done, models_run, net, table1_run

RUNS = Path(__file__).resolve().parents[1] / "docs/results"


def said(results: Results) -> dict[str, str]:
    (shown,) = shown_runs([("a", results)])
    return {each.heading: " ".join(each.lines) for each in verdict_words(shown)}


def test_claims_are_beside_what_the_paper_says() -> None:
    words = said(Results(run=read_run(RUNS / "claims-cpu")))["The paper, and here"]
    line = (
        "fasternet_t0 is 1.73 [1.70, 1.76] times as fast as mobilevit_xxs here (cpu, onnxruntime); the paper says 3.35"
    )
    assert f"{line}: direction only." in words
    assert "Of 29 claims measured: " in words


def test_without_pairs_the_rows_say_it_and_how_to_know_better() -> None:
    words = said(Results(run=read_run(RUNS / "models-cpu")))["The paper, and here"]
    # 8.67 / 4.75 ms under ONNX Runtime, 25.5 / 11.6 in eager.
    assert (
        "about 1.82 times as fast as mobilevit_xxs here (cpu, onnxruntime), by their rows; the paper says 3.35."
        in words
    )
    assert "about 2.19 times as fast as mobilevit_xxs here (cpu, eager)" in words
    assert "`bench models --claims` measures it in pairs." in words


def test_the_fastest_and_the_front_worked_by_hand() -> None:
    """ShuffleNetV2 x1.5 72.6%, MobileNetV2 72.0%, MobileViT-XXS 69.0%, EdgeNeXt-XXS 71.2%, FasterNet-T0 71.9%."""
    times = dict(zip(T0, (0.004, 0.003, 0.002, 0.005, 0.0031), strict=True))
    run = models_run([done(net(name, number), times[name]) for number in range(3) for name in T0])
    words = said(Results(run=run))
    (head,) = (words[key] for key in words if key.startswith("Networks on cpu"))
    assert head.startswith("mobilevit_xxs (eager) is the fastest of 5: 2.00 [2.00, 2.00] ms an image, verdict ok.")
    assert "The next, mobilenetv2 (eager), takes 1.50 times as long." in head
    front = words["Front of accuracy and time on cpu"]
    names = [name for name in ("mobilevit_xxs", "mobilenetv2", "shufflenetv2_x1_5") if f"ms: {name} (eager)" in front]
    assert len(names) == 3
    assert front.count(" ms: ") == 3
    assert words["Whether to believe it"].startswith("Of 5 numbers: 5 ok.")


def test_one_round_is_no_verdict_on_who_is_faster() -> None:
    run = models_run([done(net("resnet50"), 0.010), done(net("swin_t"), 0.011)])
    (head,) = (text for key, text in said(Results(run=run)).items() if key.startswith("Networks on"))
    assert "verdict unreplicated" in head
    assert "takes 1.10 times as long; one round has no interval, so this is a first look." in head


def test_operators_are_told_by_size_and_speed() -> None:
    words = said(Results(run=table1_run()))
    (head,) = (words[key] for key in words if key.startswith("Operators on cpu"))
    assert head.startswith("Fastest at each size: 96x56x56 dwconv ")
    assert "the paper says 6.22" in words["The paper, and here"]
    assert words["Who is faster when"].startswith("Ranking flips: ")


def test_layers_are_told_by_kind() -> None:
    words = said(Results(run=layers_run(layered("resnet50", LAYERS))))
    assert "Of its time: " in words["Layers"]
