"""What devices say stays text; numbers read as people expect."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bench.statistics import Interval
from reports.numbers import bounds, plus_minus, significant
from reports.tables.rich_table import rich_table
from reports.tables.text_table import TextTable
from reports.untrusted import LONGEST, safe_csv, safe_markdown, visible


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234.0, "1230"),
        (9.996, "10.0"),
        (99.96, "100"),
        (0.0445, "0.0445"),
        (2.5, "2.50"),
        (1e-9, "1.00e-09"),
        (None, ""),
    ],
)
def test_three_significant_digits(value: float | None, text: str) -> None:
    assert significant(value) == text


def test_intervals_in_words() -> None:
    interval = Interval(centre=2.0, low=1.9, high=2.1)
    assert plus_minus(interval) == "±5.0%"
    assert plus_minus(Interval(centre=2.0, low=0.5, high=8.0)) == "×/÷4.0"
    assert bounds(interval) == "2.00 [1.90, 2.10]"
    assert plus_minus(Interval(centre=2.0)) == ""
    assert bounds(Interval(centre=0.002), unit=1e-3) == "2.00"


def test_invisible_characters_are_spelled_out() -> None:
    assert visible("a\x1b[31m\u202eb\n\x00\u200b") == "a\\x1b[31m\\u202eb\\x0a\\x00\\u200b"
    assert len(visible("x" * 10_000)) == LONGEST


@given(st.text())
def test_no_text_moves_a_cursor_or_ends_a_line(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable() or all(c == " " or c.isprintable() or c.isspace() for c in shown)
    assert not set(shown) & {"\x1b", "\n", "\r", "\t", "\u202e", "\u2028", "\x07"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\u00a0@"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert safe_csv(f"{start}cmd|' /C calc'!A0").startswith("'")


@given(st.text())
def test_a_cell_survives_its_file(text: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([safe_csv(text), "next"])
    (row,) = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert row[1] == "next"
    assert not row[0].startswith(("=", "+", "-", "@"))


def test_markdown_shows_the_characters() -> None:
    hostile = "a|b <script>x</script> [t](http://e.vil) `c` *d* _e_ www.x.y @name"
    shown = safe_markdown(hostile)
    assert shown == (
        r"a\|b &lt;script&gt;x&lt;/script&gt; \[t\](http&#58;//e.vil) \`c\` \*d\* \_e\_ www&#46;x.y &#64;name"
    )
    assert safe_markdown("fasternet_t0 @ 2 GHz") == "fasternet_t0 @ 2 GHz"


@given(st.text())
def test_markdown_never_breaks_a_table(text: str) -> None:
    shown = safe_markdown(text)
    assert "<" not in shown
    assert "\n" not in shown
    assert shown.replace("\\\\", "").count("|") == shown.replace("\\\\", "").count("\\|")


def test_a_table_too_wide_for_its_terminal_breaks_names_and_never_a_number() -> None:
    table = TextTable(
        headings=("name", "ms"), numeric=("ms",), folded=("name",), rows=[["[b]" * 12 + "\x1b", "123456789"]]
    )
    out = io.StringIO()
    Console(file=out, width=24).print(rich_table(table))
    lines = out.getvalue().splitlines()[2:]
    assert lines[0].endswith(" 123456789")
    assert "".join(lines).replace(" ", "").replace("123456789", "") == "[b]" * 12 + "\\x1b"
    assert table.markdown.splitlines()[1] == "| --- | ---: |"
    assert "\x1b" not in table.markdown
