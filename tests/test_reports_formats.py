"""A format is one row: it refuses nonsense, and who asks for formats finds all of them."""

import io
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from rich.console import Console

import reports.memory.claim
import reports.results
from bench.cli.main import bench, main
from bench.cli.output import print_results, write_files
from bench.errors import UsageError
from reports.formats import Format, formats, formats_of
from reports.results import Results
from reports.terminal import TerminalReport
from reports.write import write_reports
from tests.made_up_runs import SIZES, done, failed, op, ops_run

RUN = ops_run([op()], [failed(op())])


def names_as_html(results: Results) -> str:
    """What a format from outside might be."""
    return "".join(f"<p>{row.unit.workload.name}" for row in results.rows)


HTML = Format(name="own-html", writer=f"{__name__}:names_as_html", file="table.html", stdout=True)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "HTML page"}, "expected a name of a-z, 0-9 and -, got 'HTML page'; choose"),
        ({"name": ""}, "got ''; choose a word for --format"),
        ({"writer": "page.write"}, "expected a writer module:function for format html, got 'page.write'; name"),
        ({"file": "../table.html"}, "got '../table.html'; choose one without a folder"),
        ({"file": ".."}, "got '..'; choose"),
        ({"file": "records.jsonl"}, "got 'records.jsonl'; choose one without a folder that is none of records.jsonl"),
        ({"file": "", "stdout": False}, "expected a file or stdout for format html, got neither"),
    ],
)
def test_a_row_that_cannot_be_used_cannot_be_made(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="expected") as raised:
        Format(**{"name": "html", "writer": "page:write", "file": "table.html", "stdout": True, **fields})
    assert said in str(raised.value)


def test_every_row_is_found_under_its_name_and_its_writer_is_there() -> None:
    for every in (formats(), formats_of("compare")):
        assert all(name == row.name and callable(pkgutil.resolve_name(row.writer)) for name, row in every.items())
    files = [row.file for row in formats().values() if row.file]
    assert files == ["table.csv", "table.md", "ledger.csv", "ledger.md", "memory.csv", "flips.csv", "report.html"]


OF_ROWS = ("table", "csv", "json", "markdown", "latex")
OF_PAIRS = ("table", "csv", "json", "markdown", "junit", "github", "smaller-is-better", "bencher")


@pytest.mark.parametrize(
    ("command", "choices"),
    [("ops", OF_ROWS), ("models", OF_ROWS), ("compare", OF_PAIRS), ("report", (*OF_ROWS, *OF_PAIRS[4:]))],
)
def test_the_choices_on_the_command_line_are_the_rows(command: str, choices: tuple[str, ...]) -> None:
    found = bench.get_command(click.Context(bench), command)
    assert found is not None
    (option,) = (each for each in found.params if each.name == "output_format")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == choices


def test_a_row_from_outside_is_a_file_and_goes_to_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(formats(), "own-html", HTML)
    results = Results(run=RUN)
    written = write_files(results, tmp_path)
    assert (tmp_path / "table.html").read_text() == "<p>conv"
    print_results(results, tmp_path, written, "own-html")
    said = capsys.readouterr()
    assert said.out == "<p>conv"
    assert "ledger.md, memory.csv, flips.csv, report.html, table.html" in said.err


def test_what_only_a_terminal_can_show_is_no_file() -> None:
    row = Format(name="screen", writer="reports.terminal:TerminalReport", file="screen.txt")
    with pytest.raises(ValueError, match=r"from reports\.terminal:TerminalReport for screen\.txt, got Term"):
        row.text(Results(run=RUN))


def test_a_form_of_comparisons_alone_is_refused_for_rows(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match="expected --format of table, csv, json, markdown, latex for a run of bench ops, got j"
    ):
        print_results(Results(run=RUN), tmp_path, (), "junit")


def test_a_format_that_is_none_is_refused_before_anything_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--format", "ledger-csv", "nowhere"]) == 2
    assert "'ledger-csv' is not one of 'table', 'csv', 'json', 'markdown', 'latex', 'junit'" in capsys.readouterr().err


def test_rows_ledger_and_panels_are_made_once_for_all_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(module: ModuleType, name: str) -> None:
        make = getattr(module, name)

        def count(*arguments: Any) -> Any:
            made.append(name)
            return make(*arguments)

        monkeypatch.setattr(module, name, count)

    for name in ("rows", "operator_entries", "candidates"):
        counted(reports.results, name)
    counted(reports.memory.claim, "memory_claims")
    units = [op(shape=size) for size in SIZES[:2]]
    results = Results(run=ops_run(units, [done(unit, 0.001) for unit in units]))
    assert len(write_reports(results, tmp_path)) == 9
    Console(file=io.StringIO()).print(TerminalReport(results))
    assert sorted(made) == [
        "candidates",
        "candidates",
        "memory_claims",
        "operator_entries",
        "rows",
    ]  # panels of either kind
