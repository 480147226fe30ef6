"""Whether a device can run as many threads as are asked for, and at that priority."""

from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.plain_text import LONGEST_MESSAGE, plain_line
from bench.system.priority import crowded

if TYPE_CHECKING:
    from bench.records.environment import Environment


def check_capacity(device: str, found: "Environment", threads: int, *, realtime: bool) -> None:
    """UsageError where it cannot."""
    cpus = len(found.allowed_cpus)
    if threads > cpus:
        raise UsageError(
            f"expected at most {cpus} threads on {device} "
            f"(the CPUs this process may use there), got {threads}; give fewer --threads"
        )
    leaves = found.realtime_leaves_time
    if realtime and (problem := found.realtime_refused or crowded(threads, cpus, leaves=leaves)):
        raise UsageError(f"{device}: {plain_line(problem, LONGEST_MESSAGE)}")
