"""Everything that is known of one row, in groups of lines."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from bench.errors import UsageError
from bench.plan.side_text import row_command, side_text
from bench.records.record import Record
from bench.records.run import Run
from reports.environment_text import device_title, surroundings
from reports.numbers import GIGA, MEGA, MILLI, bounds, significant
from reports.results import Results
from reports.row import Row
from reports.tables.noise_floor import noise_lines
from reports.verdicts import told

MOST_NAMED = 12  # rows that an error lists


@dataclass(frozen=True, kw_only=True)
class Group:
    """Lines of one kind, each a name and what is said of it. Nothing is escaped."""

    title: str
    lines: tuple[tuple[str, str], ...]


def found_row(results: Results, text: str, device: str = "") -> Row:
    """The row that is written so, as `bench compare` writes sides, or the only one whose words begin with it.

    UsageError with those that fit where there are several, or with some of all where there is none.
    """
    rows = [row for row in results.rows if device in ("", row.unit.device)]
    named = {f"{side_text(row.unit)} on {row.unit.device}": row for row in rows}
    exact = [row for row in rows if side_text(row.unit) == text]
    fits = exact or [row for row in rows if _fits(row, text)]
    if len(fits) == 1:
        return fits[0]
    listed = [name for name, row in named.items() if not fits or row in fits]
    fit = f"{len(fits)} of {len(rows)} are" if fits else f"none of {len(rows)} is"
    more = f" and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
    raise UsageError(
        f"expected one row, {fit} written {text[:80]!r}; choose from: {'; '.join(listed[:MOST_NAMED])}{more}"
    )


def _fits(row: Row, text: str) -> bool:
    subject, _, rest = side_text(row.unit).partition("@")
    asked, at, more = text.partition("@")
    words = {rest.split(",")[0], *rest.split(",")[1:]}
    return asked in (subject, row.unit.workload.name) and (not at or set(more.split(",")) <= words)


def described(results: Results, row: Row) -> Iterator[Group]:
    """What was timed, its numbers, each round with what disturbed it, the device, and how to measure it again."""
    yield from measured(results, row)
    yield about_device(results.run, row.unit.device)
    yield again(results.run, row)


def measured(results: Results, row: Row) -> Iterator[Group]:
    """What was timed, its numbers, and each round with what disturbed it."""
    yield Group(title="what", lines=tuple(_what(results, row)))
    yield Group(title="numbers", lines=tuple(_numbers(row)))
    for record in records_of(results, row):
        yield Group(title=f"round {record.unit.round + 1}", lines=tuple(_round(record)))


def records_of(results: Results, row: Row) -> Iterator[Record]:
    """Those of the row's rounds that have ended, in their order."""
    units = (replace(row.unit, round=number) for number in range(results.rounds))
    return (results.ended[unit] for unit in units if unit in results.ended)


def about_device(run: Run, device: str) -> Group:
    """All that was found on it, its noise floor, and what limits it."""
    lines = [("device", device_title(run, device))]
    state = run.device(device)
    if state.environment is not None:
        shown = {name: value for name, value in asdict(state.environment).items() if value not in (None, "", (), [])}
        lines += [(name, plain_value(value)) for name, value in shown.items()]
    floors = [line.partition(": ")[2] for line in noise_lines(run) if f"of {device}:" in line]
    lines += [("noise floor", part) for line in floors for part in line.removesuffix(".").split(". ")]
    lines += [("note", line) for line in surroundings(run) if line.startswith(f"{device}:")]
    return Group(title="device", lines=tuple(lines))


def again(run: Run, row: Row) -> Group:
    """The command of the whole run, that of this row alone, and the row as a side of `bench compare`."""
    lines = (
        ("the run", shlex.join(["bench", *run.plan.argv])),
        ("this row", shlex.join(row_command(row.unit, row.planned))),
        ("a side of bench compare", shlex.quote(side_text(row.unit))),
    )
    return Group(title="again", lines=lines)


def _what(results: Results, row: Row) -> Iterator[tuple[str, str]]:
    unit, cost = row.unit, row.cost
    yield "name", row.label
    yield "input", row.size
    for name in ("device", "runtime", "dtype", "layout", "batch", "threads", "mode", "allocator", "effort", "seed"):
        yield name, str(getattr(unit, name))
    yield from ((name, str(value)) for name, value in vars(unit.settings).items() if value)
    yield from (("switch", each) for each in unit.switches)
    yield "cell", unit.cell
    if unit.workload.model is not None and unit.workload.model.digest:
        yield "digest", unit.workload.model.digest
    if unit.workload.model is not None and (given := unit.workload.model.checkpoint).path:
        yield "checkpoint", f"{given.path}, SHA-256 {given.digest}"
    facts = results.accuracies.published(unit) if unit.workload.model is not None else None
    if facts is not None and (top1 := facts.top1_of(unit)) is not None:
        yield "top-1", f"{top1:g}% {facts.recipe}".strip() + f" ({facts.source})"
    if cost is not None:
        yield "params", f"{significant(row.params, MEGA)} M"
        yield "MACs", f"{significant(row.macs, GIGA)} G an image"
        yield from (("of these", f"{each.kind} {significant(each.macs, GIGA)} G") for each in cost.kinds)


def _numbers(row: Row) -> Iterator[tuple[str, str]]:
    if row.time is None:
        yield row.status, row.reason
        return
    yield "time of a call", f"{bounds(row.time, unit=MILLI)} ms, {row.rounds} of {row.planned} rounds"
    yield "verdict", told(row.verdict)
    yield "images/s", bounds(row.images_per_s)
    if row.macs_per_s is not None:
        yield "GMAC/s", bounds(row.macs_per_s, unit=GIGA)
    tails = {name: value for name, value in vars(row.percentiles).items() if value is not None}
    if tails:
        yield "percentiles", ", ".join(f"{name} {significant(value, MILLI)} ms" for name, value in tails.items())
    yield "samples", f"{row.samples}, each the mean of up to {row.iterations_per_sample} calls"
    if row.standing is not None:
        yield "of its limit", f"{significant(row.standing.percent_of_limit, digits=2)}%, bound by {row.standing.bound}"
    if row.delegated is not None:
        yield "delegated", f"{row.delegated[0]} of {row.delegated[1]} operations"
    for name, value in (("peak memory", row.peak_memory_bytes), ("device memory", row.device_memory_bytes)):
        if value is not None:
            yield name, f"{significant(value, MEGA)} MB"
    yield "load, first call", f"{significant(row.load_s)} s, {significant(row.first_call_s, MILLI)} ms"
    if row.max_error is not None:
        yield "largest error", f"{row.max_error:.1e} of the largest output"
    if row.isa:
        yield "instructions", row.isa
    yield from (("note", note) for note in row.notes)


def _round(record: Record) -> Iterator[tuple[str, str]]:
    found = record.measurement
    yield "began", f"{record.started_utc}, attempt {record.attempt}, {significant(record.seconds)} s in all"
    if found is None:
        yield record.status, record.reason
        return
    yield "samples", _samples([each / MILLI for each in found.samples_s])
    yield "warm-up", f"{found.warmup_iterations} calls, {'settled' if found.steady else 'never settled'}"
    yield "CPUs", ", ".join(map(str, found.cpus))
    seen = {name: value for name, value in vars(found.disturbances).items() if value not in (None, 0, False)}
    yield from ((name.replace("_", " "), plain_value(value)) for name, value in seen.items())
    if found.verdicts:
        yield "verdicts", ", ".join(map(told, found.verdicts))


def _samples(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    middle = sorted(values)[len(values) // 2]
    return f"{len(values)}: {significant(low)} to {significant(high)} ms, the middle one {significant(middle)} ms"


def plain_value(value: object) -> str:
    if isinstance(value, float):
        return significant(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{each['name']} {each['version']}" if isinstance(each, dict) else str(each) for each in value)
    return str(value)
