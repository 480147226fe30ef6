"""What nobody would wait for and no device holds: refused before it is made."""

from bench.errors import UsageError

MOST_UNITS = 100_000  # two days and more; a plan's file of a hundred megabytes
MOST_ELEMENTS = 2**38  # of one tensor: a TiB of float32


def check_number(units: int) -> None:
    """UsageError for a plan that nobody would wait for; asked before its units are made."""
    if units > MOST_UNITS:
        raise UsageError(
            f"expected a run of at most {MOST_UNITS} units, got {units}; give shorter lists or fewer rounds"
        )


def check_elements(what: str, count: int) -> None:
    """UsageError for a tensor that no device holds."""
    if count > MOST_ELEMENTS:
        raise UsageError(f"expected {what} of at most {MOST_ELEMENTS} elements, got {count}; no device holds as many")
