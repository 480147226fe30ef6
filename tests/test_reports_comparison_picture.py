"""The forest plot of a comparison."""

import pytest

from reports.plots.pictures import figures
from tests.made_up_comparisons import HOSTILE, SAME, SLOW, broken, compared, row


@pytest.mark.parametrize("rows", [1, 60, 100])
def test_a_comparison_has_one_picture_whatever_the_number_of_rows(rows: int) -> None:
    made = compared(*(row(f"net{i}", SLOW if i == 99 else SAME) for i in range(rows)))
    (name, figure) = next(iter(figures(made).items()))
    drawn = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert (name, len(drawn)) == ("compare", min(rows, 60))
    # What changed is drawn before what did not, in its own place.
    assert drawn[-1].startswith(f"net{rows - 1} ")
    captions = " ".join(text.get_text() for text in figure.texts)
    assert ("40 of 100 comparisons are not drawn" in captions) == (rows == 100)


def test_nothing_is_drawn_where_no_comparison_has_a_ratio() -> None:
    assert not figures(compared(broken("net")))


def test_any_name_can_be_drawn() -> None:
    made = figures(compared(*(row(name, SLOW) for name in HOSTILE)))["compare"]
    names = [label.get_text() for label in made.axes[0].get_yticklabels()]
    assert len(names) == len(HOSTILE)
    assert all(len(name) <= 72 and name.isprintable() for name in names)
