"""A verdict on the claim, and the numbers that decide it, in sentences. Nothing in them is escaped."""

from bench.statistics import Interval
from reports.memory.claim import FITS, Evidence, MemoryClaim, follows
from reports.memory.model import Shares
from reports.numbers import GIGA, about_percent, bounds, significant

QUESTION = "Slow because of memory access?"
_TERMS = {"byte": "bytes", "page fault": "page faults", "MAC": "multiply-adds", "call": "the calls themselves"}


def answer(claim: MemoryClaim) -> tuple[str, ...]:
    """The verdict, then the numbers behind it."""
    if claim.evidence is None:
        return (f"{claim.verdict}: {claim.missing}.",)
    evidence = claim.evidence
    reasons = (_explained(claim, evidence), _association(evidence), _experiment(evidence), _allocator(evidence))
    return (f"{claim.verdict}.", *filter(None, reasons))


def share_text(share: Interval) -> str:
    """`31 [20, 44]%`."""
    return f"{bounds(share, 2, 0.01)}%"


def _explained(claim: MemoryClaim, evidence: Evidence) -> str:
    if evidence.slow is None:
        return ""
    fastest = max(cell.speed for cell in claim.cells.every)
    parts = ", ".join(f"{share_text(evidence.slow.of[term])} into {name}" for term, name in _TERMS.items())
    fits = about_percent(evidence.model.explained)
    doubt = f", under the {FITS:.0%} from which on it is believed" * (evidence.model.explained < FITS)
    return (
        f"Of the time of the {_cells(evidence.slow)} with less than half of the highest speed "
        f"({significant(fastest, GIGA)} GMAC/s) go {parts}, by a model that explains {fits} of the variance{doubt}."
    )


def _cells(slow: Shares) -> str:
    return f"{slow.cells} cell{'s' * (slow.cells > 1)}"


def _association(evidence: Evidence) -> str:
    if evidence.moved is None:
        return "Rank correlation of speed with MACs per byte: none, one of them is the same everywhere."
    return f"Rank correlation of speed with MACs per byte moved: {bounds(evidence.moved, 2)}."


def _experiment(evidence: Evidence) -> str:
    count, more, less = len(evidence.implementations), evidence.more_is_slower, evidence.more_is_faster
    if not count:
        return (
            "No two implementations at equal MACs, without page faults (--op pconv --variant split_cat,slice,inplace)."
        )
    few = ", so that they decide nothing" * (follows(evidence) is None)
    return (
        f"At equal MACs the implementation that moves more bytes takes longer in {more} of {count} pairs, "
        f"less in {less}, as long in {evidence.same}; {count - evidence.decided} are open{few}."
    )


def _allocator(evidence: Evidence) -> str:
    if evidence.slow is None or evidence.slow.of["page fault"].centre <= evidence.slow.of["byte"].centre:
        return ""
    return "Page faults take more of it than bytes: that part is the allocator's, see --allocator."
