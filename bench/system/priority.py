"""The kernel's real-time priority for workers: who may have it, when it is safe, how it is taken and read back.

A SCHED_FIFO thread runs until it sleeps; no thread of normal priority takes its CPU from it (sched(7)).
"""

import os
import resource
from pathlib import Path

from bench.system.files import number_of

PRIORITIES = ("normal", "realtime")  # the first one is the default
LEVEL = 10  # of SCHED_FIFO's 1 to 99, as in `chrt -f 10`
_ABOVE = LEVEL + 1
_REMEDY = (
    f"let its user have it (`ulimit -r {_ABOVE}`, or `USER - rtprio {_ABOVE}` in /etc/security/limits.conf and a new"
    " login), give a container the capability SYS_NICE and its control group, where it has one, a cpu.rt_runtime_us,"
    " or measure with --priority normal"
)


def refusal() -> str:
    """Why this user's processes may not run at real-time priority, in a line; empty where they may.

    It is tried for a moment: limits, capabilities and control groups decide together.
    """
    limit = resource.getrlimit(resource.RLIMIT_RTTIME)[1]
    if limit != resource.RLIM_INFINITY:
        return (
            f"the kernel ends a real-time process after {limit / 1e6:g} s without a pause (RLIMIT_RTTIME);"
            " raise it with `ulimit -R unlimited`, or measure with --priority normal"
        )
    policy, level = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_ABOVE))
    except OSError as error:
        return f"its user may not run at real-time priority ({os.strerror(error.errno or 0)}); {_REMEDY}"
    os.sched_setscheduler(0, policy, level)
    return ""


def leaves_time(root: Path = Path("/")) -> bool:
    """Whether the kernel gives other processes a part of a CPU on which a real-time one never sleeps.

    Linux keeps back a twentieth unless `kernel.sched_rt_runtime_us` says otherwise.
    """
    used, period = (number_of(root / f"proc/sys/kernel/sched_rt_{name}_us") for name in ("runtime", "period"))
    return used is not None and period is not None and 0 <= used < period


def crowded(threads: int, cpus: int, *, leaves: bool) -> str:
    """Why so many real-time threads would leave the device's other processes no CPU, in a line; empty where not.

    Without a CPU of their own or a part of all, no heartbeat, deadline or Ctrl-C would ever end a worker.
    """
    if leaves or threads < cpus:
        return ""
    return (
        f"{threads} real-time thread{'s' * (threads > 1)} would take every CPU for good: give fewer --threads than"
        f" its {cpus} CPUs, or `sysctl kernel.sched_rt_runtime_us=950000` on it"
    )


def obstacle(threads: int) -> str:
    """Why this process may not start so many real-time threads, in a line; empty where it may."""
    return refusal() or crowded(threads, len(os.sched_getaffinity(0)), leaves=leaves_time())


def take(*, realtime: bool) -> None:
    """Run this thread, and those it starts from now on, at that priority; PermissionError where it may not.

    RuntimeError where it does not read back. A real-time priority that was inherited is given up for a normal one.
    """
    if realtime:
        hard = resource.getrlimit(resource.RLIMIT_RTTIME)[1]
        resource.setrlimit(resource.RLIMIT_RTTIME, (hard, hard))  # at the soft limit a signal would come
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(LEVEL))
    elif os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    if is_realtime() is not realtime:
        raise RuntimeError(f"set real-time priority to {realtime}, it reads {is_realtime()}")


def stand_above(*, realtime: bool) -> None:
    """Put this process, which mostly sleeps, above real-time workers while there are any; its children are normal.

    What the kernel keeps back for all others may be too little for a heartbeat on a busy machine.
    """
    policy, level = (os.SCHED_FIFO, _ABOVE) if realtime else (os.SCHED_OTHER, 0)
    # Once set, only a privileged process may drop the flag: it stays, and does no more than it says.
    os.sched_setscheduler(0, policy | os.SCHED_RESET_ON_FORK, os.sched_param(level))


def is_realtime(thread: int = 0) -> bool:
    """Whether the thread (0: this one) runs as `take` puts it; ProcessLookupError where it has ended."""
    # A policy may carry a flag about children, which says nothing of the thread itself.
    policy = os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK
    return policy == os.SCHED_FIFO and os.sched_getparam(thread).sched_priority == LEVEL
