"""comment.md and summary.md: the outcome first, what changed, all of it folded, and never too long."""

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt

from reports.ci.page import MARKER, comment, headline, summary
from reports.results import Results
from tests.made_up_comparisons import FAST, HOSTILE, OPEN, SAME, SLOW, broken, compared, row

MOST_CHARACTERS = 65_536  # of a comment on GitHub
MOST_BYTES = 1 << 20  # of a step's summary


class Elements(HTMLParser):
    """The tags that a reader's browser would get."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append("/" + tag)


def rendered(text: str) -> list[str]:
    """The tags of the page as GitHub's kind of Markdown makes them, HTML let through."""
    elements = Elements()
    elements.feed(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))
    return elements.tags


def many(name: str) -> Results:
    return compared(*(row(f"{name}{i}", SLOW) for i in range(1000)), *(row(f"{name}{i}-", SAME) for i in range(1000)))


def test_the_outcome_is_the_first_that_a_reader_sees() -> None:
    assert comment(compared(row("net", SAME))).splitlines()[:2] == [
        MARKER,
        "**1 comparison: 1 the same. Nothing is gated.**",
    ]
    rows = (row("a", SLOW, SLOW), row("b", FAST), row("c", OPEN))
    told = "3 comparisons: 1 slower, 1 unclear, 1 faster."
    assert headline(compared(*rows, gate=True)) == f"The gate fails: slower in fresh pairs too. {told}"
    grew = row("d", SAME, counts=(10, 12))
    assert headline(compared(grew, gate=True)).startswith("The gate fails: an exact count grew. 1 comparison: 1 grew")
    assert "slower in fresh pairs too and an exact count grew" in headline(compared(*rows, grew, gate=True))
    assert (
        headline(compared(*rows[1:], gate=True))
        == "The gate passes, undecided on 1 of 2. 2 comparisons: 1 unclear, 1 faster."
    )
    undecided = "The gate could not decide, which is no pass. 2 comparisons: 1 unclear, 1 faster."
    assert headline(compared(*rows[1:], gate=True, strict=True)) == undecided
    assert headline(compared(row("a", SLOW, SLOW), self_test="1.1")).startswith("Self-test: a slowdown of 1.1 times")
    assert headline(compared(gate=True)) == "The gate could not decide, which is no pass. Nothing was compared."


def test_what_changed_stands_above_what_is_folded_the_gravest_first() -> None:
    text = comment(
        compared(
            row("faster", FAST), row("same", SAME), broken("broken"), row("grew", SAME, counts=(10, 12)), gate=True
        )
    )
    above, folded = text.split("<details>")
    assert re.findall(r"^\| (\w+) 3x", above, re.MULTILINE) == ["grew", "broken", "faster"]
    assert re.findall(r"^\| (\w+) 3x", folded, re.MULTILINE) == ["faster", "same", "broken", "grew"]
    assert "macs 10 to 12" in above
    assert "UNMEASURED: crashed twice" in above


def test_the_machine_and_its_noise_floor_are_named() -> None:
    text = comment(compared(row("a", SAME), row("b", SAME), row("c", OPEN)))
    assert "- cpu: Test CPU, 2 cores, torch 2.13.0." in text
    # Logarithms that spread by 0.0082 and 0.049: t(0.975, 3) = 3.182, over 2.
    assert "the smallest visible change was 1.3% to 8.1%, half of them 1.3% or less" in text


def test_nothing_is_folded_where_all_of_it_is_above() -> None:
    assert "<details>" not in comment(compared(row("net", SLOW)))


def test_a_name_of_any_kind_makes_no_element_and_ends_none() -> None:
    plain = rendered(comment(compared(*(row(f"n{i}", SLOW) for i in range(len(HOSTILE))), row("same", SAME))))
    hostile = rendered(comment(compared(*(row(name, SLOW) for name in HOSTILE), row("same", SAME))))
    assert hostile == plain
    assert comment(compared(*(row(name, SLOW) for name in HOSTILE))).count(MARKER) == 1


def test_two_thousand_rows_fit_with_a_count_of_those_left_out() -> None:
    for name in ("net", "<😀" * 200):
        results = many(name)
        short, long = comment(results), summary(results)
        assert len(short) < MOST_CHARACTERS - 1000  # a link to the run comes on top
        assert len(long.encode()) < MOST_BYTES
        shown = [
            int(n)
            for n in re.findall(r"^(\d+) more rows do not fit here; compare\.csv has all\.$", short, re.MULTILINE)
        ]
        above, folded = (part.count("\n| ") - 2 for part in short.split("<details>"))
        assert shown == [1000 - above, 2000 - folded]
        assert short.count("</details>") == 1
        assert ("do not fit" in long) == (name != "net")
