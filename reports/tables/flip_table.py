"""The ranking flips of a sweep: as CSV, and as lines for the table."""

from collections.abc import Callable

from reports.flips import AXES, LEVEL, Flip
from reports.numbers import bounds, centre, high, low
from reports.results import Results
from reports.tables.csv_table import Value, csv_text, same

MOST_LINES = 10


def _context(name: str) -> Callable[[Flip], Value]:
    return lambda flip: flip.context.get(name, "")


COLUMNS: dict[str, Callable[[Flip], Value]] = {
    **same("axis", "first", "second", "at_first", "at_second"),
    "lead_first": lambda flip: centre(flip.lead_first),
    "lead_first_low": lambda flip: low(flip.lead_first),
    "lead_first_high": lambda flip: high(flip.lead_first),
    "lead_second": lambda flip: centre(flip.lead_second),
    "lead_second_low": lambda flip: low(flip.lead_second),
    "lead_second_high": lambda flip: high(flip.lead_second),
    **same("p"),
    **{name: _context(name) for name in AXES},  # the rest, the same on both sides; the axis itself is empty
}


def csv_flips(results: Results) -> str:
    """A line per flip, the clearest first; a heading alone where there is none."""
    return csv_text(COLUMNS, results.flips.found)


def flip_lines(results: Results) -> tuple[str, ...]:
    """What was looked at, then the clearest flips, a sentence each; nothing where nothing could flip (not escaped)."""
    flips = results.flips
    if not flips.looked:
        return ()
    over = f"orders of two looked at: {flips.looked}, over {', '.join(flips.axes)}"
    if not flips.found:
        return (f"Ranking flips: none beyond its intervals; {over}.",)
    told = f"Ranking flips: {len(flips.found)} ({over}; a false one in any report has a chance of {LEVEL:.0%})."
    more = len(flips.found) - MOST_LINES
    rest = [f"{more} more in flips.csv"] if more > 0 else []
    return (told, *map(_sentence, flips.found[:MOST_LINES]), *rest)


def _sentence(flip: Flip) -> str:
    context = ", ".join(value for name, value in flip.context.items() if name in _TOLD and value)
    return (
        f"{flip.axis}: {flip.first} is {bounds(flip.lead_first)} times as fast as {flip.second} at {flip.at_first}, "
        f"{flip.second} {bounds(flip.lead_second)} times as fast at {flip.at_second}"
        + (f" ({context})" if context else "")
    )


_TOLD = ("size", "runtime", "layout", "dtype", "allocator", "device")  # a bare number says nothing
