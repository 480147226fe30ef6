"""What a device says of its own health is bounded before anything is made of it."""

import pytest

from bench.records.base import Base
from bench.records.health import Load, ProcessUse


@pytest.mark.parametrize(
    ("others", "steal", "process", "seconds"),
    [(-1.0, 0.0, 0.0, 1.0), (0.0, 1e300, 0.0, 1.0), (0.0, 0.0, 1e9, 1.0), (0.0, 0.0, 0.0, 0.0)],
)
def test_a_load_out_of_all_proportion_is_refused(others: float, steal: float, process: float, seconds: float) -> None:
    with pytest.raises(ValueError, match="expected a load of some seconds"):
        Load(
            seconds=seconds,
            others_percent=others,
            steal_percent=steal,
            processes=(ProcessUse(name="x", percent=process),),
        )


def test_no_number_of_files_is_below_zero() -> None:
    with pytest.raises(ValueError, match="expected numbers of files, got -1 and 0"):
        Base(ref="main", commit="a" * 40, head="b" * 40, changed=-1)
