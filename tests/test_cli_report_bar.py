"""A long report shows how far it is, on a terminal alone."""

import io

import pytest
from rich.console import Console

from bench.cli.report_bar import ReportBar


@pytest.mark.parametrize(("terminal", "patience_s", "seen"), [(True, 0, True), (True, 60, False), (False, 0, False)])
def test_a_bar_is_for_a_terminal_and_a_long_report(terminal: bool, patience_s: float, seen: bool) -> None:
    out = io.StringIO()
    with ReportBar(Console(file=out, force_terminal=terminal, width=80), patience_s) as bar:
        bar("reading", 30, 60)
        bar("tables", 1, 4)
    shown = out.getvalue()
    assert all((text in shown) == seen for text in ("reading", "50%", "tables", "25%"))
    assert seen or not shown
