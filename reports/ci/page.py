"""comment.md and summary.md: the outcome in words, what changed, and every comparison folded under it.

Both have a limit above which GitHub drops the whole text, so rows that do not fit are left out and counted.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from reports.ci.finding import Finding
from reports.environment_text import device_title, surroundings
from reports.gate import Label, outcome
from reports.gate_text import gate_lines
from reports.numbers import about_percent
from reports.results import Results
from reports.tables.comparison_table import about, differences
from reports.tables.noise_floor import noise_lines
from reports.tables.text_table import pipe_table
from reports.untrusted import safe_markdown

MARKER = "<!-- bench-compare -->"  # by which one comment is found again and brought up to date
COMMENT_BYTES = 60_000  # GitHub takes 65,536 characters; a link to the run and the like come on top
SUMMARY_BYTES = 1_000_000  # GitHub drops a summary above 1 MiB
SPARE_BYTES = 500  # for the tags around the folded table, and its count of rows left out
LONGEST_NAME = 120  # characters; names of whatever length leave room for rows

_HEADINGS = ("compared", "ratio", "answer", "pairs", "visible", "worst pair")
_NUMERIC = ("ratio", "pairs", "visible")
_CHANGED: tuple[Label, ...] = ("SLOWER", "GREW", "UNMEASURED", "FASTER")
_WORDS: dict[Label, str] = {
    "SLOWER": "slower",
    "GREW": "grew in a count",
    "UNMEASURED": "could not be measured",
    "UNCLEAR": "unclear",
    "FASTER": "faster",
    "SAME": "the same",
}


def comment(results: Results) -> str:
    """For a pull request, below 65,536 characters. Ends with a newline."""
    return f"{MARKER}\n{_page(results, COMMENT_BYTES)}"


def summary(results: Results) -> str:
    """For GITHUB_STEP_SUMMARY, below 1 MiB. Ends with a newline."""
    return _page(results, SUMMARY_BYTES)


def headline(results: Results) -> str:
    """The outcome in words, with how many there are of each answer (plain text)."""
    plan, counts = results.run.plan, Counter(each.label for each in results.findings)
    if plan.option("self_test"):
        return gate_lines(results.run, results.gated)[0]
    told = ", ".join(f"{counts[label]} {words}" for label, words in _WORDS.items() if counts[label])
    told = f"{_comparisons(len(results.findings))}: {told}." if told else "Nothing was compared."
    return f"{_outcome(results)}. {told}" if plan.flag("gate") else f"{told} Nothing is gated."


def _outcome(results: Results) -> str:
    found = outcome(results.gated, results.run.plan.flag("strict"))
    if found == "unmeasured":
        return "The gate could not decide, which is no pass"
    if found == "pass":
        open_ones = sum(each.label == "UNCLEAR" for each in results.findings)
        return "The gate passes" + (f", undecided on {open_ones} of {len(results.findings)}" if open_ones else "")
    slower, grew = (any(getattr(row, name) for row in results.gated) for name in ("confirmed", "grew"))
    return "The gate fails: " + " and ".join([*["slower in fresh pairs too"] * slower, *["an exact count grew"] * grew])


def _page(results: Results, limit: int) -> str:
    changed = sorted((f for f in results.findings if f.label in _CHANGED), key=_urgency)
    top = [f"**{headline(results)}**", _fitting(_machines(results), limit // 6, "lines")]
    top += [_table(changed, limit // 3)] if changed else []
    meaning = safe_markdown(about(results), 900)
    room = limit - _bytes("\n\n".join([*top, meaning])) - SPARE_BYTES
    folded = [_folded(results.findings, room)] if len(changed) < len(results.findings) else []
    return "\n\n".join([*top, *folded, meaning]) + "\n"


def _urgency(finding: Finding) -> tuple[bool, int]:
    return finding.state != "failed", _CHANGED.index(finding.label)


def _machines(results: Results) -> list[str]:
    run = results.run
    devices = list(dict.fromkeys(each.device for each in results.findings))
    said = [device_title(run, device) + "." for device in devices]
    said += [*gate_lines(run, results.gated)[1:], *differences(results.gated)]
    said += [*noise_lines(run), *_visible(results.findings), *surroundings(run)]
    return [f"- {safe_markdown(line, 900)}" for line in said]


def _visible(all_of_them: Sequence[Finding]) -> Iterator[str]:
    """The floor that matters: what these pairs, with the spread that they had, could have seen."""
    for device in dict.fromkeys(each.device for each in all_of_them):
        seen = sorted(each.smallest for each in all_of_them if each.device == device and each.smallest is not None)
        if seen:
            low, middle, high = (about_percent(seen[i]) for i in (0, (len(seen) - 1) // 2, -1))
            told = low if low == high else f"{low} to {high}"
            told += f", half of them {middle} or less" if len(seen) > 2 else ""
            yield f"Noise floor of the comparisons on {device}: the smallest visible change was {told}."


def _folded(all_of_them: Sequence[Finding], room: int) -> str:
    table = _table(all_of_them, room)
    return f"<details>\n<summary>{_comparisons(len(all_of_them))}</summary>\n\n{table}\n\n</details>"


def _comparisons(number: int) -> str:
    return f"{number} comparison{'s' * (number != 1)}"


def _table(rows: Sequence[Finding], room: int) -> str:
    counted = any(row.counts_text for row in rows)
    headings = [*_HEADINGS, *["counts"] * counted]
    head = pipe_table(headings, _NUMERIC, [])
    lines = [f"| {' | '.join(_cells(row, counted))} |" for row in rows]
    return head + "\n" + _fitting(lines, room - _bytes(head), "rows")


def _cells(row: Finding, counted: bool) -> list[str]:
    cells = [row.name, row.ratio_text, row.answer_text, str(row.pairs), row.visible_text, row.trust or ""]
    return [safe_markdown(cell, LONGEST_NAME) for cell in [*cells, *[row.counts_text] * counted]]


def _fitting(lines: Sequence[str], room: int, kind: str) -> str:
    """As many lines as that many bytes hold; where some are left out, a last one counts them."""
    taken, used = 0, 0
    for line in lines:
        used += _bytes(line) + 1
        if used > room:
            break
        taken += 1
    left = len(lines) - taken
    return "\n".join([*lines[:taken], *[f"\n{left} more {kind} do not fit here; compare.csv has all."] * bool(left)])


def _bytes(text: str) -> int:
    return len(text.encode())
