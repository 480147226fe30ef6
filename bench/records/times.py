"""What a time in a record may be."""

from collections.abc import Iterable


def are_times(seconds: Iterable[float]) -> bool:
    """Whether each may be the time of a step: over a picosecond, under twelve days.

    What a device sends is data: anything else would overflow where ratios and intervals are made of it.
    """
    return all(1e-12 <= each <= 1e6 for each in seconds)
