"""The gate in words: what was found, between what, and what was done to be sure (not escaped)."""

from collections import Counter
from collections.abc import Iterator

from bench.records.base import SHORT, Base
from bench.records.run import Run
from reports.gate import Gated, Label, did_right
from reports.numbers import about_percent, bounds

_WORDS: dict[Label, str] = {
    "SLOWER": "confirmed slower",
    "GREW": "grew in a count",
    "UNMEASURED": "not measured",
    "UNCLEAR": "unclear",
    "SAME": "the same",
    "FASTER": "faster",
}


def gate_lines(run: Run, rows: tuple[Gated, ...]) -> tuple[str, ...]:
    """A line each, the outcome first; none for a comparison that is no gate."""
    if planted := run.plan.option("self_test"):
        return (_self_test(rows, float(planted), run.plan.margin), *_details(rows))
    if run.plan.base is None:
        return ()
    return (_counted(rows), *_sides(run.plan.base), *_details(rows))


def _counted(rows: tuple[Gated, ...]) -> str:
    """`Of 3 rows 1 is confirmed slower, 2 are the same.`"""
    found = Counter(row.label for row in rows)
    parts = [f"{found[label]} {_verb(label, found[label])}{words}" for label, words in _WORDS.items() if label in found]
    return f"Of {len(rows)} row{'s' * (len(rows) != 1)} {', '.join(parts)}."


def _verb(label: Label, number: int) -> str:
    return "" if label == "GREW" else "is " if number == 1 else "are "


def _self_test(rows: tuple[Gated, ...], planted: float, margin: float) -> str:
    what = f"a slowdown of {planted:g} times was planted" if planted > 1 else "nothing was planted"
    did = "right" if did_right(rows, planted) else "not do right"
    halves = [row.comparison.smallest for row in rows if row.comparison.smallest is not None]
    # SLOWER lies a half interval beyond the margin, which a slowdown of just that size reaches every other time.
    least = [(1 + margin) * (1 + half) - 1 for half in halves]
    reach = f" Below {about_percent(max(least))} it misses more than it finds." if least else ""
    return (
        f"Self-test: {what}; confirmed slower: {sum(row.confirmed for row in rows)} of {_rows(len(rows))}. The gate did"
        f" {did} here.{reach}"
    )


def _sides(base: Base) -> Iterator[str]:
    state = [
        f"{base.changed} changed" if base.changed else "",
        f"{base.untracked} unknown to git" if base.untracked else "",
    ]
    dirty = " and ".join(filter(None, state))
    ref = "" if base.commit.startswith(base.ref) else f" ({base.ref})"
    yield (
        f"First: {base.commit[:SHORT]}{ref}. Second: the working tree on {base.head[:SHORT]}, "
        + (f"with files that are not committed: {dirty}." if dirty else "all of it committed.")
    )
    yield from (f"{note[:1].upper()}{note[1:]}." for note in base.notes)


def _details(rows: tuple[Gated, ...]) -> Iterator[str]:
    for row in rows:
        name = row.comparison.second.workload.name
        if row.again is not None:
            ratio = f"{bounds(row.again.ratio)}x" if row.again.ratio else "nothing"
            said = "confirmed" if row.confirmed else "not confirmed"
            yield f"{name} came out slower and was measured again: {ratio} from {row.again.pairs} fresh pairs, {said}."
        for each in row.exact:
            if each.differs:
                how = "grew" if each.grew else "shrank"
                yield f"{name}: {each.name} {how} from {each.first:,} to {each.second:,}."


def _rows(number: int) -> str:
    return f"{number} row{'s' * (number != 1)}"
