"""How fast a device could execute pieces at best, and what holds them back."""

from collections.abc import Sequence

from bench.records.ceilings import Ceilings
from reports.layers.owned import Owned
from reports.limits import Limit, NoLimitError, limit_s


def least_s(owned: Sequence[Owned], ceilings: Ceilings | None, batch: int) -> tuple[float | None, str]:
    """The sum over pieces of the seconds that each takes at least, and by what most of them are bound.

    None where the ceilings are not known or something is not counted. Nothing is taken for an empty call: of one
    layer among many that is not known.
    """
    seconds: dict[str, float] = {}
    for each in owned:
        if ceilings is None or (limit := _limit(each, ceilings, batch)) is None:
            return None, ""
        seconds[limit.bound] = seconds.get(limit.bound, 0.0) + limit.seconds
    total = sum(seconds.values())
    return total, max(seconds, key=lambda bound: seconds[bound]) if total else ""


def _limit(each: Owned, ceilings: Ceilings, batch: int) -> Limit | None:
    macs = [part.macs for part in each.counted]
    moved = each.piece.bytes_moved if each.piece else 0
    if None in macs or moved is None:
        return None
    multiplied = sum(filter(None, macs)) * batch if each.piece else 0
    try:
        return limit_s(ceilings, macs=multiplied, bytes_ideal=moved)
    except NoLimitError:
        return None
