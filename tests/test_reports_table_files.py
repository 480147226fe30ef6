"""table.csv, JSON and Markdown hold the columns of the contract and escape what devices say."""

import csv
import io
import json
from dataclasses import replace

from bench.records.run import Run
from reports.formats import formats
from reports.results import Results
from tests.made_up_runs import COST, done, environment, failed, models_run, net, op, ops_run

CONTRACT = [
    *("device", "runtime", "kind", "name", "variant", "input_shape", "stack", "batch", "dtype", "layout"),
    *("threads", "mode", "params", "macs", "flops", "bytes_ideal", "bytes_moved"),
    *("latency_s", "latency_low_s", "latency_high_s", "device_time_s"),
    *("images_per_s", "images_per_s_low", "images_per_s_high", "macs_per_s", "flops_per_s", "bytes_per_s"),
    *("percent_of_limit", "rounds", "samples", "peak_memory_bytes", "load_s", "first_call_s", "max_error"),
    *("verdict", "status", "reason"),
]


def text_of(run: Run, name: str) -> str:
    """The run in that format."""
    return formats()[name].text(Results(run=run))


def test_csv_has_the_columns_of_the_contract() -> None:
    header = text_of(ops_run([], []), "csv").strip().split(",")
    assert header[: len(CONTRACT)] == CONTRACT
    assert len(header) == len(set(header))


def test_csv_cells_by_hand() -> None:
    units = [op(), op("pconv")]
    text = text_of(ops_run(units, [done(units[0], 0.002), failed(units[1], "=1+1")]), "csv")
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
    own = replace(op(), mode="throughput", batch=32)
    (row,) = csv.DictReader(io.StringIO(text_of(ops_run([own], [done(own, 0.016)]), "csv")))
    assert (row["latency_s"], row["latency_p50_s"], row["images_per_s"]) == ("", "", "2000")


def test_json_holds_the_same_columns_and_nulls() -> None:
    (row,) = json.loads(text_of(ops_run([op()], [failed(op())]), "json"))
    assert list(row)[: len(CONTRACT)] == CONTRACT
    assert row["latency_s"] is None
    assert row["status"] == "failed"


def test_markdown_says_what_it_counts_and_escapes_the_rest() -> None:
    run = ops_run([op()], [failed(op(), "a|b <b>")], environment(cpu="CPU [x](http://y)"))
    text = text_of(run, "markdown")
    assert "MACs are multiply-adds" in text
    assert r"a\|b &lt;b&gt;" in text
    assert r"CPU \[x\](http&#58;//y)" in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace(r"\|", "").count("|") for line in table}) == 1


def test_device_memory_and_notes_are_new_columns_at_the_end() -> None:
    header = text_of(ops_run([], []), "csv").strip().split(",")
    assert header.index("reason") < header.index("device_memory_bytes") < header.index("notes")


def test_markdown_says_once_what_must_be_known_of_its_networks() -> None:
    units = [net("pvt_tiny"), net("pvt_small"), net("fasternet_t0")]
    costs = [COST, COST, replace(COST, macs=0, unseen=("fft|: 1 calls",))]
    text = text_of(models_run([done(unit, 0.1, cost) for unit, cost in zip(units, costs, strict=True)]), "markdown")
    items = [line for line in text.splitlines() if line.startswith("- ")]
    assert len(items) == 2
    assert items[0].startswith(r"- pvt_tiny, pvt_small: written from the PVT paper")
    assert items[1] == r"- fasternet_t0: not counted: fft\|: 1 calls"
    (cells,) = [line.split("|") for line in text.splitlines() if line.startswith(r"| fasternet")]
    assert "0" not in [cell.strip() for cell in cells], "empty, not zero"
