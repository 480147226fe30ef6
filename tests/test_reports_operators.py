"""A run of operators: its rows, tables, ledger and pictures, on numbers worked by hand."""

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from rich.console import Console

from bench.records import Cost, Environment, Measurement, NoiseFloor, Record, RuntimeVersion
from bench.run import DeviceState, Plan, Run
from bench.verdicts import Verdict
from bench.workload import OperatorArguments, Settings, Unit, Workload
from reports.ledger import ledger
from reports.ledger_csv import COLUMNS as LEDGER_COLUMNS
from reports.ledger_csv import ledger_csv_text
from reports.ledger_markdown import ledger_markdown_text
from reports.ledger_terminal import print_ledger
from reports.noise import noise_lines
from reports.panel import panels
from reports.paper_tables import column_of, table1, table1_averages
from reports.rows import Row, rows, settings_text
from reports.table_csv import csv_text
from reports.table_json import json_text
from reports.table_markdown import markdown_text
from reports.table_terminal import print_table
from reports.write import write_reports

SIZES = ((96, 56, 56), (192, 28, 28), (384, 14, 14), (768, 7, 7))
CONTRACT = [
    *("device", "runtime", "kind", "name", "variant", "input_shape", "stack", "batch", "dtype", "layout"),
    *("threads", "mode", "params", "macs", "flops", "bytes_ideal", "bytes_moved"),
    *("latency_s", "latency_low_s", "latency_high_s", "device_time_s"),
    *("images_per_s", "images_per_s_low", "images_per_s_high", "macs_per_s", "flops_per_s", "bytes_per_s"),
    *("percent_of_limit", "rounds", "samples", "peak_memory_bytes", "load_s", "first_call_s", "max_error"),
    *("verdict", "status", "reason"),
]


def environment(machine: str = "x86_64", cpu: str = "Test CPU") -> Environment:
    return Environment(
        machine=machine,
        cpu_model=cpu,
        logical_cpus=2,
        physical_cores=2,
        allowed_cpus=(0, 1),
        memory_bytes=1 << 33,
        kernel="6.1",
        os="Linux",
        python="3.11",
        runtimes=(RuntimeVersion(name="torch", version="2.13.0"),),
    )


def unit(name: str = "conv", shape: tuple[int, int, int] = SIZES[0], number: int = 0) -> Unit:
    arguments = OperatorArguments(
        kernel=3, groups=16, ratio="1/4", dilation=1, stride=1, implementation="split_cat", selection="first"
    )
    workload = Workload(kind="op", name=name, input_shape=shape, stack=10, operator=arguments)
    return Unit(
        workload=workload,
        runtime="eager",
        dtype="float32",
        layout="nchw",
        batch=1,
        threads=1,
        device="cpu",
        mode="latency",
        round=number,
    )


def measurement(seconds: float, samples: int = 3, verdicts: tuple[Verdict, ...] = ()) -> Measurement:
    return Measurement(
        samples_s=(seconds,) * samples,
        iterations_per_sample=1,
        warmup_iterations=3,
        steady=True,
        precise=True,
        load_s=0.5,
        first_call_s=0.25,
        max_error=1e-6,
        peak_memory_bytes=1000,
        threads_seen=1,
        cpus=(1,),
        verdicts=verdicts,
    )


COST = Cost(params=10, macs=1_000_000, bytes_ideal=400, bytes_moved=800)


def done(of: Unit, seconds: float, cost: Cost = COST, verdicts: tuple[Verdict, ...] = ()) -> Record:
    return Record(unit=of, attempt=1, status="done", measurement=measurement(seconds, verdicts=verdicts), cost=cost)


def failed(of: Unit, reason: str = "the step took longer than 120 s") -> Record:
    return Record(unit=of, attempt=1, status="failed", reason_kind="timeout", reason=reason, cost=COST)


def run_of(units: list[Unit], records: list[Record], env: Environment | None = None) -> Run:
    floor = NoiseFloor(
        timer_overhead_s=5e-8,
        timer_resolution_s=1e-9,
        spin_samples_s=(1.0, 1.1),
        gemm_samples_s=(2.0, 2.0),
        gemm_size=256,
    )
    state = DeviceState(name="cpu", environment=env or environment(), noise=(floor, floor))
    plan = Plan(
        command="ops",
        argv=("bench", "ops"),
        created_utc="2026-01-01T00:00:00Z",
        version="0.1.0",
        code_version="c",
        units=tuple(units),
        devices=(state,),
    )
    return Run(plan=plan, records=tuple(records), devices=(state,))


def only(run: Run) -> Row:
    (row,) = rows(run)
    return row


def table1_run(rounds: int = 2, factor: float = 2.0, fail: str = "") -> Run:
    """Every operator of Table 1 at `factor` times the paper's CPU time, in every round the same."""
    units, records = [], []
    for number in range(rounds):
        for facts in table1()[:16]:
            own = unit(facts.op, facts.shape, number)
            units.append(own)
            seconds = factor * (facts.speed.cpu_latency_s or 0)
            cost = Cost(params=1, macs=facts.macs, bytes_ideal=None, bytes_moved=None)
            records.append(failed(own) if facts.op == fail else done(own, seconds, cost))
    return run_of(units, records)


def test_a_row_over_two_rounds_by_hand() -> None:
    units = [unit(number=0), unit(number=1)]
    row = only(run_of(units, [done(units[0], 0.001), done(units[1], 0.004, verdicts=("noisy",))]))
    # Geometric mean 2 ms; the logarithms differ by ln 4, so s / sqrt(2) = ln(4) / 2; t(0.975, 1) = 12.706.
    half = 12.7062 * math.log(4) / 2
    assert row.latency is not None
    assert row.latency.low is not None
    assert row.latency.centre == pytest.approx(0.002)
    assert math.log(0.002 / row.latency.low) == pytest.approx(half, rel=1e-4)
    assert row.macs_per_s is not None
    assert row.macs_per_s.centre == pytest.approx(1e6 / 0.002)
    assert row.bytes_per_s == pytest.approx(800 / 0.002)
    assert (row.status, row.verdict, row.rounds, row.samples) == ("done", "noisy", 2, 6)


def test_speed_bounds_change_places() -> None:
    units = [replace(unit(number=n), batch=8) for n in (0, 1)]
    row = only(run_of(units, [done(units[0], 0.001), done(units[1], 0.0011)]))
    assert row.time is not None
    assert row.images_per_s is not None
    assert row.images_per_s.centre == pytest.approx(8 / row.time.centre)
    assert row.images_per_s.low == pytest.approx(8 / (row.time.high or 0))


def test_one_round_claims_no_interval() -> None:
    row = only(run_of([unit()], [done(unit(), 0.001)]))
    assert row.latency is not None
    assert (row.latency.low, row.verdict) == (None, "unreplicated")


def test_the_worst_verdict_of_all_rounds_counts() -> None:
    units = [unit(number=n) for n in range(3)]
    records = [done(units[0], 1), done(units[1], 1, verdicts=("noisy", "contended")), done(units[2], 1)]
    assert only(run_of(units, records)).verdict == "contended"


def test_some_failed_rounds_make_a_partial_row() -> None:
    units = [unit(number=n) for n in range(5)]
    records = [*(done(u, 0.001) for u in units[:3]), failed(units[3])]
    row = only(run_of(units, records))
    assert row.status == "partial"
    assert row.reason == ("3 of 5 rounds done; 1 failed: the step took longer than 120 s; 1 lost: not run yet")
    assert row.rounds == 3


def test_rows_without_a_number_keep_their_reason() -> None:
    units = [unit(number=n) for n in range(2)]
    assert (only(run_of(units, [])).status, only(run_of(units, [])).reason) == ("lost", "not run yet")
    row = only(run_of(units, [failed(each) for each in units]))
    assert (row.status, row.reason, row.time, row.verdict) == (
        "failed",
        "the step took longer than 120 s",
        None,
        None,
    )
    skipped = [
        Record(unit=each, attempt=1, status="skipped", reason_kind="unsupported", reason="no bfloat16 here")
        for each in units
    ]
    assert (only(run_of(units, skipped)).status, only(run_of(units, skipped)).reason) == (
        "skipped",
        "no bfloat16 here",
    )


def test_the_last_record_of_a_unit_counts() -> None:
    assert only(run_of([unit()], [failed(unit()), done(unit(), 0.001)])).status == "done"


def test_percentiles_need_enough_samples() -> None:
    few = only(run_of([unit()], [done(unit(), 0.001)]))
    assert (few.percentiles.p50, few.percentiles.p90) == (0.001, None)
    assert "p10 and p90 need 46" in few.notes[-1]
    record = Record(unit=unit(), attempt=1, status="done", measurement=measurement(0.001, 473), cost=COST)
    many = only(run_of([unit()], [record]))
    assert (many.percentiles.p90, many.percentiles.p99, many.notes) == (0.001, 0.001, ())


def test_rows_keep_the_order_of_the_plan() -> None:
    names = ["pconv", "conv", "dwconv"]
    units = [unit(name, number=n) for n in (0, 1) for name in (names if n == 0 else names[::-1])]
    assert [row.unit.workload.name for row in rows(run_of(units, []))] == names


def test_a_row_with_a_time_and_no_round_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a time exactly where"):
        Row(unit=unit(), planned=1, status="done")


def test_settings_spell_what_differs() -> None:
    assert settings_text(unit()) == ""
    other = replace(unit(), settings=Settings(tf32=True, cudnn_benchmark=False), effort="publish")
    assert settings_text(other) == "tf32,no_cudnn_benchmark,publish"


def test_csv_has_the_columns_of_the_contract() -> None:
    header = csv_text([]).strip().split(",")
    assert header[: len(CONTRACT)] == CONTRACT
    assert len(header) == len(set(header))


def test_csv_cells_by_hand() -> None:
    units = [unit(), unit("pconv")]
    text = csv_text(rows(run_of(units, [done(units[0], 0.002), failed(units[1], "=1+1")])))
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["input_shape"], first["stack"], first["macs"], first["flops"]) == (
        "96x56x56",
        "10",
        "1000000",
        "2000000",
    )
    assert (first["latency_s"], first["latency_low_s"], first["images_per_s"]) == ("0.002", "", "500")
    assert (first["macs_per_s"], first["flops_per_s"], first["bytes_per_s"]) == ("500000000", "1e+09", "400000")
    assert first["percent_of_limit"] == ""
    assert (second["latency_s"], second["status"], second["reason"]) == ("", "failed", "'=1+1")


def test_throughput_rows_have_no_latency() -> None:
    own = replace(unit(), mode="throughput", batch=32)
    (row,) = csv.DictReader(io.StringIO(csv_text(rows(run_of([own], [done(own, 0.016)])))))
    assert (row["latency_s"], row["latency_p50_s"], row["images_per_s"]) == ("", "", "2000")


def test_json_holds_the_same_columns_and_nulls() -> None:
    (row,) = json.loads(json_text(rows(run_of([unit()], [failed(unit())]))))
    assert list(row)[: len(CONTRACT)] == CONTRACT
    assert row["latency_s"] is None
    assert row["status"] == "failed"


def test_markdown_says_what_it_counts_and_escapes_the_rest() -> None:
    run = run_of([unit()], [failed(unit(), "a|b <b>")], environment(cpu="CPU [x](http://y)"))
    text = markdown_text(run)
    assert "MACs are multiply-adds" in text
    assert r"a\|b &lt;b&gt;" in text
    assert r"CPU \[x\](http&#58;//y)" in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace(r"\|", "").count("|") for line in table}) == 1


def _printed(run: Run, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    print_table(run, rows(run), console)
    print_ledger(ledger(run), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_terminal_table_fits_and_tells() -> None:
    text = _printed(table1_run(rounds=2, fail="gconv"))
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "Test CPU, 2 cores, torch 2.13.0" in text
    assert "71.3" in text  # twice the paper's 35.67 ms
    assert "gconv 96x56x56, gconv 192x28x28, gconv 384x14x14 and 1 more: the step took longer" in text
    assert "6.22x" in text


def test_a_quick_table_says_that_it_has_no_interval() -> None:
    text = _printed(table1_run(rounds=1))
    assert "one round: no interval can be claimed" in " ".join(text.split())
    assert "unreplicated" in text


def test_markup_from_a_device_stays_text_on_the_terminal() -> None:
    text = _printed(run_of([unit()], [failed(unit(), "[red]boo[/red] \x1b[2J")], environment(cpu="[b]x[/b]")))
    assert "[red]boo[/red] \\x1b[2J" in text
    assert "[b]x[/b]" in text


def test_a_narrow_terminal_spares_columns_but_crops_no_number() -> None:
    text = _printed(table1_run(), width=60)
    assert "GB/s" not in text.splitlines()[1]
    assert "GB/s, GMACs: in table.csv" in " ".join(text.split())
    assert "71.3" in text
    assert "…" not in text


def test_noise_floor_by_hand() -> None:
    (line,) = noise_lines(run_of([unit()], []))
    assert "takes 50.0 ns" in line
    assert "additions varied by 9.5% within a round and by 0% between 2 rounds" in line  # 0.1 / 1.05


def test_exact_macs_agree_with_the_printed_ones() -> None:
    printed = {"conv": 2601.12, "gconv": 162.57, "pconv": 162.57, "pconv+pwconv": 451.58}
    for facts in table1():
        if facts.op in printed:
            assert round(facts.macs / 1e6, 2) == printed[facts.op]
    assert [round(f.macs / 1e6, 2) for f in table1() if f.op == "dwconv"] == [27.10, 13.55, 6.77, 3.39]


def test_printed_averages_give_the_papers_ratios() -> None:
    average = table1_averages()
    ratios = {name: average["pconv"][name] / average["dwconv"][name] for name in ("gpu", "cpu", "arm")}
    # The paper's text: 10.5x, 6.2x, 22.8x.
    assert [round(ratios[name], 1) for name in ("gpu", "cpu", "arm")] == [10.5, 6.2, 22.8]


@pytest.mark.parametrize(
    ("change", "machine", "column"),
    [
        ({}, "x86_64", "cpu"),
        ({}, "aarch64", "arm"),
        ({"threads": 2}, "x86_64", None),
        ({"batch": 2}, "x86_64", None),
        ({"dtype": "bfloat16"}, "x86_64", None),
        ({"layout": "channels_last"}, "x86_64", None),
        ({"accelerator": "cuda:0"}, "x86_64", None),
        ({"accelerator": "cuda:0", "mode": "throughput", "batch": 32}, "x86_64", "gpu"),
    ],
)
def test_only_the_papers_settings_are_compared(change: dict[str, object], machine: str, column: str | None) -> None:
    assert column_of(replace(unit(), **change), environment(machine)) == column  # type: ignore[arg-type]
    assert column_of(unit(), None) is None


def test_ledger_of_a_machine_twice_as_slow() -> None:
    entries = ledger(table1_run(factor=2.0))
    times = [entry for entry in entries if entry.section == "operator"]
    assert len(times) == 16
    assert all(e.ratio and e.ratio.centre == pytest.approx(2) for e in times)
    # All operators slow down alike, so every ratio to DWConv is the paper's.
    ratios = [entry for entry in entries if entry.section == "operator_ratio"]
    assert len(ratios) == 12
    assert all(e.ratio and e.ratio.centre == pytest.approx(1) for e in ratios)
    averages = {e.name: e for e in entries if e.section == "operator_average" and e.against}
    assert averages["pconv"].ours is not None
    assert averages["pconv"].ours.centre == pytest.approx(6.2, abs=0.05)
    assert {entry.basis for entry in entries} == {"round medians"}


def test_ledger_says_what_was_not_measured() -> None:
    units = [unit("dwconv"), unit("pconv")]
    entries = ledger(run_of(units, [done(units[0], 0.001), failed(units[1])]))
    by_key = {(e.section, e.name, e.input_shape): e for e in entries}
    assert by_key["operator", "conv", "96x56x56"].verdict == "not measured"
    assert by_key["operator", "pconv", "96x56x56"].reason == "the step took longer than 120 s"
    assert by_key["operator_ratio", "pconv", "96x56x56"].ours is None
    assert by_key["operator_average", "dwconv", ""].ours is None


def test_another_kernel_is_no_row_of_table_1() -> None:
    own = unit("dwconv")
    arguments = own.workload.operator
    assert arguments is not None
    wider = replace(own, workload=replace(own.workload, operator=replace(arguments, kernel=5), variant="k5"))
    run = run_of([wider], [done(wider, 0.001)])
    assert ledger(run) == ()
    assert "nothing to compare" in ledger_markdown_text(run, ())


def test_ledger_files_hold_every_entry() -> None:
    run = table1_run(fail="gconv")
    entries = ledger(run)
    table = list(csv.DictReader(io.StringIO(ledger_csv_text(entries))))
    assert len(table) == len(entries)
    assert list(table[0]) == list(LEDGER_COLUMNS)
    text = ledger_markdown_text(run, entries)
    assert "| pconv | x dwconv | 6.22 |" in text
    assert "failed: the step took longer than 120 s" in text


def test_panels_have_safe_and_unique_names() -> None:
    units = [replace(unit(), device="../Pi 4!"), replace(unit(), device="../pi-4?"), replace(unit(), threads=2)]
    made = panels(run_of(units, []), rows(run_of(units, [done(each, 0.001) for each in units])))
    assert [panel.slug for panel in made] == ["pi-4-eager", "pi-4-eager-2", "cpu-eager"]


@pytest.mark.parametrize("rounds", [1, 2])
def test_reports_are_written_whole_twice_the_same(tmp_path: Path, rounds: int) -> None:
    run = table1_run(rounds=rounds, fail="gconv")
    written = write_reports(run, tmp_path)
    before = {path.name: path.read_bytes() for path in written}
    assert {"table.csv", "table.md", "ledger.csv", "ledger.md"} <= set(before)
    assert {"speed-cpu-eager.png", "time-cpu-eager.png", "ratios-cpu-eager.png"} <= set(before)
    assert {path.name for path in tmp_path.iterdir()} == set(before)  # no temporary file is left
    assert {path.name: path.read_bytes() for path in write_reports(run, tmp_path)} == before
    for path in written:
        if path.suffix == ".png":
            image = matplotlib.image.imread(path)
            assert image.shape[0] > 500
            assert image.shape[1] > 900
            inked = np.mean(np.any(image[..., :3] < 0.9, axis=-1))
            assert 0.005 < inked < 0.5


def test_a_hostile_device_can_be_drawn(tmp_path: Path) -> None:
    run = table1_run()
    cpu = "$\\frac{1}{$ \x1b[31m \u202e \u6a21\u578b \ud800 " + "x" * 500
    state = DeviceState(name="cpu", environment=environment(cpu=cpu))
    assert len(write_reports(replace(run, devices=(state,)), tmp_path)) == 7


def test_a_run_without_any_number_still_has_its_tables(tmp_path: Path) -> None:
    written = write_reports(run_of([unit()], [failed(unit())]), tmp_path)
    assert [path.name for path in written] == ["table.csv", "table.md", "ledger.csv", "ledger.md"]
