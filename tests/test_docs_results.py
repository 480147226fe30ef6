"""What the docs show is what `bench report` makes of the journals that lie beside it."""

import io
import re
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from bench.journal import read_run
from reports.rows import rows
from reports.table_terminal import print_table
from reports.write import write_reports

ROOT = Path(__file__).resolve().parents[1]
RESULTS = sorted(path.parent for path in ROOT.glob("docs/results/*/run.json"))
README = (ROOT / "README.md").read_text("utf-8")


def terminal(folder: Path) -> str:
    """The table as `bench report` prints it into a pipe."""
    run, text = read_run(folder), io.StringIO()
    print_table(run, rows(run), Console(file=text, width=100))
    return text.getvalue()


@pytest.mark.parametrize("folder", RESULTS, ids=lambda folder: folder.name)
def test_the_texts_are_made_again_from_the_journal(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    write_reports(read_run(copy), copy)
    kept = [path for path in folder.iterdir() if path.suffix in (".csv", ".md")]
    assert kept
    for path in kept:
        assert (copy / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("name", ["ops-cpu", "models-cpu"])
def test_the_readme_shows_the_table_that_was_measured(name: str) -> None:
    printed = {line.rstrip() for line in terminal(ROOT / "docs/results" / name).splitlines()}
    first_words = {line.split()[0] for line in printed if re.search(r"\d+x\d+x\d+", line)}
    shown = [line[4:].rstrip() for line in README.splitlines() if re.match(r" {4}\S+ +\d+x\d+x\d+ ", line)]
    of_this = [line for line in shown if line.split()[0] in first_words]
    assert len(of_this) >= 10
    assert not [line for line in of_this if line not in printed]


def test_the_readme_shows_the_claims_that_were_measured() -> None:
    ledger = (ROOT / "docs/results/claims-cpu/ledger.md").read_text("utf-8")
    shown = re.findall(r"\| (\d\.\d\d)x \| (\d\.\d\d)x (\[\d\.\d\d, \d\.\d\d\]) \| ([a-z ]+) \|", README)
    assert len(shown) == 3
    for printed, ours, interval, verdict in shown:
        row = next(line for line in ledger.splitlines() if f" {ours} {interval} " in line)
        assert f" {printed} " in row
        assert row.rstrip(" |").endswith(verdict) or f"| {verdict}" in row


def test_the_readme_counts_claims_and_agreement_as_the_ledgers_do() -> None:
    score = re.search(r"of (\d+) ratios, (\d+) are reproduced, (\d+) hold in direction only and (\d+) do not", README)
    assert score is not None
    every, *verdicts = map(int, score.groups())
    assert sum(verdicts) == every
    ledger = (ROOT / "docs/results/claims-cpu/ledger.md").read_text("utf-8")
    assert "{} reproduced, {} direction only, {} not reproduced".format(*verdicts) in ledger
    order = re.search(r"tau-b (\d\.\d\d) in either runtime", README)
    assert order is not None
    ledger = (ROOT / "docs/results/models-cpu/ledger.md").read_text("utf-8")
    assert re.findall(r"tau-b = (\S+)", ledger) == [order[1]] * 2
