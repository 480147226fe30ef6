"""Where a picture goes: a screen, or a page of a paper; and the forms of its file."""

from dataclasses import dataclass

# What would differ from one moment or machine to the next is left out of the files, by the names of their forms.
FORMS: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@dataclass(frozen=True, kw_only=True)
class Page:
    """Where headline and caption are left to the paper's own caption.

    Pictures are drawn `width` inches wide and shrunk to the place, of 3.4 and 7 inches: letters of 8 points become 6.
    """

    width: float
    least_height: float = 0.72  # of the width: what is wide on a screen keeps room for its axes


PAGES = {"column": Page(width=4.6), "page": Page(width=8.6)}
