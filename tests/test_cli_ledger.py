"""`--ledger`: what is refused before anything is measured, and a run that keeps its table."""

import csv
import json
from pathlib import Path

import pytest

from bench.cli.main import main
from bench.journal import Journal, read_plan
from tests.bench_process import BenchProcess
from tests.made_up import plan
from tests.made_up_runs import models_run
from tests.one_line import one_line

HEAD = "name,title,input_px,params_m,macs_g,top1_percent,cpu_latency_ms[i9],latency_ms[phone],source,against\n"
TABLE = (
    HEAD
    + "of_mine:small,Small-A,8,0.0001,0.000004,71.9,1.5,0.5,My draft Table 1,\n"
    + "of_mine:large,Large <b>B</b>,10,0.0009,0.01,69.0,3.0,0.6,My draft Table 1,\n"
    + "of_mine:small,,,,,+3,2x,,,of_mine:large\n"
)
NETS = (
    "import torch\n"
    "def make(layers):\n"
    "    torch.manual_seed(0)\n"
    "    return torch.nn.Sequential(*(torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range(layers)))\n"
    "def small():\n    return make(1)\n"
    "def large():\n    return make(9)\n"
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD.replace("macs_g", "macs_m"), "expected a known column, got 'macs_m'; did you mean macs_g?"),
        (HEAD + "no_such_net,,224,,,,,,P Table 1,\n", "mine.csv: expected a network or group of the zoo"),
        (HEAD + "t0,,224,,,,,,P Table 1,\n", "expected the name of one network, got the group t0"),
        (HEAD + '"=HYPERLINK(""x"")\x1b[31m",,224,,,,,,P Table 1,\n', "expected a network or group"),
    ],
)
def test_a_wrong_table_is_one_line_before_anything_else(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    (elsewhere / "mine.csv").write_text(text)
    for command in (["models", "--ledger", "mine.csv", "--out", "run"], ["report", "run", "--ledger", "mine.csv"]):
        assert main(command) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert says in said.err
        assert "\x1b" not in said.err
    assert [path.name for path in elsewhere.iterdir()] == ["mine.csv"]


def test_claims_need_a_ratio(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "mine.csv").write_text(HEAD + "fasternet_t0,,224,,,,,,P Table 1,\n")
    assert main(["models", "--ledger", "mine.csv", "--claims", "--dry-run"]) == 2
    assert "expected a ratio of speeds in the file of --ledger for --claims" in capsys.readouterr().err


def test_the_networks_of_the_file_are_what_is_measured(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "mine.csv").write_text(
        HEAD + "resnet50,,224,,,,2,,P Table 1,\nfasternet_t0,,224,,,,1,,P Table 1,\nfasternet_t0,,,,,,3x,,,resnet50\n"
    )
    assert main(["models", "--ledger", "mine.csv", "--claims", "--quick", "--dry-run", "--runtime", "eager"]) == 0
    shown = capsys.readouterr().out
    assert "resnet50" in shown
    assert "fasternet_t0" in shown
    assert "mobilenetv2" not in shown
    assert "pairs" in shown


def test_no_run_is_reported_again_where_one_of_them_has_no_networks(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "mine.csv").write_text(HEAD + "fasternet_t0,,224,,,,,,P Table 1,\n")
    for name, planned in (("networks", models_run([]).plan), ("operators", plan())):
        Journal.create(elsewhere / name, planned).close()
    before = sorted(elsewhere.rglob("*"))
    said = one_line(capsys, "report", "networks", "operators", "--ledger", "mine.csv")
    assert "expected runs of bench models with --ledger, got operators, one of bench ops" in said
    assert sorted(elsewhere.rglob("*")) == before


@pytest.mark.slow
def test_a_run_keeps_its_table(tmp_path: Path) -> None:
    bench = BenchProcess(tmp_path, tmp_path / "cache")
    (tmp_path / "of_mine.py").write_text(NETS)
    (tmp_path / "mine.csv").write_text(TABLE)
    done = bench.run("models", "--ledger", "mine.csv", "--quick", "--runtime", "eager", "--out", "run", "--no-progress")
    assert done.returncode == 0, done.stderr
    assert "beside the CPU column" in done.stdout
    folder = tmp_path / "run"
    assert read_plan(folder).ledger == TABLE
    with (folder / "ledger.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    said = {(row["section"], row["quantity"], row["name"]): row["verdict"] for row in rows if row["quantity"]}
    # One layer: 3 * 3 * 9 + 3 = 84 parameters, 81 * 64 = 5184 MACs; nine: 756 and 72,900.
    assert said["network_count", "params", "of_mine:small"] == "equal"
    assert said["network_count", "macs", "of_mine:small"] == "differs"
    assert said["network_count", "macs", "of_mine:large"] == "differs"
    assert said["accuracy_claim", "top1_points", "of_mine:small"] == "agrees with its table"
    beside = {row["paper_column"] for row in rows if row["section"] == "network" and row["ours"]}
    assert beside == {"cpu", "phone"}
    # Without the file, from the run alone: the same ledger; with another one, another.
    made = (folder / "ledger.md").read_bytes()
    assert b"My draft" in made
    assert b"<b>" not in made
    (tmp_path / "mine.csv").write_text(TABLE.replace("1.5", "1.7"))
    again = bench.run("report", "run")
    assert again.returncode == 0, again.stderr
    assert (folder / "ledger.md").read_bytes() == made
    assert bench.run("report", "run", "--ledger", "mine.csv").returncode == 0
    assert (folder / "ledger.md").read_bytes() != made
    refused = bench.run("models", "--resume", "run", "--ledger", "mine.csv")
    assert refused.returncode == 2
    assert "is not what the run in run was begun with" in refused.stderr
    gone_on = bench.run("models", "--resume", "run")
    assert gone_on.returncode == 0, gone_on.stderr
    assert (folder / "ledger.md").read_bytes() == made


@pytest.mark.slow
def test_a_damaged_table_in_a_run_is_one_line(tmp_path: Path) -> None:
    bench = BenchProcess(tmp_path, tmp_path / "cache")
    (tmp_path / "of_mine.py").write_text(NETS)
    (tmp_path / "mine.csv").write_text(TABLE)
    asked = ("--model", "of_mine:small", "--quick", "--runtime", "eager", "--out", "run")
    bench.run("models", "--ledger", "mine.csv", *asked)
    plan = json.loads((tmp_path / "run/run.json").read_text())
    (tmp_path / "run/run.json").write_text(json.dumps(plan | {"ledger": "name;source\n"}))
    done = bench.run("report", "run")
    assert done.returncode == 2
    assert "the ledger in run.json: expected commas between the columns, got semicolons" in done.stderr
