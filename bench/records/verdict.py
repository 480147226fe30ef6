"""How far a number can be trusted: the words, and which of them is worst."""

from collections.abc import Iterable
from typing import Literal, get_args

Verdict = Literal[
    "throttled", "contended", "drifting", "not_steady", "very_noisy", "noisy", "page_faults", "unreplicated", "ok"
]

# Worst first: the order of the Literal is the order of severity.
SEVERITY: tuple[Verdict, ...] = get_args(Verdict)

# Half-widths of a 95 % interval, relative to its centre, above which a number is one of these.
NOISY, VERY_NOISY = 0.02, 0.10


def of_half_width(half_width: float | None) -> tuple[Verdict, ...]:
    """What an interval says of its number; nothing where it has no bounds."""
    if half_width is None or half_width <= NOISY:
        return ()
    return ("very_noisy",) if half_width > VERY_NOISY else ("noisy",)


def of_rounds(said: Iterable[Verdict], half_width: float | None, rounds: int) -> Verdict:
    """Of the number that several rounds make: the worst that one of them, its interval or their count says."""
    alone: tuple[Verdict, ...] = ("unreplicated",) if rounds < 2 else ()
    return worst([*said, *of_half_width(half_width), *alone])


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The most severe of the verdicts; `ok` where there is none."""
    return min(verdicts, key=SEVERITY.index, default="ok")
