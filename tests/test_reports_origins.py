"""What a comparison of two environments says of them, and that it says nothing where there is nothing to say."""

import csv
import io
import json
from dataclasses import replace

from bench.records.environment import RuntimeVersion
from bench.records.origin import Origin, PythonEnvironment
from bench.records.run import DeviceState, Run
from reports.comparisons import comparisons
from reports.environment_text import device_title
from reports.formats import formats_of
from reports.results import Results
from tests.made_up import environment
from tests.made_up_runs import models_run, paired
from tests.test_reports_comparisons import on_a_terminal

THERE = "/v/bin/python"


def held(path: str, python: str, **versions: str) -> PythonEnvironment:
    packages = tuple(RuntimeVersion(name=name, version=version) for name, version in versions.items())
    return PythonEnvironment(path=path, version=python, packages=packages)


def run_of(first: Origin, second: Origin, *pythons: PythonEnvironment) -> Run:
    """Two networks whose sides come from those places."""
    records = [
        replace(
            each,
            pair=replace(
                each.pair,
                first=replace(each.pair.first, origin=first),
                second=replace(each.pair.second, origin=second),
            ),
        )
        for each in paired("fasternet_t0", "mobilevit_xxs", [1.3] * 4)
    ]
    run = models_run([], records)
    plan = replace(run.plan, command="compare", pairs=tuple(each.pair for each in records))
    device = records[0].pair.first.device
    state = DeviceState(name=device, environment=environment(), pythons=pythons)
    return replace(run, plan=plan, pair_records=tuple(records), devices=(state,))


USUAL = held("", "3.11.7", torch="1.0", onnxruntime="1.31.1", numpy="2.4")
OTHER = held(THERE, "3.12.1", torch="1.1|<b>\x1b[31m", numpy="2.4")


def test_what_differs_is_in_every_form_and_steers_none() -> None:
    run = run_of(Origin(), Origin(python=THERE), USUAL, OTHER)
    (made,) = comparisons(run)
    assert made.differences == (
        "Python 3.11.7 against 3.12.1",
        "torch 1.0 against 1.1|<b>\x1b[31m",
        "onnxruntime 1.31.1 against none",
    )
    results = Results(run=run)
    formats = formats_of("compare")
    (line,) = csv.DictReader(io.StringIO(formats["csv"].text(results)))
    (row,) = json.loads(formats["json"].text(results))
    assert line["second_origin"] == row["second_origin"] == THERE
    assert line["first_origin"] == row["first_origin"] == ""
    assert row["differences"] == "; ".join(made.differences)
    for shown in (on_a_terminal(results), formats["markdown"].text(results), formats["csv"].text(results)):
        assert "Python 3.11.7 against 3.12.1; torch 1.0 against 1.1" in shown.replace("\n", " ")
        assert "\x1b" not in shown
    assert "1.1\\|&lt;b&gt;" in formats["markdown"].text(results)
    assert THERE in on_a_terminal(results)
    assert "torch 1.0 and 1.1|<b>" in device_title(run, run.plan.pairs[0].first.device)


def test_nothing_is_said_where_nothing_differs() -> None:
    for run in (
        run_of(Origin(), Origin()),
        run_of(Origin(label="base 1a2b3c4"), Origin(label="head")),
        run_of(Origin(), Origin(python=THERE), USUAL, replace(USUAL, path=THERE)),
    ):
        (made,) = comparisons(run)
        assert made.differences == ()
        assert "differ" not in on_a_terminal(Results(run=run))
        assert "differ" not in formats_of("compare")["markdown"].text(Results(run=run))


def test_a_label_stands_in_place_of_a_path() -> None:
    run = run_of(Origin(label="base 1a2b3c4", python=THERE), Origin(label="head"), USUAL, OTHER)
    shown = on_a_terminal(Results(run=run))
    assert "base 1a2b3c4" in shown
    assert "eager head" in shown
    assert THERE not in shown
