"""Everything that is known of one row, and how it is named."""

import shlex
from dataclasses import replace
from pathlib import Path

import click
import pytest

from bench.cli.axis_options import asked_values
from bench.cli.input_options import asked_inputs
from bench.cli.main import bench, main
from bench.cli.request import axes_of
from bench.errors import UsageError
from bench.journal import Journal
from bench.plan.axes import Axes, cells
from bench.plan.names import network_workloads
from bench.plan.side_text import compare_command, row_command, side_text
from bench.plan.sides import Side, comparison_pairs, parse_side
from bench.plan.subjects import OperatorGrid, operator_workloads
from bench.records.calibration import Calibration
from bench.records.device import Device
from bench.records.workload import Checkpoint, GivenInputs, Settings, Unit
from models.fasternet_config import AXES
from operators.spec import AXES as OPERATOR_AXES
from reports.comparisons import comparisons
from reports.one_row import described, found_row
from reports.results import Results
from tests.made_up_comparisons import SLOW, compared, row
from tests.made_up_runs import done, failed, models_run, net
from tests.made_up_studies import errors, run_of, study
from tests.one_line import one_line

RUN = models_run(
    [
        *(done(net("fasternet_t0", number), 0.01 * (1 + number / 100)) for number in range(3)),
        *(done(replace(net("fasternet_t0", number), runtime="onnxruntime"), 0.005) for number in range(3)),
        failed(net("fasternet_t1")),
    ]
)
RESULTS = Results(run=RUN)


def made(side: Side) -> Unit:
    (pair,) = comparison_pairs((side, side), lambda *_: {}, Axes(), [Device(name="cpu")], 1)
    return pair.first


@pytest.mark.parametrize(
    "text",
    [
        "fasternet_t0@eager",
        "fasternet_t0@onnxruntime,threads=2,dtype=float16,spinning=off",
        "fasternet_s@eager,input=256,form=fast,allocator=system",
        "fasternet_t0@eager,unfused=yes,ratio=1/8,norm=ln,layout=channels_last,cache=cold",
        "pconv@onnxruntime,size=96x56x56,ratio=1/2,stack=3,batch=4",
        "dwconv@eager,size=8x4x6,kernel=5",
        "mobilevit_xxs@openvino,dtype=bfloat16",
    ],
)
def test_a_unit_is_written_as_the_side_that_makes_it(text: str) -> None:
    asked = made(parse_side(text))
    written = parse_side(side_text(asked))
    assert made(written).id == asked.id
    assert dict(written.settings) == dict(parse_side(text).settings)


@pytest.mark.parametrize(
    "text",
    [
        "fasternet_t0@onnxruntime,threads=2,dtype=float16,spinning=off",
        "fasternet_s@eager,input=256,form=fast,allocator=system",
        "fasternet_t0@eager,unfused=yes,ratio=1/8,norm=ln,layout=channels_last,cache=cold",
        "pconv@onnxruntime,size=96x56x56,ratio=1/2,stack=3,batch=4",
        "dwconv@eager,size=8x4x6,kernel=5",
    ],
)
def test_a_unit_is_measured_again_by_its_command(text: str) -> None:
    asked = made(parse_side(text))
    settings = replace(asked.settings, tf32=True, cudnn_benchmark=False, realtime=True, sustain_s=90)
    program, name, *words = row_command(replace(asked, seed=7, settings=settings), 3)
    command = bench.get_command(click.Context(bench), name)
    assert command is not None
    options = command.make_context(name, words).params
    axes = axes_of(options)
    assert (program, axes.rounds, axes.seed, axes.priority) == ("bench", 3, 7, "realtime")
    assert (axes.settings.tf32, axes.settings.cudnn_benchmark, axes.settings.sustain_s) == (True, False, 90)
    usual = replace(axes, seed=0, priority="", settings=Settings())
    if asked.workload.operator:
        grid = OperatorGrid(operators=options["op"], sizes=options["sizes"], axes=asked_values(OPERATOR_AXES, options))
        workloads = [*operator_workloads(grid)]
    else:
        workloads = network_workloads(
            lambda *_: {},
            options["model"],
            asked_inputs(options["input_px"] or (), options["input_data"]),
            forms=options["form"],
            fused=not options["unfused"],
            axes=asked_values(AXES, options),
        )
    (again,) = cells(workloads, usual, Device(name="cpu"), ())
    assert again.id == asked.id


def test_rows_of_a_network_from_outside_are_told_apart_by_their_sizes() -> None:
    sizes = (160, 224)
    run = models_run([done(replace(net("timm:resnet18", px=px), device="cpu"), 0.01) for px in sizes])
    found = [found_row(Results(run=run), f"timm:resnet18@eager,input={px}") for px in sizes]
    assert [row.unit.workload.input_shape for row in found] == [(3, px, px) for px in sizes]


def test_an_onnx_file_has_nothing_to_leave_unfused() -> None:
    asked = net("net.onnx")
    assert asked.workload.model is not None
    model = replace(asked.workload.model, fused=False)
    assert side_text(replace(asked, workload=replace(asked.workload, model=model))) == "net.onnx@eager,input=224"


def test_files_and_a_batch_of_one_on_a_gpu_are_named() -> None:
    asked = made(parse_side("fasternet_t0@onnxruntime,dtype=int8,input=256"))
    digest, model = "0" * 64, asked.workload.model
    assert model is not None
    model = replace(model, checkpoint=Checkpoint(path="/w.pth", digest=digest))
    model = replace(model, inputs=GivenInputs(source="/x.npz", digest=digest))
    given = replace(
        asked,
        workload=replace(asked.workload, model=model),
        calibration=Calibration(folder="/pictures", digest=digest),
        accelerator="cuda:0",
    )
    assert side_text(given) == "fasternet_t0@onnxruntime,input-data=/x.npz,batch=1,dtype=int8"
    words = " ".join(row_command(given, 3))
    assert "--input-data /x.npz --batch 1 --dtype int8 --checkpoint /w.pth --calibration /pictures" in words
    assert "--input " not in words


def test_what_an_entry_of_a_board_may_set_is_named() -> None:
    """Its devices.yaml may say threads: 4 and priority: realtime; `cpu` has no entry."""
    board = replace(net("fasternet_t0"), device="pi4")
    assert side_text(board) == "fasternet_t0@eager,threads=1"
    words = " ".join(row_command(board, 3))
    assert "--device pi4 --threads 1 --priority normal" in words
    assert side_text(net("fasternet_t0")) == "fasternet_t0@eager"


def test_two_units_are_compared_by_their_command() -> None:
    first = made(parse_side("fasternet_t0@onnxruntime,dtype=int8"))
    calibrated = replace(first, calibration=Calibration(folder="/my pictures", digest="0" * 64))
    second = replace(net("my net;rm -rf.onnx"), settings=replace(first.settings, flush_denormal=True, realtime=True))
    assert shlex.join(compare_command(second, calibrated)) == (
        "bench compare 'my net;rm -rf.onnx@eager,input=224' fasternet_t0@onnxruntime,dtype=int8 --device cpu "
        "--calibration '/my pictures' --flush-denormal --priority realtime"
    )


def test_what_is_written_whole_is_found_and_what_fits_several_is_not() -> None:
    assert found_row(RESULTS, "fasternet_t0@onnxruntime").unit.runtime == "onnxruntime"
    assert found_row(RESULTS, "fasternet_t1").status == "failed"
    with pytest.raises(UsageError, match=r"2 of 3 .* fasternet_t0@eager on cpu; fasternet_t0@onnxruntime on cpu"):
        found_row(RESULTS, "fasternet_t0")
    with pytest.raises(UsageError, match=r"none of 0 is written"):
        found_row(RESULTS, "fasternet_t0@eager", "pi4")


def test_each_round_its_numbers_and_how_to_measure_again() -> None:
    groups = {group.title: dict(group.lines) for group in described(RESULTS, found_row(RESULTS, "fasternet_t0@eager"))}
    assert list(groups) == ["what", "numbers", "round 1", "round 2", "round 3", "device", "again"]
    assert groups["numbers"]["time of a call"].startswith("10.1 [")
    assert "3 of 3 rounds" in groups["numbers"]["time of a call"]
    assert groups["round 2"]["samples"].startswith("3: 10.1 to 10.1 ms")
    assert groups["what"]["top-1"].startswith("71.9%")
    assert groups["again"] == {
        "the run": "bench bench models",
        "this row": "bench models --model fasternet_t0 --runtime eager --device cpu --rounds 3",
        "a side of bench compare": "fasternet_t0@eager",
    }


def test_a_row_without_a_number_says_why() -> None:
    groups = {group.title: dict(group.lines) for group in described(RESULTS, found_row(RESULTS, "fasternet_t1"))}
    assert groups["numbers"] == {"failed": "the step took longer than 120 s"}


def test_a_terminal_of_eighty_columns_holds_it_and_a_pipe_gets_each_command_in_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    folder = Path(__file__).resolve().parents[1] / "docs/results/models-cpu"
    for terminal in (True, False):
        monkeypatch.setattr("sys.stdout.isatty", lambda terminal=terminal: terminal)
        assert main(["show", str(folder), "fasternet_t0@onnxruntime"]) == 0
        shown = capsys.readouterr().out
        assert "\x1b" not in shown
        assert "4.75 [4.57, 4.94] ms, 5 of 5 rounds" in shown
        command = "bench models --model fasternet_t0 --runtime onnxruntime --device cpu --allocator system --rounds 5"
        assert (max(map(len, shown.splitlines())) <= 80) == terminal
        assert (command in shown) != terminal


def test_a_comparison_is_shown_by_a_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = compared(row("resnet50", SLOW)).run
    with Journal.create(tmp_path / "run", run.plan) as journal:
        for record in run.pair_records:
            journal.append(record)
    (made,) = comparisons(run)
    assert main(["show", str(tmp_path / "run"), side_text(made.second)]) == 0
    shown = capsys.readouterr().out
    for known in ("1.30", "SLOWER", "pair 1\n", "the run  "):
        assert known in shown
    assert "expected a side of one comparison, 0 of 1 have 'x'" in one_line(capsys, "show", str(tmp_path / "run"), "x")


def test_a_run_without_rows_is_told_where_it_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Journal.create(tmp_path / "my run", run_of(study(), errors({"pconv": (0.1,)})).plan).close()
    said = one_line(capsys, "show", str(tmp_path / "my run"), "x")
    assert "one of bench approximate" in said
    assert f"bench report '{tmp_path / 'my run'}' shows all of it" in said


def test_no_row_and_no_run_are_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = Path(__file__).resolve().parents[1] / "docs/results/models-cpu"
    assert "none of 70" in one_line(capsys, "show", str(folder), "\x1b[31mnone")
    assert str(tmp_path) in one_line(capsys, "show", str(tmp_path), "resnet50")
