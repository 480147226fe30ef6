"""Tables and pictures for a paper: LaTeX that compiles letter by letter, files that are the same twice."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.cli.main import main
from bench.records.run import DeviceState
from reports.plots.page import FORMS, PAGES
from reports.results import Results
from reports.tables.latex_table import latex, latex_table
from reports.write import write_figures
from tests.made_up import environment
from tests.made_up_runs import done, models_run, net, table1_run
from tests.one_line import one_line

RUN = models_run([done(net("fasternet_t0", number), 0.01 + number / 1e5) for number in range(5)])


def quiet(what: str, number: int, of: int) -> None:
    """Nobody is told."""


def test_each_letter_that_means_something_to_latex_is_shown_as_itself() -> None:
    assert latex(r"50% & x_1^2 #1 {a} \b ~ $") == (
        r"50\% \& x\_1\textasciicircum{}2 \#1 \{a\} \textbackslash{}b \textasciitilde{} \$"
    )
    assert latex("2.0 ±3% → 4×/÷") == r"2.0 $\pm$3\% $\rightarrow$ 4$\times$/$\div$"
    assert latex("日本") == "??"
    assert "\x1b" not in latex("\x1b[31m")


def test_a_table_has_its_columns_in_every_line() -> None:
    text = latex_table(Results(run=table1_run()))
    (columns,) = set(re.findall(r"\\begin{tabular}{(\w+)}", text))
    lines = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(lines) == 17
    assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {len(columns) - 1}
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 1


def test_a_hostile_device_steers_no_latex() -> None:
    own = DeviceState(name="cpu", environment=replace(environment(), cpu_model="\\input{/etc/passwd}$^_%&#"))
    text = latex_table(Results(run=replace(RUN, devices=(own,))))
    assert "\\input" not in text
    assert r"\textbackslash{}input\{/etc/passwd\}" in text


@pytest.mark.parametrize("place", ["", *PAGES])
def test_pictures_come_in_every_form_and_the_same_twice(place: str, tmp_path: Path) -> None:
    files = write_figures(Results(run=RUN), tmp_path, tuple(FORMS), place, quiet)
    before = {path: path.read_bytes() for path in files}
    assert {path.suffix for path in files} == {".png", ".svg", ".pdf", *([".tex"] if place else [])}
    assert {path.parent for path in files} == {tmp_path / place}
    again = write_figures(Results(run=RUN), tmp_path, tuple(FORMS), place, quiet)
    assert {path: path.read_bytes() for path in again} == before


def test_the_caption_of_a_page_says_what_the_headline_does_on_a_screen(tmp_path: Path) -> None:
    write_figures(Results(run=RUN), tmp_path, ("svg",), "column", quiet)
    (included,) = tmp_path.glob("column/accuracy-*.tex")
    text = included.read_text()
    assert f"{{{included.stem}}}" in text
    assert "Accuracy against latency" in text
    assert "onnxruntime" in text or "eager" in text
    assert "Accuracy against latency" not in included.with_suffix(".svg").read_text()


def test_unknown_words_are_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(Path(__file__).resolve().parents[1] / "docs/results/models-cpu")
    assert "gif" in one_line(capsys, "report", folder, "--figures", "gif")
    assert "poster" in one_line(capsys, "report", folder, "--style", "poster")


def test_latex_goes_to_stdout(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from bench.journal import Journal

    with Journal.create(tmp_path / "run", RUN.plan) as journal:
        for record in RUN.records:
            journal.append(record)
    assert main(["report", str(tmp_path / "run"), "--format", "latex"]) == 0
    assert r"\toprule" in capsys.readouterr().out
