"""A plan in words, before any of it is measured."""

import math
from collections.abc import Sequence
from dataclasses import replace

import click

from bench.cli.progress import ConsoleObserver, time_text
from bench.cli.request import Request
from bench.host.budget import FEWEST_ROUNDS
from bench.host.enough import Enough
from bench.plan.estimate import expected_pair_s, expected_s
from bench.plan.schedule import shares_worker
from bench.records.pair import Pair
from bench.records.workload import Unit, size_text
from reports.rows import settings_text


def show_plan(table: Sequence[Unit], pairs: Sequence[Pair], *, rounds: int, enough: Enough) -> None:
    for unit in table:
        click.echo(_in_words(unit))
    if not table:
        for first, second in dict.fromkeys((replace(p.first, round=0), replace(p.second, round=0)) for p in pairs):
            click.echo(f"{_in_words(first)} against {_in_words(second)}")
    sure = [pair for pair in pairs if not pair.again]
    seconds = rounds * sum(expected_s(unit, shared=shares_worker(unit)) for unit in table)
    seconds = min(seconds + sum(map(expected_pair_s, sure)), enough.left_s if pairs else math.inf)
    what = [f"{len(table)} rows x {rounds} round{'s' * (rounds > 1)} = {len(table) * rounds} units"] if table else []
    what += [_pairs_in_words(len(sure), len(pairs) - len(sure), enough)] if pairs else []
    about = "at most" if _is_open(enough) else "about"
    click.echo(f"{', '.join(what) or 'nothing'}; {about} {time_text(seconds)} on this machine, exports apart")


def _pairs_in_words(sure: int, again: int, enough: Enough) -> str:
    most = "up to " if _is_open(enough) else ""
    more = f" and up to {again} more of what comes out slower" if again else ""
    return f"{most}{sure} pair{'s' * (sure != 1)}{more}"


def _is_open(enough: Enough) -> bool:
    """Whether an interval or a time decides how many pairs there are."""
    return enough.until is not None or enough.budget_s is not None


def _in_words(unit: Unit) -> str:
    size = size_text(unit.workload.input_shape)
    parts = (unit.device, unit.runtime, unit.workload.name, unit.workload.variant, size)
    return (
        " ".join(filter(None, parts))
        + f" batch {unit.batch}, {unit.threads} thread{'s' * (unit.threads > 1)}, {unit.dtype}, {unit.layout}"
        + f", {unit.allocator} memory"
        + (f", {switches}" if (switches := settings_text(unit)) else "")
        + (f", {unit.origin.words}" if unit.origin.words else "")
    )


def tell_budget(request: Request, table: Sequence[Unit], observer: ConsoleObserver) -> None:
    """What the time is good for, as far as guesses go."""
    if request.enough.rows is None:
        return
    by_device: dict[str, float] = {}
    for unit in table:
        by_device[unit.device] = by_device.get(unit.device, 0.0) + expected_s(unit, shared=shares_worker(unit))
    rounds = request.enough.rows.left_s / max(by_device.values(), default=1.0)
    few = f"; a row needs {FEWEST_ROUNDS}, give more time or fewer rows" if rounds < FEWEST_ROUNDS else ""
    observer.line(
        f"budget: {time_text(request.enough.rows.left_s)} left, about {rounds:.1f} rounds of {len(table)} rows{few}"
    )
