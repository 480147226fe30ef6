"""The ledger's chapters on whether low speed comes from memory access, one for each place (docs/claim.md)."""

from collections.abc import Sequence

from reports.environment_text import device_title
from reports.memory.claim import Evidence, MemoryClaim
from reports.memory.experiments import AllocatorEffect, ColdEffect, EqualMacs
from reports.memory.model import TERMS, Shares, TimeModel
from reports.memory.words import QUESTION, answer, share_text
from reports.numbers import GIGA, bounds, significant
from reports.results import Results
from reports.tables.text_table import pipe_table
from reports.untrusted import safe_markdown

NANO = 1e-9
_MODEL = (
    "Time of a call = what it does times what one of each costs, fitted by least squares on the relative error, no "
    "cost below 0; intervals by drawing combinations of operator and size anew. What one costs is no limit of the "
    "machine: a kernel that is slow per byte looks like slow memory."
)
_SHARES = (
    "How the fitted time divides, and the fitted time over the measured one: far from 1 the model does not fit that "
    "operator."
)
_EQUAL = (
    "The same multiply-adds, other bytes, few page faults. GB/s: the additional bytes over the additional time; above "
    "what memory can do, something else saves time, far below it, something else costs it."
)
_ALLOCATORS = "Geometric means over the sizes; page faults by what one costs on this machine."
_COLD = "Time on caches that are emptied before each call over that on warm ones, the mean over the sizes."
_UNITS = {"MAC": "GMAC/s", "byte": "GB/s"}


def memory_chapters(results: Results) -> list[str]:
    """Title, verdict, reasons and tables; empty where no operator was measured."""
    return [part for claim in results.memory for part in _chapter(results, claim)]


def _chapter(results: Results, claim: MemoryClaim) -> list[str]:
    title = f"{QUESTION} {device_title(results.run, claim.place.device)}: {claim.place.how}"
    verdict, *reasons = answer(claim)
    parts = [
        f"## {safe_markdown(title)}",
        f"**{safe_markdown(verdict)}** {safe_markdown(' '.join(reasons), 1200)}".strip(),
    ]
    return parts if claim.evidence is None else [*parts, *_tables(claim.evidence)]


def _tables(evidence: Evidence) -> list[str]:
    parts = [_MODEL, _costs(evidence.model), _SHARES, _shares(evidence)]
    if evidence.implementations:
        parts += [_EQUAL, _equal(evidence.implementations)]
    if evidence.allocators:
        parts += [_ALLOCATORS, _allocators(evidence.allocators)]
    if evidence.cold:
        parts += [_COLD, _cold(evidence.cold)]
    return parts


def _costs(model: TimeModel) -> str:
    body = [[f"one {term}", bounds(model.seconds[term], 3, NANO), _speed(model, term)] for term in TERMS]
    return pipe_table(["what", "ns", "that is"], ["ns"], body)


def _speed(model: TimeModel, term: str) -> str:
    seconds = model.seconds[term].centre
    return f"{significant(1 / seconds, GIGA)} {_UNITS[term]}" if term in _UNITS and seconds else ""


def _shares(evidence: Evidence) -> str:
    rows = [*filter(None, [evidence.slow]), *evidence.operators]
    headings = ["cells", "number", *(f"{term}s" for term in TERMS), "fitted/measured"]
    return pipe_table(headings, headings[1:], [_share(row) for row in rows])


def _share(row: Shares) -> list[str]:
    shares = (share_text(row.of[term]) for term in TERMS)
    return [safe_markdown(row.label), str(row.cells), *shares, significant(row.fitted_over_measured)]


def _equal(pairs: Sequence[EqualMacs]) -> str:
    headings = ["moves more", "moves fewer", "size", "memory", "bytes ratio", "time ratio", "GB/s"]
    body = [
        [
            *(safe_markdown(cell.row.label) for cell in (pair.more, pair.fewer)),
            pair.more.row.size,
            pair.more.row.unit.allocator,
            significant(pair.bytes_ratio),
            bounds(pair.time),
            significant(pair.extra_bytes_per_s, GIGA),
        ]
        for pair in pairs
    ]
    return pipe_table(headings, headings[4:], body)


def _allocators(effects: Sequence[AllocatorEffect]) -> str:
    base = effects[0].base
    headings = ["memory", f"DWConv's speed over {base}", "PConv's speed over DWConv's", "page faults in DWConv's time"]
    body = [
        [
            each.allocator,
            "1" if each.allocator == base else bounds(each.slow_speed),
            bounds(each.papers_lead),
            "" if each.faults_share is None else f"{each.faults_share:.0%}",
        ]
        for each in effects
    ]
    return pipe_table(headings, headings[1:], body)


def _cold(effects: Sequence[ColdEffect]) -> str:
    headings = ["operator", "memory", "bytes per MAC", "cold/warm"]
    body = [
        [safe_markdown(each.label), each.allocator, significant(each.bytes_per_mac), bounds(each.time)]
        for each in sorted(effects, key=lambda each: -each.bytes_per_mac)
    ]
    return pipe_table(headings, headings[2:], body)
