"""Checks that several constructors share: each returns the accepted value or raises a ValueError."""

from collections.abc import Iterable
from difflib import get_close_matches
from fractions import Fraction


def positive_int(name: str, value: object) -> int:
    # bool is an int to Python; a kernel of True is a mistake to everyone else.
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"expected {name} to be a positive integer, got {value!r}; give 1 or more")
    return value


def seed_int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"expected seed to be an integer of 0 or more, got {value!r}; give e.g. 0")
    return value


def one_of(name: str, value: object, allowed: Iterable[str]) -> str:
    known = list(allowed)
    if isinstance(value, str) and value in known:
        return value
    near = get_close_matches(str(value), known, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else "choose one of them"
    raise ValueError(f"expected {name} to be one of {', '.join(known)}, got {value!r}; {remedy}")


def same_padding(kernel: int, dilation: int) -> int:
    """Zeros added on each side so that stride 1 keeps the size."""
    positive_int("kernel", kernel)
    positive_int("dilation", dilation)
    if kernel % 2 == 0:
        raise ValueError(
            f"expected an odd kernel, got {kernel}: an even one has no centre, so no equal padding on both "
            f"sides keeps the size; use {kernel - 1 or 1} or {kernel + 1}"
        )
    return dilation * (kernel - 1) // 2


def divided_groups(channels: int, groups: int) -> int:
    positive_int("groups", groups)
    if channels % groups:
        raise ValueError(
            f"expected channels divisible by groups, got {channels} channels in {groups} groups; "
            f"choose groups among the divisors of {channels}"
        )
    return groups


def partial_channels(channels: int, ratio: object) -> int:
    """c_p = r c, the channels a partial convolution touches (section 3.3)."""
    positive_int("channels", channels)
    if not isinstance(ratio, Fraction) or not 0 < ratio <= 1:
        raise ValueError(
            f"expected ratio to be a Fraction above 0 and at most 1, got {ratio!r}; give e.g. Fraction(1, 4)"
        )
    partial = ratio * channels
    if partial.denominator != 1:
        raise ValueError(
            f"expected ratio times channels to be a whole number of channels, got {ratio} x {channels} = "
            f"{partial}; use channels divisible by {ratio.denominator} or another ratio"
        )
    return int(partial)
