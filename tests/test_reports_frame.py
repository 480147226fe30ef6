"""A run as data frames: the columns of table.csv with types, and every raw sample."""

import io
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest

from reports.frame import frame, samples
from reports.results import Results
from reports.rows import rows
from reports.tables.csv_table import COLUMNS, csv_table
from tests.made_up_runs import COST, done, failed, op, ops_run, table1_run


def test_one_line_per_row_with_the_columns_of_the_file() -> None:
    run = table1_run(rounds=2, fail="gconv")
    table = frame(run)
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == len(rows(run)) == 16
    read = pd.read_csv(io.StringIO(csv_table(Results(run=run))))
    assert table["name"].tolist() == read["name"].tolist()
    assert table["latency_s"].tolist() == pytest.approx(read["latency_s"].tolist(), rel=1e-8, nan_ok=True)


def test_types_say_what_a_column_holds() -> None:
    table = frame(ops_run([op(), op("pconv")], [done(op(), 0.002), failed(op("pconv"))]))
    kinds = {name: str(dtype) for name, dtype in table.dtypes.items()}
    assert set(kinds.values()) == {"string", "Int64", "float64"}
    assert {kinds[name] for name in ("device", "variant", "verdict", "reason", "notes")} == {"string"}
    # Every count is whole, every time and rate is a float: nothing is left to what pandas infers.
    whole = {name for name, kind in kinds.items() if kind == "Int64"}
    assert {name for name in COLUMNS if name.endswith("_bytes")} | {"macs", "params", "batch", "rounds"} <= whole
    assert {kinds[name] for name in COLUMNS if name.endswith(("_s", "_per_s", "_low", "_high"))} == {"float64"}


def test_what_does_not_apply_is_missing_and_never_zero() -> None:
    table = frame(ops_run([op(), op("pconv")], [done(op(), 0.002), failed(op("pconv"))]))
    assert table["latency_s"].tolist()[0] == pytest.approx(0.002)
    assert table.loc[1, ["latency_s", "verdict", "max_error", "peak_memory_bytes"]].isna().all()
    assert table["status"].tolist() == ["done", "failed"]
    assert table["percent_of_limit"].isna().all()


def test_counts_keep_every_digit() -> None:
    huge = 2**53 + 1  # no float64
    units = [op(), op("pconv")]
    table = frame(ops_run(units, [done(units[0], 1.0, replace(COST, macs=huge))]))
    assert table["macs"][0] == huge
    assert table["macs"].isna().tolist() == [False, True]


def test_every_sample_of_every_round() -> None:
    units = [op(number=0), op(number=1), op("pconv", number=0)]
    run = ops_run(units, [done(units[0], 9.0), done(units[0], 0.001), done(units[1], 0.002), failed(units[2])])
    raw = samples(run)
    # The last record of a unit counts; a unit that failed has no samples.
    assert raw["sample_s"].tolist() == [0.001] * 3 + [0.002] * 3
    assert raw["round"].tolist() == [0] * 3 + [1] * 3
    assert set(raw["name"]) == {"conv"}
    assert {"device", "runtime", "variant", "input_shape", "batch", "threads", "dtype", "layout"} < set(raw.columns)
    medians = raw.groupby(["name", "input_shape", "round"])["sample_s"].median()
    assert medians.to_dict() == {("conv", "96x56x56", 0): 0.001, ("conv", "96x56x56", 1): 0.002}


def test_a_run_without_numbers_has_empty_frames_of_the_same_types() -> None:
    full, empty = samples(ops_run([op()], [done(op(), 1.0)])), samples(ops_run([op()], []))
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_text_of_a_device_cannot_steer_a_terminal() -> None:
    run = ops_run([op()], [failed(op(), "\x1b[2J gone")])
    assert frame(run)["reason"].tolist() == ["\\x1b[2J gone"]


def test_importing_it_does_not_import_pandas() -> None:
    code = "import sys, reports.frame; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
