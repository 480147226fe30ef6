"""What a device cannot run is one line, and what it can is none."""

from dataclasses import replace

import pytest

from bench.cli.capacity import check_capacity
from bench.errors import UsageError
from tests.made_up import environment

TWO = replace(environment(), allowed_cpus=(0, 1), realtime_refused="", realtime_leaves_time=False)


def test_as_many_threads_as_cpus_and_no_more() -> None:
    check_capacity("board", TWO, 2, realtime=False)
    with pytest.raises(UsageError, match=r"at most 2 threads on board .* got 3; give fewer --threads"):
        check_capacity("board", TWO, 3, realtime=False)


def test_real_time_threads_leave_a_cpu_where_the_kernel_does_not() -> None:
    check_capacity("board", TWO, 1, realtime=True)
    check_capacity("board", replace(TWO, realtime_leaves_time=True), 2, realtime=True)
    with pytest.raises(UsageError, match="board: 2 real-time threads would take every CPU"):
        check_capacity("board", TWO, 2, realtime=True)


def test_a_device_that_refuses_the_priority_says_why_in_one_line() -> None:
    refusing = replace(TWO, realtime_refused="no\nrights\x1b[31m")
    check_capacity("board", refusing, 1, realtime=False)
    with pytest.raises(UsageError, match=r"^board: no rights") as raised:
        check_capacity("board", refusing, 1, realtime=True)
    assert "\x1b" not in str(raised.value)
