"""The forms in which results come out: a format is its module and one row here."""

import pkgutil
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from bench.plan.plugins import rows
from bench.records.study import STUDIES

if TYPE_CHECKING:
    from rich.console import RenderableType

    from reports.history.report import HistoryReport
    from reports.peak.report import PeakReport
    from reports.results import Results
    from reports.runs_compared import RunsCompared

Made: TypeAlias = "Results | HistoryReport | RunsCompared | PeakReport"  # what a writer may be made for
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_WRITER = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_OURS = frozenset({"run.json", "records.jsonl"})  # the run itself, from which every report is made again


@dataclass(frozen=True, kw_only=True)
class Format:
    """One form. `writer` is imported when it is used, so that --help stays quick."""

    name: str  # the word behind --format, where it can go to stdout
    writer: str  # "module:function" from Results to text; what goes to stdout alone may be what rich prints
    file: str = ""  # its name in the run's folder; empty where it has no file
    stdout: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"expected a name of a-z, 0-9 and -, got {self.name!r}; choose a word for --format")
        if not _WRITER.fullmatch(self.writer):
            raise ValueError(
                f"expected a writer module:function for format {self.name}, got {self.writer!r}; "
                "name a function that takes Results and returns text"
            )
        if self.file and (not _FILE.fullmatch(self.file) or self.file in _OURS):
            raise ValueError(
                f"expected a file name of letters, digits, _, . and - for format {self.name}, got {self.file!r}; "
                f"choose one without a folder that is none of {', '.join(sorted(_OURS))}"
            )
        if not self.file and not self.stdout:
            raise ValueError(f"expected a file or stdout for format {self.name}, got neither; it would go nowhere")

    def shown(self, results: "Made") -> "RenderableType":
        """What goes to stdout."""
        made: RenderableType = pkgutil.resolve_name(self.writer)(results)
        return made

    def text(self, results: "Made") -> str:
        """What goes into the file."""
        made = self.shown(results)
        if not isinstance(made, str):
            raise ValueError(
                f"expected text from {self.writer} for {self.file}, got {type(made).__name__}; return a str"
            )
        return made


_PAGE = Format(name="html", writer="reports.html.page:html_report", file="report.html")
_ROWS = (
    Format(name="table", writer="reports.terminal:TerminalReport", stdout=True),
    Format(name="csv", writer="reports.tables.csv_table:csv_table", file="table.csv", stdout=True),
    Format(name="json", writer="reports.tables.json_table:json_table", stdout=True),
    Format(name="markdown", writer="reports.tables.markdown_table:markdown_table", file="table.md", stdout=True),
    Format(name="latex", writer="reports.tables.latex_table:latex_table", stdout=True),
    Format(name="ledger-csv", writer="reports.ledger.csv_ledger:csv_ledger", file="ledger.csv"),
    Format(name="ledger-markdown", writer="reports.ledger.markdown_ledger:markdown_ledger", file="ledger.md"),
    Format(name="memory-csv", writer="reports.ledger.memory_csv:csv_memory", file="memory.csv"),
    Format(name="flips-csv", writer="reports.tables.flip_table:csv_flips", file="flips.csv"),
    _PAGE,
)


def _by_name(*rows_of_one: Format) -> dict[str, Format]:
    return {row.name: row for row in rows_of_one}


_TABLE = "reports.tables.comparison_table"
_OF_COMPARISONS = _by_name(
    Format(name="table", writer=f"{_TABLE}:terminal_comparisons", stdout=True),
    Format(name="csv", writer=f"{_TABLE}:csv_comparisons", file="compare.csv", stdout=True),
    Format(name="json", writer=f"{_TABLE}:json_comparisons", file="compare.json", stdout=True),
    Format(name="markdown", writer=f"{_TABLE}:markdown_comparisons", file="compare.md", stdout=True),
    Format(name="junit", writer="reports.ci.junit:junit", file="compare.junit.xml", stdout=True),
    Format(name="github", writer="reports.ci.annotations:annotations", stdout=True),
    Format(name="comment", writer="reports.ci.page:comment", file="comment.md"),
    Format(name="summary", writer="reports.ci.page:summary", file="summary.md"),
    Format(
        name="smaller-is-better",
        writer="reports.ci.histories:smaller_is_better",
        file="smaller-is-better.json",
        stdout=True,
    ),
    Format(name="bencher", writer="reports.ci.histories:bencher", file="bencher.json", stdout=True),
    _PAGE,
)


_OF_LAYERS = _by_name(
    Format(name="table", writer="reports.layers.tables:terminal_layers", stdout=True),
    Format(name="csv", writer="reports.layers.files:csv_layers", file="layers.csv", stdout=True),
    Format(name="json", writer="reports.layers.files:json_layers", file="layers.json", stdout=True),
    Format(name="markdown", writer="reports.layers.tables:markdown_layers", file="layers.md", stdout=True),
    _PAGE,
)


_OF_HISTORIES = _by_name(
    Format(name="table", writer="reports.history.tables:terminal_history", stdout=True),
    Format(name="csv", writer="reports.history.files:csv_history", file="history.csv", stdout=True),
    Format(name="json", writer="reports.history.files:json_history", file="history.json", stdout=True),
    Format(name="markdown", writer="reports.history.tables:markdown_history", file="history.md", stdout=True),
)


_OF_STUDIES = _by_name(
    Format(name="table", writer="reports.studies.text:terminal_study", stdout=True),
    Format(name="csv", writer="reports.studies.text:csv_study", file="study.csv", stdout=True),
    Format(name="markdown", writer="reports.studies.text:markdown_study", file="study.md", stdout=True),
    Format(name="ledger-csv", writer="reports.ledger.csv_ledger:csv_ledger", file="ledger.csv"),
    Format(name="ledger-markdown", writer="reports.studies.ledger_page:markdown_study_ledger", file="ledger.md"),
    _PAGE,
)


_OF_ACCURACY = _by_name(
    Format(name="table", writer="reports.accuracy.text:terminal_accuracy", stdout=True),
    Format(name="csv", writer="reports.accuracy.text:csv_accuracy", file="accuracy.csv", stdout=True),
    Format(name="markdown", writer="reports.accuracy.text:markdown_accuracy", file="accuracy.md", stdout=True),
    Format(name="answers", writer="reports.accuracy.text:csv_answers", file="answers.csv", stdout=True),
    _PAGE,
)


_OF_TWO_RUNS = _by_name(
    Format(name="table", writer="reports.tables.runs_table:terminal_runs", stdout=True),
    Format(name="csv", writer="reports.tables.runs_table:csv_runs", file="compare.csv", stdout=True),
    Format(name="json", writer="reports.tables.runs_table:json_runs", file="compare.json", stdout=True),
    Format(name="markdown", writer="reports.tables.runs_table:markdown_runs", file="compare.md", stdout=True),
)


_OF_PEAKS = _by_name(
    Format(name="table", writer="reports.peak.tables:terminal_peak", stdout=True),
    Format(name="csv", writer="reports.peak.files:csv_peak", file="peak.csv", stdout=True),
    Format(name="json", writer="reports.peak.files:json_peak", file="peak.json", stdout=True),
    Format(name="markdown", writer="reports.peak.tables:markdown_peak", file="peak.md", stdout=True),
)


def peak_formats() -> dict[str, Format]:
    """Those of `bench peak`, whose writers take a PeakReport."""
    return _OF_PEAKS


def two_run_formats() -> dict[str, Format]:
    """Those of two finished runs, whose writers take RunsCompared."""
    return _OF_TWO_RUNS


def history_formats() -> dict[str, Format]:
    """Those of `bench history`, whose writers take a HistoryReport."""
    return _OF_HISTORIES


def formats_of(command: str) -> dict[str, Format]:
    """Those of the runs of that command: comparisons, layers, accuracies and studies have files of their own."""
    if command in STUDIES:
        return _OF_STUDIES
    own = {"compare": _OF_COMPARISONS, "layers": _OF_LAYERS, "accuracy": _OF_ACCURACY}
    return own[command] if command in own else formats()


@cache
def formats() -> dict[str, Format]:
    """Every format of a table of rows: ours, then those of plug-ins."""
    ours = _by_name(*_ROWS)
    files = {row.file for row in _ROWS}

    def check(name: str, row: Format) -> None:
        if row.file in files - {""}:
            raise ValueError(f"the file {row.file} is taken")
        files.add(row.file)

    return ours | rows("bench.reports", Format, taken=ours, check=check)


def stdout_formats(*commands: str) -> tuple[str, ...]:
    """The choices of --format where runs of these commands are shown."""
    rows_of_all = (row for command in commands for row in formats_of(command).values())
    return tuple(dict.fromkeys(row.name for row in rows_of_all if row.stdout))
