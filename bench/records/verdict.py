"""How far a number can be trusted: the words, and which of them is worst."""

from collections.abc import Iterable
from typing import Literal, get_args

Verdict = Literal["throttled", "contended", "drifting", "not_steady", "very_noisy", "noisy", "unreplicated", "ok"]

# Worst first: the order of the Literal is the order of severity.
SEVERITY: tuple[Verdict, ...] = get_args(Verdict)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The most severe of the verdicts; `ok` where there is none."""
    return min(verdicts, key=SEVERITY.index, default="ok")
