"""A value of several rows, made round by round: what slows a whole round cancels in a ratio."""

from collections.abc import Callable, Mapping, Sequence


def over_rounds(
    numbers: Sequence[Mapping[int, float]], combine: Callable[[Sequence[float]], float]
) -> tuple[float, ...]:
    """`combine` of the rows' numbers, each given by round, in each round that all of them have; empty without one."""
    shared = sorted(set.intersection(*(set(own) for own in numbers))) if numbers else []
    return tuple(combine([own[each] for own in numbers]) for each in shared)
