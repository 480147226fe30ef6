"""What a gate found, in words and in every form."""

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from bench.records.base import Base
from bench.records.counts import Counts
from bench.records.run import Option, Run
from reports.formats import formats_of
from reports.gate_text import gate_lines
from reports.results import Results
from tests.made_up_gates import SAME, SLOW, gate_of, records, run_of


def lines(run: Run) -> tuple[str, ...]:
    return gate_lines(run, Results(run=run).gated)


def on(run: Run, base: Base) -> Run:
    return replace(run, plan=replace(run.plan, base=base))


def self_test(run: Run, planted: str) -> Run:
    return replace(run, plan=replace(run.plan, options=(Option(name="self_test", value=planted),)))


def test_the_outcome_comes_first_and_the_second_measurement_is_told() -> None:
    counts = (Counts(params=12345, graph_nodes=9), Counts(params=12346, graph_nodes=8))
    slow = [replace(each, counts=counts) for each in records(SLOW, SLOW)]
    told = lines(gate_of(*slow, *records(SAME, None, "mobilevit_xs")))
    assert told == (
        "Of 2 rows 1 is confirmed slower, 1 is the same.",
        "First: aaaaaaa (main). Second: the working tree on bbbbbbb, all of it committed.",
        "mobilevit_xxs came out slower and was measured again: 1.30 [1.27, 1.33]x from 4 fresh pairs, confirmed.",
        "mobilevit_xxs: params grew from 12,345 to 12,346.",
        "mobilevit_xxs: graph_nodes shrank from 9 to 8.",
    )


def test_what_is_not_committed_and_what_a_checkout_lacks_is_told() -> None:
    base = Base(ref="v1", commit="a" * 40, head="b" * 40, changed=2, untracked=1, notes=("uv.lock differs",))
    _, sides, note = lines(on(run_of(*records(SAME)), base))
    assert sides.endswith("with files that are not committed: 2 changed and 1 unknown to git.")
    assert note == "Uv.lock differs."
    _, sides = lines(on(run_of(*records(SAME)), replace(base, ref=base.commit, notes=())))
    assert sides.startswith("First: aaaaaaa. Second: ")  # a commit has no other name


def test_what_was_not_confirmed_says_so() -> None:
    assert lines(gate_of(*records(SLOW, SAME)))[2].endswith("1.00 [0.987, 1.01]x from 4 fresh pairs, not confirmed.")


@pytest.mark.parametrize(
    ("planted", "first", "second", "said"),
    [
        ("1.3", SLOW, SLOW, "a slowdown of 1.3 times was planted; confirmed slower: 1 of 1 row. The gate did right"),
        ("1.3", SAME, None, "was planted; confirmed slower: 0 of 1 row. The gate did not do right"),
        ("1.0", SAME, None, "nothing was planted; confirmed slower: 0 of 1 row. The gate did right"),
    ],
)
def test_a_self_test_says_whether_it_came_out(planted: str, first: list[float], second: list[float], said: str) -> None:
    told = lines(self_test(run_of(*records(first, second)), planted))[0]
    assert said in told
    # Half an interval of 2.0 % (SLOW) or 1.3 % (SAME) beyond the margin.
    assert told.endswith(f"Below {'7.1' if first == SLOW else '6.4'}% it misses more than it finds.")


def test_what_grew_is_told_in_words_and_needs_no_more_pairs() -> None:
    doubtful = [0.9, 1.3, 0.9, 1.3]
    grown = [replace(each, counts=(Counts(macs=5), Counts(macs=6))) for each in records(doubtful)]
    assert lines(gate_of(*grown))[0] == "Of 1 row 1 grew in a count."
    for made, answer in ((grown, "GREW"), (records(doubtful), r"UNCLEAR, about \d+ more pairs?")):
        text = formats_of("compare")["markdown"].text(Results(run=gate_of(*made)))
        assert re.search(rf"x \| {answer} \|", text)


def test_a_comparison_that_is_no_gate_says_nothing_of_one() -> None:
    assert lines(run_of(*records(SLOW))) == ()


def test_every_form_has_the_verdict() -> None:
    counts = (Counts(macs=5), Counts(macs=6))
    run = gate_of(*(replace(each, counts=counts) for each in records(SLOW, SLOW)))
    run = replace(run, plan=replace(run.plan, margin=0.03))
    results, own = Results(run=run), formats_of("compare")
    (line,) = csv.DictReader(io.StringIO(own["csv"].text(results)))
    assert (line["verdict"], line["confirmed"], line["again_pairs"]) == ("SLOWER", "True", "4")
    assert line["margin"] == "0.03"
    assert (line["first_macs"], line["second_macs"], line["first_params"]) == ("5", "6", "")
    (item,) = json.loads(own["json"].text(results))
    assert (item["confirmed"], item["second_macs"], item["second_peak_bytes"]) == (True, 6, None)
    assert item["again_ratio_low"] < item["again_ratio"] < item["again_ratio_high"]
    assert "1 is confirmed slower" in own["markdown"].text(results)


def test_nothing_that_git_says_is_markup() -> None:
    base = Base(ref="<b>|x\x1b[31m", commit="a" * 40, head="b" * 40, notes=("the base lacks [x](y) \x1b[1m",))
    results, own = Results(run=on(run_of(*records(SAME)), base)), formats_of("compare")
    text = own["markdown"].text(results)
    assert "\x1b" not in text
    assert "<b>" not in text
    file = io.StringIO()
    Console(width=100, file=file).print(own["table"].shown(results))
    assert "\x1b" not in file.getvalue()


def test_a_base_is_two_commits() -> None:
    with pytest.raises(ValueError, match="expected commits in hexadecimal"):
        Base(ref="main", commit="../../x", head="b" * 40)
