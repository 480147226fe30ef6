"""A profile in words: what it is of, how far it can be trusted, and the cells of its tables."""

from collections.abc import Callable

from bench.plan.runtimes import find_runtime
from bench.records.workload import size_text
from reports.layers.profile import Profile, Slice
from reports.numbers import GIGA, MEGA, MILLI, about_percent, bounds, plus_minus, significant
from reports.row import labelled
from reports.rows import settings_text

MOST_LAYERS = 15  # on a terminal, the dearest of them
MOST_KINDS = 8  # of unmapped pieces that are named
NO_CEILINGS = "limit and bound are empty: `bench peak` measures what this device can do, then measure again"
DISTURBED = "what disturbs a call now and then is in the whole, not in the medians of layers; --priority realtime helps"
ABOUT = (
    "ms: of one call, the median within a worker, ± the 95% interval over workers. share: of all layers together. "
    "MMACs: multiply-adds for one image. GMAC/s: what is computed in that time; GB/s: what is read and written in it. "
    "limit: the least time that this device needs for it, over its own; bound: by what."
)

# Heading, and what stands below it; all but the first two are numbers.
CELLS: dict[str, Callable[[Profile, Slice], str]] = {
    "layer": lambda _, each: each.name,
    "kind": lambda _, each: each.kind,
    "ms": lambda _, each: significant(each.seconds, MILLI) if each.pieces else "fused",
    "±": lambda _, each: plus_minus(each.time),
    "share": lambda _, each: about_percent(each.share) if each.pieces else "",
    "MMACs": lambda _, each: significant(each.macs, MEGA) if each.macs else "",
    "GMAC/s": lambda profile, each: significant(macs_per_s(profile, each), GIGA),
    "GB/s": lambda _, each: significant(bytes_per_s(each), GIGA),
    "limit": lambda _, each: "" if percent(each) is None else f"{significant(percent(each))}%",
    "bound": lambda _, each: each.bound,
}
NUMERIC = ("ms", "±", "share", "MMACs", "GMAC/s", "GB/s", "limit")


def macs_per_s(profile: Profile, each: Slice) -> float | None:
    """Of the whole batch; None where nothing is multiplied, counted or timed."""
    return each.macs * profile.unit.batch / each.seconds if each.macs and each.seconds else None


def bytes_per_s(each: Slice) -> float | None:
    """None where the runtime does not tell, or no time was left."""
    return each.bytes_moved / each.seconds if each.bytes_moved and each.seconds else None


def percent(each: Slice) -> float | None:
    """The limit's time over its own, times a hundred; None where no limit is known."""
    return 100 * each.limit_s / each.seconds if each.limit_s and each.seconds else None


def title(profile: Profile) -> str:
    """`fasternet_t0 3x224x224, ONNX Runtime on cpu, batch 1, 1 thread, float32`."""
    unit, row = profile.unit, find_runtime(profile.unit.runtime)
    name = f"{labelled(unit.workload.name, unit.workload.variant)} {size_text(unit.workload.input_shape)}"
    threads = f"{unit.threads} thread{'s' * (unit.threads > 1)}"
    where = f"{row.title if row else unit.runtime} on {unit.device}"
    words = [name, where, f"batch {unit.batch}", threads, unit.dtype, unit.layout, settings_text(unit)]
    return ", ".join(filter(None, words))


def checks(profile: Profile) -> list[str]:
    """The sum beside the end-to-end time, what the profiler cost, which pieces ran where and what is not mapped."""
    lines = [_sum_line(profile), _cost_line(profile), _places_line(profile)]
    return [*lines, *_unmapped_lines(profile), *_verdict_lines(profile), *_notes(profile)]


def difference(profile: Profile) -> float:
    """The sum over all layers against a call without the profiler, relative: 0 where they agree."""
    return profile.total.centre / profile.plain.centre - 1


def _sum_line(profile: Profile) -> str:
    total, plain = bounds(profile.total, unit=MILLI), bounds(profile.plain, unit=MILLI)
    workers = f"{len(profile.workers)} worker{'s' * (len(profile.workers) > 1)}"
    gap = f"{difference(profile):+.1%}"
    return f"sum of the layers {total} ms, the whole without the profiler {plain} ms: {gap}, {workers}"


def _cost_line(profile: Profile) -> str:
    slower = profile.profiled.centre / profile.plain.centre - 1
    taken = f", {significant(profile.taken_out_s, MILLI)} ms of it taken out of the layers evenly" * bool(
        profile.taken_out_s
    )
    return f"with the profiler {bounds(profile.profiled, unit=MILLI)} ms: {slower:+.1%}{taken}"


def _places_line(profile: Profile) -> str:
    pieces = len(profile.workers[0].pieces)
    places = ", ".join(f"{count}/{pieces} on {place}" for place, count in profile.places.most_common())
    asleep = profile.workers[0].asleep
    return f"executed: {places}" + (f"; {asleep} more operations cost nothing to run" if asleep else "")


def _unmapped_lines(profile: Profile) -> list[str]:
    found = profile.unmapped
    if found is None:
        return []
    kinds = dict.fromkeys(each.piece.kind for each in profile.owned if each.piece and each.kind == found.kind)
    many, share = f"{found.pieces} piece{'s' * (found.pieces > 1)}", about_percent(found.share)
    return [f"unmapped: {many}, {share} of the time: {', '.join(list(kinds)[:MOST_KINDS])}"]


def _verdict_lines(profile: Profile) -> list[str]:
    """Medians of the parts are deaf to what disturbs the whole now and then: the sum stays below it."""
    verdict = profile.row.verdict
    return [f"verdict: {verdict}; {DISTURBED}"] if verdict in ("throttled", "contended") else []


def _notes(profile: Profile) -> list[str]:
    notes = dict.fromkeys(note for worker in profile.workers for note in worker.notes)
    return [*notes, *([] if profile.ceilings else [NO_CEILINGS])]
