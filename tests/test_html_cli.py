"""`bench report --html`: the page where it is asked for, and one line where there is none."""

import os
import shutil
from pathlib import Path

import pytest

from bench.cli.main import main
from bench.journal import Journal
from bench.records.accuracy import Answer
from reports.html.shown import shown_runs
from reports.results import Results
from reports.write import replace_file
from tests.made_up_accuracy import evaluation
from tests.made_up_runs import done, models_run, net, table1_run
from tests.made_up_studies import errors, run_of, study
from tests.one_line import one_line

RUNS = Path(__file__).resolve().parents[1] / "docs/results"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of two networks."""
    return kept(tmp_path / "one", "resnet50")


def kept(path: Path, name: str) -> Path:
    times = {name: 0.01, "fasternet_t0": 0.004}
    run = models_run(
        [done(net(each, number), times[each] * (1 + number / 50)) for number in range(2) for each in times]
    )
    with Journal.create(path, run.plan) as journal:
        for record in run.records:
            journal.append(record)
    return path


def test_every_run_has_its_page_and_one_asked_for_alone_is_the_same(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = tmp_path / "asked.html"
    assert main(["report", str(folder), "--html", str(asked)]) == 0
    assert asked.read_bytes() == (folder / "report.html").read_bytes()
    assert f"page: {asked}" in capsys.readouterr().err


def test_several_runs_are_one_page_under_the_names_of_their_folders(folder: Path, tmp_path: Path) -> None:
    other, asked = kept(tmp_path / "other", "swin_t"), tmp_path / "both.html"
    assert main(["report", str(folder), str(other), "--html", str(asked)]) == 0
    assert "<h1>one and other</h1>" in asked.read_text()


def test_the_page_comes_from_the_journal_alone(folder: Path, tmp_path: Path) -> None:
    assert main(["report", str(folder)]) == 0
    for name in ("run.json", "records.jsonl"):
        (tmp_path / "copy").mkdir(exist_ok=True)
        shutil.copy(folder / name, tmp_path / "copy" / name)
    assert main(["report", str(tmp_path / "copy")]) == 0
    assert (tmp_path / "copy/report.html").read_bytes() == (folder / "report.html").read_bytes()


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda at: at.mkdir(), "expected a run's folder with run.json in it"),
        (lambda at: (at.mkdir(), (at / "run.json").write_text('{"schema": 1}')), "is damaged"),
        (lambda at: (at.mkdir(), (at / "run.json").write_bytes(b"\x89PNG\r\n")), "to hold a plan"),
        (
            lambda at: (shutil.copytree(RUNS / "two-devices", at), (at / "records.jsonl").write_text("{}\n")),
            "damaged record",
        ),
    ],
)
def test_what_is_no_run_is_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: object, said: str
) -> None:
    assert callable(broken)
    broken(tmp_path / "bad")
    assert said in one_line(capsys, "report", str(tmp_path / "bad"), "--html", str(tmp_path / "x.html"))
    assert not (tmp_path / "x.html").exists()


def test_a_place_that_is_none_is_refused_before_anything_is_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = one_line(capsys, "report", str(folder), "--html", str(tmp_path / "none/x.html"))
    assert "expected --html FILE in a folder that is there" in said
    assert not (folder / "table.md").exists()


@pytest.mark.parametrize("name", ["run.json", "records.jsonl"])
def test_no_page_takes_the_place_of_a_run(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    before = (folder / name).read_bytes()
    said = one_line(capsys, "report", str(folder), "--html", str(folder / name))
    assert f"expected --html FILE for a page, got {folder / name}, as a run's own file is called" in said
    assert (folder / name).read_bytes() == before


def test_no_page_takes_the_place_of_what_is_no_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe here; /dev/null where somebody is root."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "to be a file or a new name" in one_line(capsys, "report", str(folder), "--html", str(pipe))
    assert "to be a file or a new name" in one_line(capsys, "layers", "resnet50", "--trace", str(pipe))
    with pytest.raises(FileExistsError):
        replace_file(pipe, b"page")
    assert pipe.is_fifo()


def test_a_folder_is_no_file_for_a_page(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is a directory" in one_line(capsys, "report", str(folder), "--html", str(tmp_path))


def test_a_study_has_its_page_beside_a_run_that_times(folder: Path, tmp_path: Path) -> None:
    run = run_of(study(), errors({"pconv": (0.1, 0.2)}))
    with Journal.create(tmp_path / "study", run.plan) as journal:
        for record in run.study_records:
            journal.append(record)
    both = tmp_path / "both.html"
    assert main(["report", str(folder), str(tmp_path / "study"), "--html", str(both)]) == 0
    for page in (both, tmp_path / "study/report.html"):
        assert "How well pairs approximate the 3x3 convolutions of resnet50" in page.read_text()


def test_a_torn_last_line_is_left_out_and_a_damaged_one_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, journal = tmp_path / "x.html", folder / "records.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-40])
    assert main(["report", str(folder), "--html", str(page)]) == 0
    assert "1 of 2 rounds done" in page.read_text()
    lines = whole.splitlines(keepends=True)
    capsys.readouterr()
    journal.write_bytes(b"".join([lines[0], b"\x00garbage\n", *lines[1:]]))
    page.unlink()
    said = one_line(capsys, "report", str(folder), "--html", str(page))
    assert f"{journal}, line 2: damaged record" in said
    assert not page.exists()


@pytest.mark.parametrize("command", ["ops", "accuracy"])
def test_what_has_no_picture_of_accuracy_leaves_none_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    run = table1_run() if command == "ops" else evaluation(Answer(image="a.png", label=0, top=(0,)))
    Journal.create(tmp_path / "run", run.plan).close()
    said = one_line(capsys, "report", str(tmp_path / "run"), "--undistilled")
    assert f"expected runs of networks with --undistilled, got {tmp_path / 'run'}, one of bench {command}" in said
    assert not (tmp_path / "run/table.md").exists()


def test_equal_names_are_told_apart() -> None:
    results = Results(run=models_run([done(net("resnet50"), 0.01)]))
    assert [each.name for each in shown_runs([("a", results), ("a", results), ("a", results)])] == [
        "a",
        "a (2)",
        "a (3)",
    ]
