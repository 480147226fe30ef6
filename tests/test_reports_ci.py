"""What CI reads of a comparison: names that last, states, and the forms other tools take."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from reports.ci.annotations import annotations
from reports.ci.histories import bencher, smaller_is_better
from reports.ci.junit import junit
from reports.formats import formats_of
from reports.results import Results
from tests.made_up_comparisons import FAST, HOSTILE, OPEN, SAME, SLOW, broken, compared, row

NAME = "net 3x224x224 eager on cpu"
MIXED = (
    row("slower", SLOW, SLOW),
    row("faster", FAST),
    row("same", SAME),
    row("unclear", OPEN),
    row("grew", SAME, counts=(10, 12)),
    row("shrank", SAME, counts=(12, 10)),
    broken("broken"),
)


def test_a_finding_by_hand() -> None:
    (made,) = compared(row("net", SLOW)).findings
    assert (made.name, made.label, made.state, made.pairs) == (NAME, "SLOWER", "fine", 4)
    assert made.line == "SLOWER, 1.30x [1.27, 1.33], 4 pairs (ok)"
    assert made.seconds == 10.0  # four pairs of 2.5 s
    # The second side took 1.30, 1.32, 1.28 and 1.30 ms: as the ratio, since the first took 1 ms each time.
    assert made.latency is not None
    assert made.latency.centre == pytest.approx(1.2999e-3, rel=1e-4)


def test_a_name_stays_whatever_is_compared_beside_it() -> None:
    alone = compared(row("net", SLOW)).findings[0].name
    run = compared(row("other", SAME), row("net", SLOW)).run
    later = replace(run, plan=replace(run.plan, created_utc="2027-01-01T00:00:00Z"))
    assert Results(run=later).findings[1].name == alone


def test_names_are_each_there_once_also_where_two_are_cut_to_the_same() -> None:
    names = [made.name for made in compared(*(row("x" * 400 + end, SAME) for end in "abc")).findings]
    assert len(set(names)) == 3
    assert len(json.loads(bencher(compared(*(row("x" * 400 + end, SAME) for end in "abc"))))) == 3


@pytest.mark.parametrize(
    ("gate", "strict", "states"),
    [
        (False, False, ["fine", "fine", "fine", "open", "fine", "fine", "error"]),
        (True, False, ["failed", "fine", "fine", "open", "failed", "fine", "error"]),
        (True, True, ["failed", "fine", "fine", "error", "failed", "fine", "error"]),
    ],
)
def test_what_stops_a_change(gate: bool, strict: bool, states: list[str]) -> None:
    assert [made.state for made in compared(*MIXED, gate=gate, strict=strict).findings] == states


def test_what_fresh_pairs_do_not_confirm_is_unclear_and_says_so() -> None:
    (made,) = compared(row("net", SLOW, FAST), gate=True).findings
    assert made.state == "open"
    said = "UNCLEAR: came out slower, and fresh pairs did not confirm it, 0.700x [0.687, 0.713], 4 pairs (ok)"
    assert (made.line, made.ratio_text) == (said, "0.700x [0.687, 0.713]")


def test_a_self_test_fails_where_the_gate_did_wrong() -> None:
    rows = (row("found", SLOW, SLOW), row("missed", SAME), broken("broken"))
    assert [made.state for made in compared(*rows, self_test="1.1").findings] == ["fine", "failed", "error"]
    assert [made.state for made in compared(*rows, self_test="1.0").findings] == ["failed", "fine", "error"]


def test_junit_has_a_case_for_each_row_with_its_state() -> None:
    text = junit(compared(*MIXED, gate=True))
    (suite,) = ET.fromstring(text)
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time", "timestamp")} == {
        "tests": "7",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
        "time": "71.000",  # 28 pairs of 2.5 s, and one of 1 s that broke
        "timestamp": "2026-01-01T00:00:00",
    }
    # The order of the elements is part of Ant's schema.
    assert [child.tag for child in suite] == ["properties", *["testcase"] * 7, "system-out", "system-err"]
    found = {case.get("name", "").split()[0]: [(e.tag, e.get("message")) for e in case] for case in suite[1:-2]}
    assert found["slower"] == [("failure", "SLOWER, 1.30x [1.27, 1.33], 4 pairs (ok)")]
    assert found["grew"] == [("failure", "GREW, 1.00x [0.987, 1.01], 4 pairs (ok), macs 10 to 12")]
    assert found["broken"] == [("error", "UNMEASURED: crashed twice, 0 pairs")]
    assert found["unclear"] == [
        ("skipped", "UNCLEAR: about 6 more pairs would decide, 1.09x [1.01, 1.18], 4 pairs (ok)")
    ]
    # Ant's schema: what is skipped has no type, and what failed must have one.
    assert [e.keys() for e in suite.iter("skipped")] == [["message"]]
    assert all(e.get("type") == "SLOWER" for e in suite.iter("failure") if "SLOWER" in e.get("message", ""))
    assert found["same"] == found["faster"] == found["shrank"] == []


def test_without_a_gate_nothing_is_a_failure() -> None:
    (suite,) = ET.fromstring(junit(compared(*MIXED)))
    assert (suite.get("failures"), suite.get("errors")) == ("0", "1")


def test_annotations_are_one_for_each_answer_and_an_error_where_the_run_fails() -> None:
    lines = annotations(compared(*MIXED, gate=True)).splitlines()
    assert [line.split("::")[1] for line in lines] == [
        "error title=bench compare%3A 1 SLOWER",
        "error title=bench compare%3A 1 GREW",
        "error title=bench compare%3A 1 UNMEASURED",
        "warning title=bench compare%3A 1 UNCLEAR",
        "notice title=bench compare%3A 1 FASTER",
    ]
    assert annotations(compared(row("net", SAME))) == ""
    assert annotations(compared(row("net", SLOW))).startswith("::warning title=bench compare%3A 1 SLOWER::")


def test_a_self_test_that_finds_nothing_is_an_error_whatever_the_answer() -> None:
    missed = compared(row("a", SAME), row("b", OPEN), row("c", SLOW, SLOW), self_test="1.1")
    lines = annotations(missed).splitlines()
    assert [line.split("::")[1].partition(" ")[0] for line in lines] == ["warning", "error", "error"]
    assert lines[-1].startswith("::error title=bench compare%3A 1 SAME::a 3x224x224")
    assert annotations(compared(row("a", SAME), self_test="1.0")) == ""


def test_an_annotation_names_ten_and_counts_the_rest() -> None:
    (line,) = annotations(compared(*(row(f"net{i}", FAST) for i in range(23)))).splitlines()
    said = line.split("::")[2].split("%0A")
    assert len(said) == 11
    assert said[-1] == "and 13 more"
    assert annotations(compared(row("100%", FAST))).split("::")[2].startswith("100%25 3x224x224")


def test_histories_by_hand() -> None:
    results = compared(row("net", [2.0] * 4), broken("broken"))
    (entry,) = json.loads(smaller_is_better(results))
    assert entry["value"] == pytest.approx(2.0)
    said = {"name": NAME, "unit": "ms", "range": "±0%", "extra": "SLOWER, 2.00x [2.00, 2.00], 4 pairs (ok)"}
    assert {name: entry[name] for name in said} == said
    (metric,) = json.loads(bencher(results)).items()
    assert metric[0] == NAME
    assert metric[1]["latency"] == pytest.approx({"value": 2e6, "lower_value": 2e6, "upper_value": 2e6})


def test_one_pair_claims_no_bounds() -> None:
    results = compared(row("net", [2.0]))
    assert json.loads(bencher(results)) == {NAME: {"latency": {"value": pytest.approx(2e6)}}}
    assert json.loads(smaller_is_better(results))[0]["range"] == ""


def test_hostile_names_are_text_in_every_form() -> None:
    results = compared(
        *(row(name, SLOW, SLOW) for name in HOSTILE),
        *(broken(f"b{i}", name) for i, name in enumerate(HOSTILE)),
        gate=True,
    )
    for form in formats_of("compare").values():
        if form.file:
            text = form.text(results)
            text.encode()  # no lone surrogate
            assert not any(ord(c) < 32 and c not in "\n\r" for c in text), form.name
            assert not any(c in text for c in "\u202e\u2066\u200b\x7f"), form.name
    (suite,) = ET.fromstring(junit(results))
    assert len(suite.findall("testcase")) == 2 * len(HOSTILE)
    assert [line[:8] for line in annotations(results).splitlines()] == ["::error "] * 2  # SLOWER, UNMEASURED


def test_the_same_run_gives_the_same_bytes() -> None:
    forms = [form for form in formats_of("compare").values() if form.file]
    first, second = ([form.text(compared(*MIXED, gate=True)) for form in forms] for _ in range(2))
    assert first == second
