"""The verdict in words: who is fastest, which networks are the front, what the paper says, whether to believe it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.records.verdict import SEVERITY
from reports.best.choice import Choice, may_be_faster, time_of
from reports.environment_text import device_title
from reports.html.shown import Shown
from reports.html.study_part import study_findings
from reports.layers.words import checks, title
from reports.ledger.entry import Entry
from reports.numbers import GIGA, MILLI, about_percent, bounds, significant
from reports.row import Row
from reports.rows import row_name, settings_text
from reports.tables.below import below
from reports.tables.flip_table import flip_lines
from reports.verdicts import told

MOST_NAMED = 8  # networks, sizes or claims that are spelled out


@dataclass(frozen=True, kw_only=True)
class Said:
    """Sentences under a heading; nothing in them is escaped."""

    heading: str
    lines: tuple[str, ...]


def verdict_words(shown: Shown) -> tuple[Said, ...]:
    """What the run says, the answer first; a part that has nothing to say is left out."""
    parts = (
        *_of_study(shown),
        *_of_networks(shown),
        *_of_operators(shown),
        Said(heading="Who is faster when", lines=tuple(flip_lines(shown.results))),
        Said(heading="Compared", lines=tuple(_of_comparisons(shown))),
        Said(heading="Layers", lines=tuple(_of_layers(shown))),
        Said(heading="The paper, and here", lines=tuple(_of_paper(shown.results.entries))),
        Said(heading="Whether to believe it", lines=tuple(_of_trust(shown))),
    )
    return tuple(part for part in parts if part.lines)


def _of_study(shown: Shown) -> Iterator[Said]:
    if (page := shown.study) is not None:
        yield Said(heading=page.title, lines=tuple(study_findings(shown)) or ("It found nothing yet.",))
        yield Said(heading="What was asked", lines=tuple(f"{line}." for line in page.about))


def _of_networks(shown: Shown) -> Iterator[Said]:
    for choice in shown.choices:
        if choice.meeting:
            where = device_title(shown.results.run, choice.device)
            yield Said(heading=f"Networks on {where}", lines=tuple(_fastest(choice)))
            yield Said(heading=f"Front of accuracy and time on {choice.device}", lines=tuple(_front(choice)))


def _fastest(choice: Choice) -> Iterator[str]:
    first, rest = choice.meeting[0], choice.meeting[1:]
    yield (
        f"{row_name(first.row)} is the fastest of {len(choice.meeting)}: {bounds(time_of(first), unit=MILLI)} ms "
        f"an image, verdict {told(first.row.verdict)}."
    )
    if rest:
        times = significant(time_of(rest[0]).centre / time_of(first).centre)
        unsure = "" if first.row.rounds > 1 else "; one round has no interval, so this is a first look"
        doubt = "; their intervals overlap, so which is faster is open" if may_be_faster(rest[0], first) else unsure
        yield f"The next, {row_name(rest[0].row)}, takes {times} times as long{doubt}."


def _front(choice: Choice) -> Iterator[str]:
    if not choice.front:
        yield "No accuracy of any of them is known at this size, so there is no front of accuracy and time."
        return
    for each in choice.front:
        distilled = ", distilled" * (each.recipe == "distilled")
        said = f"{row_name(each.row)}, {each.top1_percent:g}%{distilled}, {each.row.verdict}"
        yield f"{bounds(time_of(each), unit=MILLI)} ms: {said}"
    yield "Nothing else here is both as accurate and as fast, by the middle of its interval."
    if more := len(choice.open_front):
        yield (
            f"By intervals {more} more cannot be told from these (open in the table); `bench compare A B --until 1%` "
            "decides between two."
        )


def _of_operators(shown: Shown) -> Iterator[Said]:
    timed = [row for row in shown.results.rows if row.unit.workload.kind == "op" and row.time is not None]
    for device in dict.fromkeys(row.unit.device for row in timed):
        own = [row for row in timed if row.unit.device == device]
        lines = (*_by_size(own), *_speed(own))
        yield Said(heading=f"Operators on {device_title(shown.results.run, device)}", lines=lines)


def _by_size(rows: Sequence[Row]) -> Iterator[str]:
    sizes: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        sizes.setdefault((row.size, row.unit.batch), []).append(row)
    best = [min(own, key=_seconds) for own in sizes.values() if len({row.label for row in own}) > 1]
    named = "; ".join(f"{row.size} {_row_name(row)} in {bounds(row.time, unit=MILLI)} ms" for row in best[:MOST_NAMED])
    if best:
        more = f", and {len(best) - MOST_NAMED} sizes more" * (len(best) > MOST_NAMED)
        yield f"Fastest at each size: {named}{more}."


def _speed(rows: Sequence[Row]) -> Iterator[str]:
    known = [row for row in rows if row.macs_per_s is not None and row.macs]
    if known:
        best, worst = max(known, key=_rate), min(known, key=_rate)
        yield (
            f"The highest speed is that of {_row_name(best)} at {best.size}, {significant(_rate(best), GIGA)} GMAC/s; "
            f"the lowest that of {_row_name(worst)} at {worst.size}, {significant(_rate(worst), GIGA)} GMAC/s: "
            "multiply-adds alone do not say what is fast."
        )


def _row_name(row: Row) -> str:
    return f"{row.label} ({', '.join(filter(None, [row.unit.runtime, row.unit.allocator, settings_text(row.unit)]))})"


def _seconds(row: Row) -> float:
    assert row.time is not None
    return row.time.centre


def _rate(row: Row) -> float:
    assert row.macs_per_s is not None
    return row.macs_per_s.centre


def _of_comparisons(shown: Shown) -> Iterator[str]:
    for found in shown.results.findings:
        why = f"; {found.why}" if found.why else ""
        ratio = f", {found.ratio_text} the time of the first" if found.ratio_text else ""
        yield f"{found.name}: {found.label}{ratio}, {found.pairs} pairs{why}."


def _of_layers(shown: Shown) -> Iterator[str]:
    for profile in shown.results.profiles:
        most = ", ".join(f"{each.kind} {about_percent(each.share)}" for each in profile.kinds[:MOST_NAMED])
        yield f"{title(profile)}: {bounds(profile.plain, unit=MILLI)} ms a call. Of its time: {most}."
        yield from checks(profile)


def _of_paper(entries: Sequence[Entry]) -> Iterator[str]:
    claims = [entry for entry in entries if entry.section == "claim" and entry.ours]
    for entry in [each for each in claims if each.headline] or claims[:MOST_NAMED]:
        yield (
            f"{entry.label} is {bounds(entry.ours)} times as fast as {entry.against} here ({entry.device}, "
            f"{entry.runtime}); the paper says {significant(entry.paper)}: {entry.verdict}."
        )
    if not claims:
        yield from _by_rows(entries)
    for entry in (each for each in entries if each.section == "network_order" and each.ours):
        tau = significant(entry.ours.centre if entry.ours else None, digits=2)
        yield (
            f"The order of {entry.ranked} networks ({entry.device}, {entry.runtime}) beside the paper's: Kendall's "
            f"tau-b {tau}, where 1 is the same order."
        )
    for entry in (each for each in entries if each.section == "operator_average" and each.against and each.ours):
        yield (
            f"{entry.label} reaches {bounds(entry.ours)} times the speed of {entry.against} here ({entry.device}, "
            f"{entry.runtime}, {entry.allocator} memory), the mean of its sizes; the paper says "
            f"{significant(entry.paper)}."
        )
    if claims:
        counts = Counter(entry.verdict for entry in claims).most_common()
        yield f"Of {len(claims)} claims measured: {', '.join(f'{count} {word}' for word, count in counts)}."


def _by_rows(entries: Sequence[Entry]) -> Iterator[str]:
    """Headlines whose pairs nobody measured, by the rows of their two networks: without an interval."""
    speeds = {(entry.place, entry.name): entry for entry in entries if entry.section == "network" and entry.ours}
    places = [place for place in dict.fromkeys(place for place, _ in speeds) if place is not None]
    for claim in (each for each in entries if each.section == "claim" and each.headline):
        for place in (each for each in places if each.column == claim.column):
            first, second = (speeds.get((place, name)) for name in (claim.name, claim.against))
            if first is not None and second is not None and first.ours and second.ours:
                ratio = second.ours.centre / first.ours.centre
                yield (
                    f"{claim.name} is about {significant(ratio if first.quantity == 'latency_s' else 1 / ratio)} times "
                    f"as fast as {claim.against} here ({place.device}, {place.runtime}), by their rows; the paper says "
                    f"{significant(claim.paper)}. `bench models --claims` measures it in pairs."
                )


def _of_trust(shown: Shown) -> Iterator[str]:
    rows = shown.results.rows
    counts = Counter(row.verdict for row in rows if row.verdict is not None)
    if counts:
        said = ", ".join(f"{counts[word]} {told(word)}" for word in reversed(SEVERITY) if counts[word])
        yield f"Of {counts.total()} numbers: {said}."
    lost = Counter(row.status for row in rows if row.time is None)
    if lost:
        yield f"Without a number: {', '.join(f'{count} {word}' for word, count in lost.items())}; the table says why."
    yield from below(shown.results)
    yield from filter(None, [shown.left_out])
