"""Counts and accuracies of a run beside those that are known here: of operators by formula, of networks as printed."""

from collections.abc import Iterator
from functools import cache, lru_cache

from bench.errors import UsageError
from bench.plan.subjects import operator_cost_of
from bench.records.measurement import Cost
from bench.records.run import Plan
from bench.records.workload import Unit, Workload
from reports.ledger.printed_table import PrintedNetwork, PrintedTable
from reports.ledger.read_accuracy import parse_accuracies
from reports.ledger.read_table import parse_table
from reports.numbers import GIGA, MEGA, significant
from reports.paper_tables import paper, rivals

APART = 0.25  # relative, of a network's counts: what forms and ways of counting make
POINTS = 5.0  # of top-1: what other weights and images make


def wrong_counts(unit: Unit, cost: Cost) -> Iterator[str]:
    """Counts that are not those of the operator or network of that name."""
    if unit.workload.operator is not None:
        yield from _of_operator(unit, cost)
    elif (printed := _known().published(unit)) is not None:
        yield from _of_network(printed, "params", printed.params_m, MEGA, (cost.params, cost.params_unfused))
        yield from _of_network(printed, "MACs", printed.macs_g, GIGA, (cost.macs, cost.macs_unfused))


def known_macs(unit: Unit) -> float | None:
    """Of an image: an operator's by its formula, a network's as printed; None where nobody says."""
    if unit.workload.operator is not None:
        known = _formula(unit.workload)
        return None if known is None else known.macs
    printed = _known().published(unit)
    return float(printed.macs_g) * GIGA if printed is not None and printed.macs_g else None


def _of_operator(unit: Unit, cost: Cost) -> Iterator[str]:
    known = _formula(unit.workload)
    if known is None:
        return
    for what, own, other in (("params", cost.params, known.params), ("MACs", cost.macs, known.macs)):
        if own != other:
            yield f"expected {other} {what} of {unit.workload.name}, as its formula has it, got {own}"


@lru_cache(maxsize=1000)
def _formula(workload: Workload) -> Cost | None:
    """None of an operator of a plug-in that is not installed here, and of one that makes no sense."""
    try:
        return operator_cost_of(workload, 1, "float32")
    except (ValueError, KeyError, ArithmeticError):
        return None


def _of_network(
    network: PrintedNetwork, what: str, printed: str, scale: float, counted: tuple[int | None, ...]
) -> Iterator[str]:
    own = [count / scale for count in counted if count]
    if printed and own and min(abs(each / float(printed) - 1) for each in own) > APART:
        letter = "M" if scale == MEGA else "G"
        told = significant(own[0])
        yield f"expected about {printed} {letter} {what} of {network.name}, as {network.source} has it, got {told}"


def wrong_accuracies(plan: Plan) -> Iterator[str]:
    """Accuracies that the run brings along and that contradict the printed ones, or that cannot be read."""
    try:
        yield from _printed_ones(plan)
    except UsageError as error:
        yield str(error)
    for each in plan.accuracies:
        known = _known().by_key.get((each.network, each.input_shape[1:]))
        if known is not None and known.top1_percent is not None and 100 * each.low > known.top1_percent + POINTS:
            yield _contradiction(each.network, known, f"{100 * each.top1:.1f}% of {each.images} images")


def _printed_ones(plan: Plan) -> Iterator[str]:
    tables = [parse_table(plan.ledger, "plan.ledger")] if plan.ledger else []
    if plan.accuracy:
        tables.append(parse_accuracies(plan.accuracy, "plan.accuracy").table(plan.units))
    for network in (network for table in tables for network in table.networks):
        known = _known().by_key.get(network.key)
        if known is None or known.top1_percent is None or network.top1_percent is None:
            continue
        if abs(network.top1_percent - known.top1_percent) > POINTS:
            yield _contradiction(network.name, known, f"{network.top1_percent:g}%")


def _contradiction(name: str, known: PrintedNetwork, own: str) -> str:
    return f"expected a top-1 of about {known.top1_percent:g}% of {name}, as {known.source} has it, got {own}"


@cache
def _known() -> PrintedTable:
    return paper().extended(rivals())
