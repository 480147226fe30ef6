"""An examination as text: on a terminal and as JSON."""

import json
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.host.doctor import Examination
from reports.doctor.check import Finding
from reports.doctor.findings import findings, is_fit, verdict
from reports.doctor.pairs import visible_change
from reports.environment_text import processor
from reports.untrusted import visible

_COLOURS = {"good": "green", "warning": "yellow", "wrong": "red"}


def json_doctor(examined: Examination) -> str:
    """One object; a change that cannot be seen at all is null. Strict JSON, ASCII."""
    rows = [
        {"name": row.name, "found": visible(row.found), "state": row.state, "advice": visible(row.advice)}
        for row in findings(examined)
    ]
    made = {
        "device": examined.device.name,
        "fit": is_fit(examined),
        "verdict": visible(verdict(examined), 900),
        "visible_change_15_s": visible_change(examined, 15),
        "visible_change_60_s": visible_change(examined, 60),
        "findings": rows,
    }
    return json.dumps(made, indent=1, allow_nan=False, ensure_ascii=True) + "\n"


def terminal_doctor(examined: Examination) -> RenderableType:
    """The same for a terminal, the advice below what it is about."""
    return Group(*_terminal(examined))


def _terminal(examined: Examination) -> Iterator[RenderableType]:
    title = f"{examined.device.name}: {processor(examined.environment, examined.device.accelerator)}"
    yield Text(visible(title), style="bold")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for row in findings(examined):
        table.add_row(Text(row.state, style=_COLOURS[row.state]), Text(row.name), _words(row))
    yield table
    yield Text(visible(verdict(examined), 900), style="bold")


def _words(row: Finding) -> Text:
    advice = f"\n-> {visible(row.advice)}" if row.advice else ""
    return Text(visible(row.found)).append(advice, style="dim")
