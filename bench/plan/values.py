"""Numbers as they are written on a command line: each with a limit, which is looked at before the number is made."""

import re
from fractions import Fraction

from models.registry import Pixels

LARGEST = 1_000_000  # of the numbers that are asked for; a device would refuse them long before
LARGEST_SEED = 2**63 - 1
LARGEST_PX = 32_768  # an image of 12 GiB
_RATIO = re.compile(r"[0-9]{1,9}/0{0,8}[1-9][0-9]{0,8}|(?=\.?[0-9])[0-9]{0,9}\.?[0-9]{0,9}([eE]-?[0-9])?")


def shown(text: str) -> str:
    """What was written, cut to what an error can hold."""
    return repr(text if len(text) <= 40 else f"{text[:36]}...")


def whole(text: str, least: int, most: int) -> int:
    """A whole number between the two."""
    # Its length first: Python reads no number of more than 4300 digits, and slowly those below.
    if re.fullmatch("[0-9]{1,19}", text) and least <= int(text) <= most:
        return int(text)
    raise ValueError(f"expected a whole number of at least {least} and at most {most}, got {shown(text)}")


def positive(text: str) -> int:
    """A whole number of at least 1, of a list."""
    return whole(text, 1, LARGEST)


def size(text: str) -> tuple[int, int, int]:
    """CxHxW, as in 96x56x56."""
    parts = text.lower().split("x")
    try:
        channels, height, width = (positive(part) for part in parts)
    except ValueError:
        raise ValueError(
            f"expected a size CxHxW of positive numbers, such as 96x56x56, each at most {LARGEST}, got {shown(text)}"
        ) from None
    return channels, height, width


def pixels(text: str) -> Pixels:
    """The side of a square image, as in 224, or HxW, as in 800x1280."""
    try:
        sides = tuple(whole(part, 1, LARGEST_PX) for part in text.lower().split("x"))
        (height, width) = sides if len(sides) > 1 else sides * 2
    except ValueError:
        raise ValueError(
            f"expected an input of N or HxW pixels, such as 224 or 800x1280, each at most {LARGEST_PX}, "
            f"got {shown(text)}"
        ) from None
    return height if len(sides) == 1 else (height, width)


def ratio(text: str) -> Fraction:
    """A fraction over 0 and up to 1, as in 1/4 or 0.25."""
    # A Fraction of 1e-99999999 would be a number of as many digits.
    if not _RATIO.fullmatch(text):
        raise ValueError(f"expected a ratio such as 1/4, got {shown(text)}")
    value = Fraction(text)
    if not 0 < value <= 1:
        raise ValueError(f"expected a ratio over 0 and up to 1, got {text!r}")
    return value
