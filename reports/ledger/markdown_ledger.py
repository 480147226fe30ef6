"""ledger.md: the ledger as tables for people, one chapter per device and runtime."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from reports.environment_text import device_title
from reports.ledger.claim_entries import VERDICTS
from reports.ledger.entry import NOT_MEASURED, Entry, Quantity, Section, outside_text
from reports.ledger.memory_chapter import memory_chapters
from reports.ledger.network_entries import AS_DEPLOYED, MERGED, WITHOUT_ATTENTION
from reports.ledger.page_faults import page_fault_chapter
from reports.ledger.printed_column import PrintedColumn
from reports.numbers import GIGA, MEGA, MILLI, bounds, significant
from reports.paper_tables import ARXIV
from reports.results import Results
from reports.tables.text_table import pipe_table
from reports.untrusted import safe_markdown

_INTRODUCTION = (
    "`ours/paper` divides our value by the printed one: below 1 is faster for a "
    "time, above 1 for a speed. Brackets hold the 95% interval of ours; the paper reports no spread. "
    "Another machine, library and year stand behind its numbers, so times are context and ratios are the test."
)
_NOTHING = (
    "No measured row of this run may stand beside a column of printed speeds, so there is nothing to compare. "
    "They ask for:"
)
_ELSEWHERE = (
    "It names no class of device, so every device stands beside it: its order is the test, its times are context."
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
_ABLATIONS = "Speed, then what it is over the published network's (`x`), made round by round: above 1 is faster."
_DETECTION = (
    "Latency of one image of 800x1280, then the speed over ResNet50's (`x`). The paper times the whole of Mask R-CNN "
    "on a GPU; here its heads, which all backbones share, are left out, so that our ratios lie further from 1."
)
_DETECTION_COUNTS = (
    "Backbone and pyramid as counted before batch norms are folded, with Mask R-CNN's heads by formula: the region "
    "proposals, the box head on 1000 boxes and the four convolutions of the mask head on 100 masks. The printed counts "
    "leave out what follows these, the mask head's deconvolution and its mask of each class (6.74 G)."
)
_COUNTS = "Before batch norms are folded, counted as the paper does. A count is equal where its digits are."
_WAYS = {
    MERGED: "branches merged and no batch norm folded but in them, where the network as built has other digits.",
    AS_DEPLOYED: "after batch norms are folded and branches merged, where only that count has the digits.",
    WITHOUT_ATTENTION: "where only the rest has the digits: on a CPU the usual counters see nothing in it.",
}
_ACCURACY = "Accuracy is the paper's alone, weights are random here: its claims are held against its own table."
_COUNTED: tuple[Quantity, ...] = ("params", "macs")
UNITS = {
    "latency_s": ("ms", MILLI),
    "images_per_s": ("images/s", 1.0),
    "macs_per_s": ("GMAC/s", GIGA),
    "speed_ratio": ("ratio", 1.0),
    "macs": ("G", GIGA),
    "params": ("M", MEGA),
    "tau_b": ("", 1.0),
    "top1_percent": ("%", 1.0),
    "top1_points": ("points", 1.0),
    "mse": ("MSE", 1.0),
    "share": ("share", 1.0),
}
_TOP1, _PARAMS, _MACS = "top-1 (%): paper", "params (M): paper", "MACs (G): paper"
_AGAIN = "top-1 (%): timm"
_NUMERIC = ("paper", "ours", "ours/paper", "rank there", "rank here", "pairs", _TOP1, _AGAIN, _PARAMS, _MACS)


def markdown_ledger(results: Results) -> str:
    """The whole ledger. Ends with a newline."""
    entries, columns = results.entries, results.columns
    parts = ["# Replication ledger", f"The paper is {_papers(results)}. {_INTRODUCTION}"]
    if not any(entry.ours and entry.place for entry in entries):
        parts += [_NOTHING, _wanted(columns.values())]
    if not any(entry.ours for entry in entries):
        return "\n\n".join([*parts, *memory_chapters(results)]) + "\n"
    parts += _claims(entries, columns)
    places = [entry.place for entry in entries if entry.section != "claim" and entry.place]
    for where in dict.fromkeys(place._replace(column="") for place in places):
        own = [entry for entry in entries if entry.place and entry.place._replace(column="") == where]
        title = f"{safe_markdown(device_title(results.run, where.device))}: {safe_markdown(where.runtime)}"
        parts.append(f"## {title}, {safe_markdown(where.allocator)} memory")
        for name in dict.fromkeys(entry.column or "" for entry in own if entry.section != "claim"):
            parts += _chapter(columns[name], [entry for entry in own if entry.column == name], results)
    return "\n\n".join([*parts, *page_fault_chapter(results), *memory_chapters(results), *_all_counts(entries)]) + "\n"


def _papers(results: Results) -> str:
    return ARXIV if results.run.plan.command == "ops" else safe_markdown(results.printed.papers, 900)


def _wanted(columns: Iterable[PrintedColumn]) -> str:
    """The settings of each column."""
    return "\n".join(f"- {safe_markdown(f'{column.shown}: {column.settings}')}, NCHW" for column in columns)


def _chapter(column: PrintedColumn, own: Sequence[Entry], results: Results) -> list[str]:
    hardware = f" ({safe_markdown(column.hardware)})" if column.hardware not in ("", column.name) else ""
    elsewhere = "" if column.device_class else f" {_ELSEWHERE}"
    parts = [f"Beside the paper's {safe_markdown(column.shown)} column{hardware}.{elsewhere}"]
    if _of(own, "operator"):
        parts += ["### Table 1", _values(_of(own, "operator"))]
        parts += ["### Ratios to DWConv", _RATIOS, _values(_of(own, "operator_ratio"))]
        parts += ["### Averages", _AVERAGES, _values(_of(own, "operator_average"))]
        if outside := outside_text(own):
            parts.append(safe_markdown(outside))
    if _of(own, "network"):
        parts += [f"### {safe_markdown(results.printed.heading)}", *_networks(_of(own, "network"))]
        parts += [_agreement(entry) for entry in _of(own, "network_order")]
    if _of(own, "ablation"):
        changed = [*_of(own, "ablation"), *_of(own, "ablation_ratio")]
        parts += ["### Table 5: FasterNet changed", _ABLATIONS, _values(changed, "network")]
    if _of(own, "detection"):
        backbones = [*_of(own, "detection"), *_of(own, "detection_ratio")]
        parts += ["### Table 4: detection backbones", _DETECTION, _values(backbones, "backbone and pyramid")]
    return parts


def _of(entries: Sequence[Entry], section: Section) -> list[Entry]:
    return [entry for entry in entries if entry.section == section]


def _values(entries: Sequence[Entry], what: str = "operator") -> str:
    # Averages have no size: a column of blanks tells nothing.
    sized = any(entry.input_shape for entry in entries)
    body = [[_name(e), *[e.input_shape] * sized, _what(e), *_numbers(e), _verdict(e)] for e in entries]
    headings = [what, *["size"] * sized, "what", "paper", "ours", "ours/paper", "verdict"]
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


def _claims(entries: Sequence[Entry], columns: Mapping[str, PrintedColumn]) -> list[str]:
    """The claims whose pairs were planned; all others are counted, not listed (ledger.csv has them)."""
    claims = _of(entries, "claim")
    planned = [entry for entry in claims if entry.planned]
    absent = Counter((columns[e.column].shown, e.runtime, e.reason) for e in claims if e.column and not e.planned)
    lines = [
        f"- {count} claims of the {safe_markdown(column)} column{f' ({safe_markdown(runtime)})' * bool(runtime)} "
        f"are not testable here: {reason}."
        for (column, runtime, reason), count in absent.items()
    ]
    accuracy = _of(entries, "accuracy_claim")
    parts = ["## Claims"] if claims or accuracy else []
    if planned:
        parts += [_CLAIMS, _claim_table(planned), _score(planned)]
    if lines:
        parts.append("\n".join(lines))
    return [*parts, _ACCURACY, _accuracy_table(accuracy)] if accuracy else parts


def _claim_table(claims: Sequence[Entry]) -> str:
    several = len({entry.column for entry in claims}) > 1
    column = ["column"] * several
    headings = ["first", "against", *column, "device", "runtime", "paper", "ours", "ours/paper", "pairs", "verdict"]
    body = [
        [
            f"**{_name(e)}**" if e.headline else _name(e),
            *(safe_markdown(text) for text in (e.against, *[e.column or ""] * several, e.device, e.runtime)),
            *_numbers(e),
            str(e.replicates),
            _verdict(e),
        ]
        for e in claims
    ]
    return pipe_table(headings, _NUMERIC, body)


def _accuracy_table(claims: Sequence[Entry]) -> str:
    headings = ["more accurate", "than", "paper", "verdict"]
    body = [[_name(e), safe_markdown(e.against), f"{e.paper:+.5g} points", _verdict(e)] for e in claims]
    return pipe_table(headings, _NUMERIC, body)


def _score(claims: Sequence[Entry]) -> str:
    counts = Counter(claim.verdict for claim in claims)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS) + "."


def _all_counts(entries: Sequence[Entry]) -> list[str]:
    networks = [e for part in ("network_count", "network_top1", "network_top1_again") for e in _of(entries, part)]
    said = [f"**{way}**: {what}" for way, what in _WAYS.items() if any(way in entry.verdict for entry in networks)]
    own = _counts(networks, "## Params and MACs", " ".join([_COUNTS, *said]))
    return own + _counts(_of(entries, "detection_count"), "## Params and MACs of Table 4", _DETECTION_COUNTS)


def _counts(entries: Sequence[Entry], title: str, about: str) -> list[str]:
    counts = {(entry.name, entry.quantity): entry for entry in entries if entry.section != "network_top1_again"}
    again = {entry.name: entry for entry in entries if entry.section == "network_top1_again"}
    names = dict.fromkeys(name for name, _ in counts)
    if not names:
        return []
    accurate = any(entry.quantity == "top1_percent" for entry in entries)
    body = [
        [safe_markdown(name), *[_top1(counts.get((name, "top1_percent")))] * accurate]
        + [_top1(again.get(name))] * bool(again)
        + [cell for what in _COUNTED for cell in _count(counts.get((name, what)))]
        for name in names
    ]
    headings = ["network", *[_TOP1] * accurate, *[_AGAIN] * bool(again), _PARAMS, "ours", "", _MACS, "ours", ""]
    return [title, about, pipe_table(headings, _NUMERIC, body)]


def _top1(entry: Entry | None) -> str:
    return "" if entry is None else _printed(entry, 1.0)


def _count(entry: Entry | None) -> list[str]:
    return ["", "", ""] if entry is None else [*_numbers(entry, digits=4)[:2], _verdict(entry)]


def _name(entry: Entry) -> str:
    return safe_markdown(entry.label)


def _what(entry: Entry) -> str:
    return f"x {safe_markdown(entry.against)}" if entry.against else UNITS[entry.quantity][0]


def _numbers(entry: Entry, digits: int = 3) -> list[str]:
    """Paper, ours with its interval, ours over paper."""
    unit = UNITS[entry.quantity][1]
    ours = "" if entry.ours is None else bounds(entry.ours, digits, unit)
    return [_printed(entry, unit), ours, bounds(entry.ratio)]


def _printed(entry: Entry, unit: float) -> str:
    """The paper's digits, which are five at most; its ratios are ours to round."""
    if entry.paper is None:
        return ""
    return significant(entry.paper) if entry.quantity == "speed_ratio" else f"{entry.paper / unit:.5g}"


def _verdict(entry: Entry) -> str:
    return safe_markdown(f"{entry.verdict}: {entry.reason}" if entry.reason else entry.verdict)
