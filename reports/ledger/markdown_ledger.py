"""ledger.md: the ledger as tables for people, one chapter per device and runtime."""

from collections import Counter
from collections.abc import Sequence

from bench.records.run import Run
from reports.environment_text import device_title
from reports.ledger.claim_entries import VERDICTS
from reports.ledger.entry import NOT_MEASURED, Entry, Place, Section, outside_text
from reports.ledger.memory_chapter import memory_chapters
from reports.ledger.page_faults import page_fault_chapter
from reports.numbers import GIGA, MEGA, MILLI, bounds, significant
from reports.paper_tables import HARDWARE
from reports.results import Results
from reports.tables.markdown_table import pipe_table
from reports.untrusted import safe_markdown

_INTRODUCTION = (
    "The paper is arXiv 2303.03667v3. `ours/paper` divides our value by the printed one: below 1 is faster for a "
    "time, above 1 for a speed. Brackets hold the 95% interval of ours; the paper reports no spread. "
    "Another machine, library and year stand behind its numbers, so times are context and ratios are the test."
)
_NOTHING = (
    "No row of this run has the paper's settings (fp32, NCHW, its sizes; batch 1, one thread and latency on a CPU "
    "or board; batch 32 and throughput on a GPU), so there is nothing to compare."
)
_CLAIMS = (
    "How many times the speed of the second network the first one has. **reproduced**: our interval meets the "
    "printed ratio ±10%; **direction only**: it lies wholly on the printed side of 1; **not reproduced**: "
    "otherwise; **not testable here**: no such device, a side failed, or fewer than four pairs."
)
_RATIOS = (
    "Achieved speed (MACs per second) over DWConv's at the same size: ratios of round medians, made round by "
    "round. The paper's side is recomputed from its exact MACs and printed times."
)
_AVERAGES = "Plain means of the four achieved speeds, the paper's as it prints them."
_COUNTS = "Before batch norms are folded, counted as the paper does. A count is equal where its digits are."
_UNITS = {
    "latency_s": ("ms", MILLI),
    "images_per_s": ("images/s", 1.0),
    "macs_per_s": ("GMAC/s", GIGA),
    "speed_ratio": ("ratio", 1.0),
    "macs": ("G", GIGA),
    "params": ("M", MEGA),
    "tau_b": ("", 1.0),
}
_NUMERIC = ("paper", "ours", "ours/paper", "rank there", "rank here", "pairs", "params (M): paper", "MACs (G): paper")


def markdown_ledger(results: Results) -> str:
    """The whole ledger. Ends with a newline."""
    entries = results.entries
    if not any(entry.ours for entry in entries):
        return "\n\n".join(["# Replication ledger", _INTRODUCTION, _NOTHING, *memory_chapters(results)]) + "\n"
    parts = ["# Replication ledger", _INTRODUCTION, *_claims(entries)]
    for place in dict.fromkeys(entry.place for entry in entries if entry.section != "claim"):
        if place is not None:
            parts += _chapter(results.run, place, [entry for entry in entries if entry.place == place])
    return "\n\n".join([*parts, *page_fault_chapter(results), *memory_chapters(results), *_counts(entries)]) + "\n"


def _chapter(run: Run, place: Place, own: Sequence[Entry]) -> list[str]:
    where = f"{place.runtime}, {place.allocator} memory"
    title = f"## {safe_markdown(device_title(run, place.device))}: {safe_markdown(where)}"
    parts = [title, f"Beside the paper's {place.column.upper()} column ({HARDWARE[place.column]})."]
    if _of(own, "operator"):
        parts += ["### Table 1", _values(_of(own, "operator"))]
        parts += ["### Ratios to DWConv", _RATIOS, _values(_of(own, "operator_ratio"))]
        parts += ["### Averages", _AVERAGES, _values(_of(own, "operator_average"))]
        if outside := outside_text(own):
            parts.append(safe_markdown(outside))
    if _of(own, "network"):
        parts += ["### Table 3", *_networks(_of(own, "network"))]
        parts += [_agreement(entry) for entry in _of(own, "network_order")]
    return parts


def _of(entries: Sequence[Entry], section: Section) -> list[Entry]:
    return [entry for entry in entries if entry.section == section]


def _values(entries: Sequence[Entry]) -> str:
    # Averages have no size: a column of blanks tells nothing.
    sized = any(entry.input_shape for entry in entries)
    body = [[_name(e), *[e.input_shape] * sized, _what(e), *_numbers(e), _verdict(e)] for e in entries]
    headings = ["operator", *["size"] * sized, "what", "paper", "ours", "ours/paper", "verdict"]
    return pipe_table(headings, _NUMERIC, body)


def _networks(entries: Sequence[Entry]) -> list[str]:
    headings = ["network", "what", "paper", "ours", "ours/paper", "rank there", "rank here", "verdict"]
    body = [
        [_name(e), _what(e), *_numbers(e), str(e.rank_paper or ""), str(e.rank_ours or ""), _verdict(e)]
        for e in entries
        if e.verdict != NOT_MEASURED
    ]
    rest = [safe_markdown(entry.name) for entry in entries if entry.verdict == NOT_MEASURED]
    table = pipe_table(headings, _NUMERIC, body)
    return [table, f"Not in this run: {', '.join(rest)}."] if rest else [table]


def _agreement(entry: Entry) -> str:
    if entry.ours is None:
        return f"Order: not compared ({entry.reason})."
    return (
        f"Order of the {entry.ranked} networks measured here against the paper's: "
        f"Kendall's tau-b = {entry.ours.centre:.2f} (1 is the same order, 0 none in common, -1 the reverse)."
    )


def _claims(entries: Sequence[Entry]) -> list[str]:
    """The claims whose pairs were planned; all others are counted, not listed (ledger.csv has them)."""
    claims = _of(entries, "claim")
    planned = [entry for entry in claims if entry.planned]
    absent = Counter((e.column.upper(), e.runtime, e.reason) for e in claims if e.column and not e.planned)
    lines = [
        f"- {count} claims of the {column} column{f' ({safe_markdown(runtime)})' * bool(runtime)} "
        f"are not testable here: {reason}."
        for (column, runtime, reason), count in absent.items()
    ]
    parts = ["## Claims"] if claims else []
    if planned:
        parts += [_CLAIMS, _claim_table(planned), _score(planned)]
    return [*parts, "\n".join(lines)] if lines else parts


def _claim_table(claims: Sequence[Entry]) -> str:
    headings = ["first", "against", "device", "runtime", "paper", "ours", "ours/paper", "pairs", "verdict"]
    body = [
        [
            f"**{_name(e)}**" if e.headline else _name(e),
            *(safe_markdown(text) for text in (e.against, e.device, e.runtime)),
            *_numbers(e),
            str(e.replicates),
            _verdict(e),
        ]
        for e in claims
    ]
    return pipe_table(headings, _NUMERIC, body)


def _score(claims: Sequence[Entry]) -> str:
    counts = Counter(claim.verdict for claim in claims)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS) + "."


def _counts(entries: Sequence[Entry]) -> list[str]:
    counts = {(entry.name, entry.quantity): entry for entry in _of(entries, "network_count")}
    names = dict.fromkeys(name for name, _ in counts)
    if not names:
        return []
    body = [
        [safe_markdown(name), *(cell for what in ("params", "macs") for cell in _count(counts.get((name, what))))]
        for name in names
    ]
    headings = ["network", "params (M): paper", "ours", "", "MACs (G): paper", "ours", ""]
    return ["## Params and MACs", _COUNTS, pipe_table(headings, _NUMERIC, body)]


def _count(entry: Entry | None) -> list[str]:
    return ["", "", ""] if entry is None else [*_numbers(entry, digits=4)[:2], entry.verdict]


def _name(entry: Entry) -> str:
    return safe_markdown(entry.label)


def _what(entry: Entry) -> str:
    return f"x {safe_markdown(entry.against)}" if entry.against else _UNITS[entry.quantity][0]


def _numbers(entry: Entry, digits: int = 3) -> list[str]:
    """Paper, ours with its interval, ours over paper."""
    unit = _UNITS[entry.quantity][1]
    ours = "" if entry.ours is None else bounds(entry.ours, digits, unit)
    return [_printed(entry, unit), ours, bounds(entry.ratio)]


def _printed(entry: Entry, unit: float) -> str:
    """The paper's digits, which are five at most; its ratios are ours to round."""
    if entry.paper is None:
        return ""
    return significant(entry.paper) if entry.quantity == "speed_ratio" else f"{entry.paper / unit:.5g}"


def _verdict(entry: Entry) -> str:
    return safe_markdown(f"{entry.verdict}: {entry.reason}" if entry.reason else entry.verdict)
