"""On a terminal: whether low speed comes from memory access, a paragraph for each place where that could be tested."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from reports.memory.claim import DOES_NOT_HOLD, HOLDS, IN_PART, MemoryClaim
from reports.memory.words import QUESTION, answer
from reports.untrusted import visible

MOST_SHOWN = 4
_STYLES = {HOLDS: "bold green", IN_PART: "bold yellow", DOES_NOT_HOLD: "bold red"}


def terminal_memory(claims: Sequence[MemoryClaim]) -> Iterator[Text]:
    """Question, verdict and reasons of the first few; the ledger has all, and what was missing elsewhere."""
    tested = [claim for claim in claims if claim.evidence is not None]
    for claim in tested[:MOST_SHOWN]:
        verdict, *reasons = answer(claim)
        yield Text(visible(f"{QUESTION} {claim.place.text}"), style="bold")
        yield Text.assemble((verdict, _STYLES[claim.verdict]), " ", visible(" ".join(reasons), 1200))
    if len(tested) > MOST_SHOWN:
        yield Text(f"{len(tested) - MOST_SHOWN} more such verdicts in ledger.md", style="dim")
