"""Numbers as people read them: three significant digits, the unit in the heading."""

import math

from bench.statistics import Interval

MILLI, GIGA, MEGA = 1e-3, 1e9, 1e6


def significant(value: float | None, unit: float = 1, digits: int = 3) -> str:
    """The value in `unit`, rounded to `digits` significant digits; scientific only below 1e-6."""
    if value is None:
        return ""
    scaled = value / unit
    if scaled == 0 or not math.isfinite(scaled):
        return f"{scaled:.0f}"
    # Rounded first: 9.996 is 10.0, one decimal fewer than its own magnitude asks for.
    rounded = float(f"{scaled:.{digits - 1}e}")
    magnitude = math.floor(math.log10(abs(rounded)))
    if magnitude < -6:
        return f"{rounded:.{digits - 1}e}"
    return f"{rounded:.{max(0, digits - 1 - magnitude)}f}"


def percent(share: float) -> str:
    """`5%`, `0.25%`: a share as it was given."""
    return f"{100 * share:.4g}%"


def about_percent(share: float) -> str:
    """`2.1%`: a share that was measured, to two digits."""
    return f"{significant(100 * share, digits=2)}%"


def centre(interval: Interval | None) -> float | None:
    """The estimate itself; None where nothing was measured."""
    return None if interval is None else interval.centre


def low(interval: Interval | None) -> float | None:
    """The lower bound; None where none is claimed."""
    return None if interval is None else interval.low


def high(interval: Interval | None) -> float | None:
    """The upper bound; None where none is claimed."""
    return None if interval is None else interval.high


def plus_minus(interval: Interval | None) -> str:
    """Half the interval relative to its centre, `±2.3%`; as a factor, `×/÷4.1`, where it is above 50%.

    Empty where no interval is claimed. Intervals come from logarithms: a wide one is lopsided, and only the
    factor says truly how far it reaches on both sides.
    """
    half = None if interval is None else interval.half_width
    if interval is None or half is None or interval.low is None or interval.high is None:
        return ""
    if half > 0.5 and interval.low > 0:
        return f"×/÷{significant(math.sqrt(interval.high / interval.low), digits=2)}"
    return f"±{significant(100 * half, digits=2)}%"


def bounds(interval: Interval | None, digits: int = 3, unit: float = 1) -> str:
    """`2.61 [2.50, 2.73]`, the bounds left out where none are claimed."""
    if interval is None:
        return ""
    middle = significant(interval.centre, unit, digits)
    if interval.low is None or interval.high is None:
        return middle
    ends = [significant(end, unit, digits) for end in (interval.low, interval.high)]
    return f"{middle} [{', '.join(ends)}]"
