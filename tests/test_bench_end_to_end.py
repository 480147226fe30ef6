"""Real runs of tiny operators on this machine: do the columns fit each other, and is a wrong output found?"""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from bench.cache.store import Store
from bench.journal import read_run
from bench.records.measurement import Cost
from bench.records.record import Record
from bench.records.verdict import SEVERITY
from bench.worker.output_check import Reference, read_reference
from tests.bench_process import BenchProcess, processes_with

pytestmark = pytest.mark.slow

BATCH, STACK = 2, 2


@pytest.fixture(scope="module")
def run(bench: BenchProcess) -> Path:
    """Give a run with rows that are done and one that is skipped."""
    arguments = "ops --op pconv --size 16x6x6 --variant split_cat,inplace --runtime eager,onnxruntime --quick"
    done = bench.run(*arguments.split(), "--stack", str(STACK), "--batch", str(BATCH), "--out", "run", "--no-progress")
    assert done.returncode == 0, done.stderr
    return bench.folder / "run"


@pytest.fixture(scope="module")
def rows(run: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Give table.csv by runtime and variant."""
    with (run / "table.csv").open(newline="") as file:
        return {(row["runtime"], row["variant"]): row for row in csv.DictReader(file)}


def test_a_factory_that_fails_or_dies_costs_its_rows_alone(bench: BenchProcess) -> None:
    (bench.folder / "of_mine.py").write_text(
        "import os, torch\n"
        "def good():\n    torch.manual_seed(0)\n    return torch.nn.Conv2d(3, 4, 3)\n"
        "def bad():\n    raise KeyError('weights')\n"
        "def dies():\n    os._exit(3)\n"
    )
    models = "of_mine:dies,of_mine:bad,of_mine:good"
    arguments = f"models --model {models} --runtime eager --input 8 --quick --out mine --no-progress"
    done = bench.run(*arguments.split())
    assert done.returncode == 3, done.stderr
    with (bench.folder / "mine/table.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "of_mine:dies": "failed",
        "of_mine:bad": "failed",
        "of_mine:good": "done",
    }
    assert "ended with code 3" in rows["of_mine:dies"]["reason"]
    assert "KeyError: 'weights'" in rows["of_mine:bad"]["reason"]


def number(row: dict[str, str], column: str) -> float:
    return float(row[column])


def test_every_cell_has_one_row(rows: dict[tuple[str, str], dict[str, str]]) -> None:
    assert {key: row["status"] for key, row in rows.items()} == {
        ("eager", ""): "done",
        ("eager", "inplace"): "done",
        ("onnxruntime", ""): "done",
        ("onnxruntime", "inplace"): "skipped",
    }


def test_a_skipped_row_says_why_and_holds_no_number(rows: dict[tuple[str, str], dict[str, str]]) -> None:
    row = rows["onnxruntime", "inplace"]
    assert row["reason"] == "an ONNX graph cannot overwrite its input"
    measured = ("latency_s", "macs_per_s", "bytes_per_s", "samples", "peak_memory_bytes", "first_call_s", "verdict")
    assert {column: row[column] for column in measured if row[column] not in ("", "0")} == {}


@pytest.mark.parametrize("key", [("eager", ""), ("eager", "inplace"), ("onnxruntime", "")])
def test_the_columns_fit_each_other(rows: dict[tuple[str, str], dict[str, str]], key: tuple[str, str]) -> None:
    """PConv, r = 1/4 of 16 channels on 6x6: h w k^2 c_p^2 a layer and image; section 3 for the memory access."""
    row = rows[key]
    part, area = 4, 36
    macs = STACK * area * 9 * part**2
    assert number(row, "macs") == macs
    assert number(row, "flops") == 2 * macs
    assert number(row, "params") == STACK * 9 * part**2
    assert number(row, "bytes_ideal") == 4 * STACK * (BATCH * area * 2 * part + 9 * part**2)
    assert number(row, "bytes_moved") >= number(row, "bytes_ideal")
    latency = number(row, "latency_s")
    assert 0 < latency < 1
    assert number(row, "macs_per_s") == pytest.approx(macs * BATCH / latency, rel=1e-6)
    assert number(row, "flops_per_s") == pytest.approx(2 * number(row, "macs_per_s"), rel=1e-6)
    assert number(row, "bytes_per_s") == pytest.approx(number(row, "bytes_moved") / latency, rel=1e-6)
    assert number(row, "images_per_s") == pytest.approx(BATCH / latency, rel=1e-6)
    # One round claims no interval and says so.
    assert (row["latency_low_s"], row["latency_high_s"], row["rounds"]) == ("", "", "1")
    assert row["verdict"] in SEVERITY[: SEVERITY.index("unreplicated") + 1]
    assert number(row, "samples") >= 3
    assert number(row, "max_error") <= 1e-4
    assert number(row, "peak_memory_bytes") > 1 << 24
    assert number(row, "load_s") > 0
    assert number(row, "first_call_s") > 0


def measured(run: Path) -> list[Record]:
    return [record for record in read_run(run).records if record.measurement is not None]


def test_threads_and_cpus_are_read_back(run: Path) -> None:
    for record in measured(run):
        assert record.measurement is not None
        assert record.measurement.threads_seen == 1
        (cpu,) = record.measurement.cpus
        assert cpu in os.sched_getaffinity(0)


def test_a_sample_lasts_long_enough(run: Path) -> None:
    """Ten milliseconds, of what the last window of the warm-up took: much less where the machine stuttered just then.

    test_measuring_sampler.py holds the rule itself, on a clock of its own.
    """
    for record in measured(run):
        found = record.measurement
        assert found is not None
        assert np.median(found.samples_s) * found.iterations_per_sample > 0.001
        assert found.warmup_iterations >= 3 + 2 * 10


def test_the_noise_floor_of_each_round_is_kept(run: Path) -> None:
    (floor,) = read_run(run).device("cpu").noise
    assert 0 < floor.timer_overhead_s < 1e-3
    assert len(floor.spin_samples_s) == len(floor.gemm_samples_s)


def test_tables_ledger_and_pictures_are_there(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    assert {"run.json", "records.jsonl", "table.csv", "table.md", "ledger.csv", "ledger.md"} <= names
    pictures = [path for path in run.iterdir() if path.suffix == ".png"]
    assert pictures
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    assert not [name for name in names if name.startswith(".")]


def test_nothing_is_left_running(bench: BenchProcess, run: Path) -> None:
    assert processes_with(f"BENCH_CACHE={bench.cache}") == {}


def test_an_output_that_differs_fails_its_unit_and_no_other(bench: BenchProcess, run: Path) -> None:
    """The kept reference of PConv is exchanged: its row must fail, another operator's be done."""
    eager = (record for record in measured(run) if record.unit.runtime == "eager")
    cost = next(record.cost for record in eager if record.unit.workload.variant == "")
    assert cost is not None
    exchanged = [exchange_reference(path, bench) for path in (bench.cache / "artifacts").iterdir() if is_of(path, cost)]
    assert any(exchanged)
    arguments = "ops --op pconv,dwconv --size 16x6x6 --quick --no-progress --out wrong"
    done = bench.run(*arguments.split(), "--stack", str(STACK), "--batch", str(BATCH))
    assert done.returncode == 3, done.stderr
    ends = {record.unit.workload.name: record for record in read_run(bench.folder / "wrong").records}
    assert (ends["pconv"].status, ends["pconv"].reason_kind) == ("failed", "wrong_output")
    assert "differs from fp32 eager by 0.0" in ends["pconv"].reason
    assert ends["dwconv"].status == "done"


def is_of(path: Path, cost: Cost) -> bool:
    """Whether the artifact is of that operator: in place it moves fewer bytes."""
    moved: int = json.loads(path.read_text())["cost"]["bytes_moved"]
    return moved == cost.bytes_moved


def exchange_reference(path: Path, bench: BenchProcess) -> str:
    """Shift the reference output by a hundredth of its maximum; returns its new digest."""
    artifact, store = json.loads(path.read_text()), Store(bench.cache)
    (output,) = read_reference(store.path(artifact["reference"])).arrays
    digest = store.add_bytes(Reference(arrays=(output + 0.01 * np.abs(output).max(),)).saved())
    path.write_text(json.dumps(artifact | {"reference": digest}))
    return digest
