"""`bench compare --python-a --python-b` as a user starts it, with real environments."""

import csv
import json
import sys
from pathlib import Path

import pytest

from bench.cli.main import main
from tests.bench_process import BenchProcess, events
from tests.scratch_python import scratch_python, script

SIDE = "conv@onnxruntime,size=16x8x8"
# As an old Python would take what it is started with.
OLD = """#!/bin/sh
shift
exec {python} -c "import sys; sys.version_info = (3, 8, 10, 'final', 0); exec(sys.argv[1])" "$@"
"""


def said_by(python: object, capsys: pytest.CaptureFixture[str], *sides: str) -> str:
    """The one line of a comparison that is refused before anything is measured."""
    assert main(["compare", *(sides or (SIDE, SIDE)), "--pairs", "1", "--python-b", str(python)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert not Path("results").exists()
    return told.err


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("name", "text", "mode", "said"),
    [
        ("none", "", 0, "No such file or directory"),
        ("plain", "hello", 0o644, "Permission denied"),
        ("text", "hello", 0o755, "Exec format error"),
        ("quiet", "#!/bin/sh\n", 0o755, "it ended with code 0"),
        ("liar", "#!/bin/sh\nprintf '\\033[31mPython 2.7'; exit 3\n", 0o755, "\\x1b[31mPython 2.7"),
        ("dies", "#!/bin/sh\nkill -9 $$\n", 0o755, "it ended"),
        ("old", OLD, 0o755, "this is Python 3.8.10"),
    ],
)
def test_what_is_no_python_is_one_line(
    name: str, text: str, mode: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if mode:
        script(Path(name), text.format(python=sys.executable) if name == "old" else text, mode)
    line = said_by(name, capsys)
    assert f"expected {Path(name).absolute()} to be Python 3.11 or newer, got: " in line
    assert said in line.replace("killed (signal 9, SIGKILL)", "it ended")
    assert line.endswith("; give the path of one, such as .venv/bin/python\n")


def test_a_folder_is_no_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"got: {tmp_path}: a folder; give" in said_by(tmp_path, capsys)


def test_what_a_python_lacks_is_named_with_the_command_that_installs_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = scratch_python(tmp_path / "venv", packages=False)
    install = f"install: {python} -m pip install"
    assert said_by(python, capsys).endswith(f"{install} numpy onnxruntime\n")
    eager = "resnet50", "resnet50"
    assert said_by(python, capsys, *eager).endswith(f"{install} numpy torch torchvision timm\n")


@pytest.mark.parametrize(("path", "said"), [("", "got nothing"), ("/" + "x" * 5000, "of at most 1024 characters")])
def test_a_wild_path_is_one_line(path: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in said_by(path, capsys)


@pytest.mark.slow
def test_what_differs_is_shown_kept_and_held_against_a_resumed_run(tmp_path: Path) -> None:
    hostile = "1.0|<b>\x1b[31m" + "9" * 500
    python = scratch_python(tmp_path / "venv", {"numpy": "0.0.7", "onnxruntime": hostile})
    bench = BenchProcess(tmp_path, tmp_path / "cache")
    short = bench.run("compare", SIDE, SIDE, "--pairs", "2", "--out", "run", "--python-b", str(python))
    assert short.returncode == 3, short.stderr  # too few pairs for an answer
    plan = json.loads((tmp_path / "run/run.json").read_text())
    assert [each["path"] for each in plan["devices"][0]["pythons"]] == [str(python), ""]
    assert {pair["second"]["origin"]["python"] for pair in plan["pairs"]} == {str(python)}
    ended = [event["body"] for event in events(tmp_path / "run") if event["type"] == "pair"]
    assert [each["status"] for each in ended] == ["done", "done"], ended

    (line,) = csv.DictReader(bench.run("report", "run", "--format", "csv").stdout.splitlines())
    assert (line["first_origin"], line["second_origin"]) == ("", str(python))
    assert line["differences"].startswith("numpy ")
    assert " against 0.0.7; onnxruntime " in line["differences"]
    for shown in (bench.run("report", "run").stdout, (tmp_path / "run/compare.md").read_text()):
        assert "\x1b" not in shown
        assert "<b>" not in shown or "Their Pythons differ: numpy" in shown
        assert "9" * 100 not in shown.replace("\n", "")

    (told,) = (tmp_path / "venv").glob("lib/*/site-packages/numpy-0.dist-info/METADATA")
    told.write_text(told.read_text().replace("0.0.7", "0.0.8"))
    journal = tmp_path / "run/records.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))  # a pair is left
    again = bench.run("compare", "--resume", "run")
    assert again.returncode == 2
    assert f"{python} is not what it was: numpy was 0.0.7, is 0.0.8; start a new run" in again.stderr


@pytest.mark.slow
def test_an_eager_side_is_built_and_checked_by_its_own_python(tmp_path: Path) -> None:
    """Its network does more work with another version of what it imports: the packages are really the Python's."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, layers in ((here, 1), (there, 8)):
        folder.mkdir(exist_ok=True)
        (folder / "depth_of.py").write_text(f"LAYERS = {layers}\n")
    (tmp_path / "net.py").write_text(
        "from torch import nn\nfrom depth_of import LAYERS\n\n\ndef make():\n"
        "    return nn.Sequential(*[nn.Conv2d(3, 3, 3, padding=1) for _ in range(LAYERS)])\n"
    )
    pythons = []
    for folder in (here, there):
        python = scratch_python(folder / "venv")
        (site,) = (folder / "venv").glob("lib/python*/site-packages")
        (site / "depth.pth").write_text(f"{folder}\n")
        pythons.append(str(python))
    bench = BenchProcess(tmp_path, tmp_path / "cache")
    sides = ("net:make,input=64", "net:make,input=64", "--python-a", pythons[0], "--python-b", pythons[1])
    run = bench.run("compare", *sides, "--pairs", "1", "--out", "run", "--format", "json", "--no-progress")
    (made,) = json.loads(run.stdout)
    assert made["ratio"] > 1.5, made
    assert made["differences"] == ""
