"""What is wrong with a contributed run: each thing is found, with its file and record, and an honest run has none."""

import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.api import check_runs
from bench.cli.main import main
from reports.contributed.faults import MOST_FAULTS, faults
from tests.one_line import one_line

RESULTS = Path(__file__).resolve().parents[1] / "docs/results"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
JSON = dict[str, Any]


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """An honest run of sixteen records on two devices."""
    return Path(shutil.copytree(RESULTS / "two-devices", tmp_path / "board"))


def said(folder: Path) -> list[str]:
    return [str(fault).removeprefix(f"{folder}/") for fault in faults([folder], NOW)]


def change_plan(folder: Path, change: Callable[[JSON], object]) -> None:
    plan = json.loads((folder / "run.json").read_text())
    change(plan)
    (folder / "run.json").write_text(json.dumps(plan))


def change_record(folder: Path, number: int, change: Callable[[JSON], object]) -> None:
    path = folder / "records.jsonl"
    lines = path.read_text().splitlines()
    record = json.loads(lines[number - 1])
    change(record["body"])
    lines[number - 1] = json.dumps(record)
    path.write_text("".join(f"{line}\n" for line in lines))


def first_measured(folder: Path) -> int:
    """The number of the first record of a unit."""
    lines = (folder / "records.jsonl").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if json.loads(line)["type"] == "record")


@pytest.mark.parametrize("folder", sorted(path.parent for path in RESULTS.glob("*/run.json")), ids=lambda it: it.name)
def test_an_honest_run_has_nothing_wrong(folder: Path) -> None:
    assert said(folder) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda it: it.update(created_utc="2031-01-01T00:00:00Z"), "plan.created_utc: expected a time that has passed"),
        (lambda it: it.update(created_utc="yesterday"), "plan.created_utc: expected a time such as"),
        (lambda it: it["argv"].append("<script>alert(1)</script>"), "plan.argv[10]: expected text without markup"),
        (lambda it: it["argv"].append("\x1b[31mred"), "got '\\x1b[31mred'"),
        (lambda it: it["argv"].append("\u202egnp.exe"), "without control, bidirectional or invisible characters"),
        (lambda it: it["argv"].append("x" * 5000), "plan.argv[10]: expected at most 4000 characters, got 5000"),
        (lambda it: it["argv"].append("/home/alice/out"), "expected nobody's home folder, got '/home/alice'"),
        (lambda it: it["argv"].append("alice@pi4.local"), "expected nobody's address or login, got 'alice@pi4.local'"),
        (lambda it: it.update(seed=-1), "plan.seed: expected a number of 0 to 1.84467e+19, got -1"),
        (lambda it: it["units"].append(it["units"][0]), "expected each unit once in the plan"),
        (lambda it: it["devices"][1].update(environment=None), "environment of device emulated-board, got none"),
        (
            lambda it: it["devices"][0]["environment"].update(cpu_model="x86_64"),
            "device cpu with a CPU or board by name",
        ),
        (
            lambda it: it["devices"][0]["environment"].update(physical_cores=64),
            "expected device cpu with cores and CPUs",
        ),
        (lambda it: it["devices"][0]["environment"].update(memory_bytes=1), "device cpu with a machine's memory"),
        (
            lambda it: it.update(accuracy="model,top1,img_size\na,101,224\n"),
            "plan.accuracy: line 2, top1: expected a perc",
        ),
        (
            lambda it: it.update(ledger="name,title,input_px,top1_percent,source\nfasternet_t0,T0,224,99.1,us\n"),
            "expected a top-1 of about 71.9% of fasternet_t0",
        ),
        (lambda it: it.update(schema=2), "expected it in format 1, got 2"),
        (lambda it: it.update(extra=1), "it is damaged: unknown field 'extra' in Plan"),
        (lambda it: it.update(command="salience"), "expected runs of ops, models, layers or compare for a site"),
    ],
)
def test_what_is_wrong_in_the_plan_is_said(board: Path, change: Callable[[JSON], object], expected: str) -> None:
    change_plan(board, change)
    found = said(board)
    assert [line for line in found if line.startswith("run.json: ") and expected in line], found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda it: it["units"][0].update(round=10**12),
            "expected a unit for each round, got 16 units in 1",
        ),
        (lambda it: it["units"][0]["workload"].update(stack=10**9), "unit 1: expected an input that a device holds"),
        (
            lambda it: it["units"][1]["workload"].update(input_shape=[1, 10**9, 1]),
            "unit 2: expected an input that",
        ),
        (
            lambda it: it["units"][2]["workload"]["operator"].update(ratio="1e99999999"),
            "unit 3: expected a ratio",
        ),
        (
            lambda it: it["units"][3]["workload"]["operator"].update(kernel=10**400),
            "operator.kernel: expected a number",
        ),
    ],
)
def test_what_would_keep_a_reader_busy_for_ever_is_said_at_once(
    board: Path, change: Callable[[JSON], object], expected: str
) -> None:
    change_plan(board, change)
    (found,) = said(board)
    assert found.startswith("run.json: ")
    assert expected in found


def slow_down(body: JSON, factor: float) -> None:
    body["measurement"]["samples_s"] = [each / factor for each in body["measurement"]["samples_s"]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda it: it["measurement"]["samples_s"].append(0.0), "damaged record: expected at least one sample, all of"),
        (
            lambda it: it["measurement"]["samples_s"].append(-1.0),
            "damaged record: expected at least one sample, all of",
        ),
        (
            lambda it: it["measurement"]["samples_s"].append(float("nan")),
            "damaged record: expected float for measurement",
        ),
        (
            lambda it: it["measurement"].update(load_s=-0.5),
            "body.measurement.load_s: expected a number of 0 to 1.84467e+19, got -0.5",
        ),
        (lambda it: slow_down(it, 1e5), "at no more than any such device reaches, 2000 GMAC/s"),
        (lambda it: it["measurement"].update(iterations_per_sample=10**6), "expected samples of at most the"),
        (lambda it: it["measurement"].update(peak_memory_bytes=1 << 40), "expected at most the machine's memory"),
        (lambda it: it["measurement"].update(cpus=[7]), "expected CPUs that a process may use there, got 7"),
        (lambda it: it["cost"].update(macs=1), "MACs of dwconv, as its formula has it, got 1"),
        (lambda it: it["cost"].update(params=7), "params of dwconv, as its formula has it, got 7"),
        (lambda it: it.update(started_utc="2031-01-01T00:00:00Z"), "started_utc: expected a time that has passed"),
        (
            lambda it: it["unit"].update(round=77),
            "expected a unit of the plan, got another: dwconv, onnxruntime on cpu",
        ),
        (lambda it: it.update(reason="\u2066</td><b onclick=x>"), "body.reason: expected text without control"),
        (lambda it: it.update(typed=1), "damaged record: unknown field 'typed' in Record"),
    ],
)
def test_what_is_wrong_in_a_record_is_said_with_its_number(
    board: Path, change: Callable[[JSON], object], expected: str
) -> None:
    number = first_measured(board)
    change_record(board, number, change)
    found = said(board)
    assert len(found) == 1
    assert found[0].startswith(f"records.jsonl:{number}: ")
    assert expected in found[0]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (1e-6, "expected fasternet_t0 at no more than any such device reaches"),
        (1e6, "expected bursts of at most the"),
    ],
)
def test_a_pair_takes_time_and_no_less_than_any_device(tmp_path: Path, times: float, expected: str) -> None:
    folder = Path(shutil.copytree(RESULTS / "claims-cpu", tmp_path / "claims"))
    lines = (folder / "records.jsonl").read_text().splitlines()
    number = next(
        number
        for number, line in enumerate(lines, 1)
        if json.loads(line)["body"].get("pair", {}).get("first", {}).get("workload", {}).get("name") == "fasternet_t0"
    )
    change_record(folder, number, lambda it: it.update(first_s=[times * each for each in it["first_s"]]))
    (found,) = said(folder)
    assert found.startswith(f"records.jsonl:{number}: {expected}")


def test_what_the_device_itself_can_do_bounds_its_rows(board: Path) -> None:
    """By ceilings that the run brings along: a tenth of what its rows then claim; and those may not be made up."""

    def ceilings(speed: float) -> list[JSON]:
        product = {"runtime": "numpy", "dtype": "float32", "shape": [256, 256, 256], "macs_per_s": [speed]}
        memory = {"level": "DRAM", "level_bytes": 0, "access": "read", "set_bytes": 1 << 26, "bytes_per_s": [1e10]}
        return [{"dtype": "float32", "threads": 1, "gemms": [product], "bandwidths": [memory]}]

    change_plan(board, lambda it: it["devices"][0].update(ceilings=ceilings(1e9)))
    found = said(board)
    assert found
    assert all("by the device's own measured ceilings" in line for line in found)
    change_plan(board, lambda it: it["devices"][0].update(ceilings=ceilings(1e13)))
    assert said(board)[0].startswith("run.json: expected a matrix product in float32 at no more than any such device")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"{}\n", "records.jsonl:17: damaged record: "),
        (b"[" * 100_000 + b"\n", "records.jsonl:17: damaged record: "),
        (b'{"type": "device", "body": {"device": "phone"}}\n', "expected a device of the plan, got 'phone'"),
        (b'{"type": "study", "body": {}}\n', "records.jsonl:17: damaged record: "),
        (b'{"type": "device", "body": {"device": "cpu"}, "more": "<script>"}\n', "expected a type and a body alone"),
        (b'{"type": "record"', "records.jsonl:17: expected a whole line, got a torn one"),
    ],
)
def test_a_line_that_is_none_is_said_and_ends_nothing(board: Path, line: bytes, expected: str) -> None:
    path = board / "records.jsonl"
    number = len(path.read_bytes().splitlines()) + 1
    with path.open("ab") as file:
        file.write(line)
    (found,) = said(board)
    assert expected.replace(":17:", f":{number}:") in found


ODD = [None, -1, 0, 10**30, 1e300, True, "", "x", "\x00", "1/0", "9" * 9, [], [1], {}, [["x"]], {"a": 1}]


def replaced(value: Any, draw: random.Random) -> Any:
    """The same with one value, somewhere in it, that is another."""
    inner = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    if not inner or draw.random() < 0.1:
        return draw.choice(ODD)
    key = draw.choice(list(inner))
    value[key] = replaced(value[key], draw)
    return value


def test_no_value_that_is_replaced_ends_the_check(board: Path) -> None:
    """Whatever stands in the place of a value, the check comes to its end, and mostly finds it."""
    draw, found = random.Random(0), 0
    plan = (board / "run.json").read_bytes()
    records = (board / "records.jsonl").read_bytes().splitlines(keepends=True)
    for turn in range(60):
        lines = records.copy()
        if turn % 2:
            at = draw.randrange(len(lines))
            lines[at] = json.dumps(replaced(json.loads(lines[at]), draw)).encode() + b"\n"
        else:
            (board / "run.json").write_text(json.dumps(replaced(json.loads(plan), draw)))
        (board / "records.jsonl").write_bytes(b"".join(lines))
        found += bool(said(board))
        (board / "run.json").write_bytes(plan)
    assert found > 50


def test_rounds_of_one_row_have_one_count(tmp_path: Path) -> None:
    """Within what a network may differ from the printed count, but not from itself."""
    folder = Path(shutil.copytree(RESULTS / "models-cpu", tmp_path / "models"))
    change_record(folder, 300, lambda it: it["cost"].update(params=it["cost"]["params"] + 1))
    change_record(folder, 301, lambda it: it["cost"].update(macs=3 * it["cost"]["macs"], macs_unfused=None))
    found = said(folder)
    assert [line.split(": expected ")[0] for line in found] == [f"records.jsonl:{n}" for n in (300, 301, 301)]
    assert "the params and MACs of the other rounds" in found[0]
    assert "G MACs of " in found[2]
    assert "as arXiv 2303.03667v3 Table 3 has it, got " in found[2]


def test_a_journal_is_two_plain_files_in_a_folder_with_a_plain_name(board: Path, tmp_path: Path) -> None:
    elsewhere = Path(shutil.move(board / "records.jsonl", tmp_path / "elsewhere"))
    (board / "records.jsonl").symlink_to(elsewhere)
    assert said(board) == ["records.jsonl: expected a plain file, got a link or something else"]
    (board / "records.jsonl").unlink()
    assert said(board) == ["records.jsonl: expected a file, got none"]
    shutil.move(elsewhere, board / "records.jsonl")
    named = board.rename(tmp_path / "<b>board")
    assert said(named) == [f"{named}: expected a folder, no link, named by up to 80 letters, digits, _, . and -"]


def test_the_same_run_twice_is_said(board: Path, tmp_path: Path) -> None:
    again = Path(shutil.copytree(board, tmp_path / "again"))
    assert [str(fault) for fault in faults([board, again], NOW)] == [
        f"{again}: expected a run of its own, got that of {board} again"
    ]


def test_two_folders_that_would_be_one_address_are_said(board: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(RESULTS / "dwconv-cpu", tmp_path / "more/BOARD"))
    assert [str(fault) for fault in faults([board, other], NOW)] == [
        f"{other}: expected an address of its own, got that of {board} again"
    ]


def test_no_more_than_so_many_are_told_of_one_run(board: Path) -> None:
    (board / "records.jsonl").write_text("{}\n" * 10_000)
    found = said(board)
    assert len(found) == MOST_FAULTS + 1
    assert found[-1].endswith(f"more is wrong; the first {MOST_FAULTS} are told")


def test_the_command_tells_a_line_for_each_and_ends_with_2(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", str(board), "--check"]) == 0
    assert capsys.readouterr() == ("", "1 run checked: nothing wrong\n")
    change_record(board, first_measured(board), lambda it: it.update(reason="\x1b]0;owned\x07"))
    change_plan(board, lambda it: it["argv"].append("/Users/alice"))
    assert main(["site", str(board.parent), "--check"]) == 2
    out, err = capsys.readouterr()
    assert err == "1 run checked: 2 wrong\n"
    assert out.count("\n") == 2
    assert "\x1b" not in out
    assert [fault.line for fault in check_runs([board])] == [0, first_measured(board)]


@pytest.mark.parametrize("more", [(), ("--check", "--out", "x")])
def test_it_makes_or_checks(board: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]) -> None:
    assert "expected either --out DIR or --check, got " in one_line(capsys, "site", str(board), *more)
