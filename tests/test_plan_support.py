"""What cannot run is known before anything runs; how long the rest takes is guessed."""

from dataclasses import replace

import pytest

from bench.plan.estimate import DEADLINE_S, PAIR_CALLS, SLOW_CALLS, TimeLeft, deadline_s, expected_s
from bench.plan.schedule import BURSTS_PER_SEAT, BURSTS_PER_SIDE
from bench.plan.subjects import network_workload
from bench.plan.support import unsupported
from bench.records.measurement import Cost
from bench.records.workload import Settings, Unit
from bench.worker.seats import SETTLING_CALLS
from models.registry import resolve
from tests.made_up import environment, unit

HERE = environment()
EAGER, GRAPH = unit("pconv"), unit("pconv", runtime="onnxruntime")


def inplace(of: Unit) -> Unit:
    assert of.workload.operator is not None
    arguments = replace(of.workload.operator, implementation="inplace")
    return replace(of, workload=replace(of.workload, operator=arguments))


@pytest.mark.parametrize(
    ("planned", "reason"),
    [
        (EAGER, ""),
        (GRAPH, ""),
        (inplace(EAGER), ""),
        (replace(EAGER, dtype="bfloat16", layout="channels_last"), ""),
        (replace(GRAPH, dtype="float16"), ""),
        (inplace(GRAPH), "cannot overwrite its input"),
        (replace(GRAPH, layout="channels_last"), "own layout"),
        (replace(GRAPH, dtype="bfloat16"), "no bfloat16"),
        (replace(GRAPH, accelerator="cuda:0"), "measured on CPUs only"),
        (replace(EAGER, runtime="openvino"), "openvino is not installed"),
        (replace(EAGER, settings=Settings(cuda_graph=True)), "on a GPU only"),
        (replace(EAGER, settings=Settings(tf32=True)), "NVIDIA GPUs"),
        (replace(EAGER, settings=Settings(flush_denormal=True)), ""),
        (replace(GRAPH, settings=Settings(flush_denormal=True)), ""),
        (replace(EAGER, runtime="openvino", settings=Settings(flush_denormal=True)), "denormal"),
        (replace(EAGER, runtime="openvino", dtype="float16"), "float32 or bfloat16"),
        (replace(EAGER, runtime="openvino", layout="channels_last"), "OpenVINO chooses its own layout"),
        (replace(GRAPH, dtype="int8"), ""),
        (replace(EAGER, dtype="int8"), "PyTorch has int8 in eager mode by the deprecated"),
        (replace(EAGER, runtime="compile", dtype="int8"), "torch.compile does not compile what torchao"),
        (replace(EAGER, runtime="ncnn"), "ncnn is not installed"),
        (replace(EAGER, runtime="ncnn", settings=Settings(flush_denormal=True)), "flushes denormal numbers always"),
    ],
)
def test_what_a_runtime_cannot_do(planned: Unit, reason: str) -> None:
    said = unsupported(planned, HERE)
    assert bool(said) == bool(reason)
    assert reason in said


@pytest.mark.parametrize(
    ("planned", "package"), [(EAGER, "torch"), (replace(EAGER, runtime="compile"), "torch"), (GRAPH, "onnxruntime")]
)
def test_a_missing_package_is_named(planned: Unit, package: str) -> None:
    said = unsupported(planned, environment(runtimes=("numpy",)))
    assert said == f"{package} is not installed on this device; `bench runtimes` says what installs it"
    assert unsupported(planned, None) == ""


def test_what_a_board_lacks_comes_with_what_installs_it_there() -> None:
    """ExecuTorch needs torch too."""
    planned = replace(EAGER, runtime="executorch", device="pi4")
    for there, missing in ((("torch",), "executorch"), (("executorch",), "torch")):
        assert unsupported(planned, environment(runtimes=there)) == (
            f"{missing} is not installed on pi4; name executorch among the `runtimes` of its entry in devices.yaml,"
            " then `bench devices setup pi4` installs it"
        )
    assert unsupported(planned, environment(runtimes=("torch", "executorch"))) == ""


def test_a_deadline_grows_with_the_work() -> None:
    small, large = unit("conv", size=(16, 4, 4)), unit("conv", size=(256, 256, 256))
    assert DEADLINE_S < deadline_s(small) < DEADLINE_S + 1
    # 2 layers of 256^2 x 9 x 256^2 multiply-adds are 77 G: a slow board needs minutes for one call.
    assert deadline_s(large) > 20 * 77.3e9 / 0.25e9
    assert deadline_s(replace(large, batch=2)) - DEADLINE_S == pytest.approx(2 * (deadline_s(large) - DEADLINE_S))


def test_a_pair_has_time_for_every_call_of_a_slow_step() -> None:
    large = unit("conv", size=(4096, 128, 128))
    new_seats = BURSTS_PER_SIDE // BURSTS_PER_SEAT - 1
    calls = SLOW_CALLS + 2 * BURSTS_PER_SIDE + new_seats * SETTLING_CALLS
    assert calls <= PAIR_CALLS
    work_s = deadline_s(large) - DEADLINE_S
    assert deadline_s(large, calls=PAIR_CALLS) - DEADLINE_S >= work_s * calls / SLOW_CALLS


def test_a_deadline_knows_a_gpu_the_input_size_and_what_was_counted() -> None:
    (entry,) = resolve(["fasternet_l"])
    large = replace(
        EAGER, workload=network_workload(entry, (3, 224, 224)), batch=32, accelerator="cuda:0", mode="throughput"
    )
    assert deadline_s(large) < 1800
    assert deadline_s(replace(large, accelerator="")) > 10 * deadline_s(large)
    double = replace(large, workload=network_workload(entry, (3, 448, 448)))
    assert deadline_s(double) - DEADLINE_S == pytest.approx(4 * (deadline_s(large) - DEADLINE_S))
    counted = Cost(params=1, macs=2_000_000_000, bytes_ideal=None, bytes_moved=None)
    assert deadline_s(large, counted) == pytest.approx(DEADLINE_S + 40 * 64e9 / 20e9)


def test_a_worker_of_its_own_costs_its_start() -> None:
    assert expected_s(EAGER, shared=False) > expected_s(EAGER, shared=True) > 0


def test_the_time_left_ends_at_zero_and_follows_what_was_seen() -> None:
    left = TimeLeft({"a": 10.0, "b": 10.0, "c": 10.0})
    assert left.seconds == pytest.approx(30)
    left.ended("a", 30.0)
    assert 20 < left.seconds < 60
    left.ended("a", 30.0)  # the same one again changes nothing
    left.ended("unknown", 99.0)
    assert 20 < left.seconds < 60
    left.ended("b", 10.0)
    left.ended("c", 10.0)
    assert left.seconds == 0
