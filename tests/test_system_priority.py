"""Real-time priority: taken and read back by real processes, refused where it may not be or would starve the others."""

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.system.priority import crowded, leaves_time, refusal, stand_above
from tests.bench_process import ROOT

_PR_CAPBSET_DROP, _CAP_SYS_NICE = 24, 23
allowed = pytest.mark.skipif(bool(refusal()), reason=f"needs real-time priority: {refusal()}")


def without_the_right() -> None:
    """Take the right to real-time priority from the program that is about to start."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_SYS_NICE, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_RTPRIO, (0, resource.getrlimit(resource.RLIMIT_RTPRIO)[1]))


def above_others() -> None:
    stand_above(realtime=True)
    without_the_right()


def with_two_seconds() -> None:
    resource.setrlimit(resource.RLIMIT_RTTIME, (1_000_000, 2_000_000))


def printed(program: str, before: Callable[[], None] | None = None) -> str:
    """What a Python of its own prints, its rights changed by `before`."""
    done = subprocess.run(
        [sys.executable, "-c", f"import os\nfrom bench.system.priority import *\n{program}"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60, preexec_fn=before,
    )  # fmt: skip
    return done.stdout.strip()


@allowed
def test_threads_that_start_later_run_at_real_time_too() -> None:
    said = printed(
        "import threading\nbefore = is_realtime()\ntake(realtime=True)\n"
        "thread = threading.Thread(target=lambda: print(before, is_realtime(), os.sched_getparam(0).sched_priority))\n"
        "thread.start(); thread.join()"
    )
    assert said == "False True 10"


@allowed
def test_a_priority_that_was_inherited_is_given_up_for_a_normal_one() -> None:
    said = printed(
        "os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(3))\ntake(realtime=False)\n"
        "print(os.sched_getscheduler(0) == os.SCHED_OTHER)"
    )
    assert said == "True"


def test_who_may_not_is_told_what_to_do() -> None:
    said = printed("print(refusal())", without_the_right)
    assert said.startswith("its user may not run at real-time priority (Operation not permitted); let its user have it")
    assert "\n" not in said


def test_a_limit_on_real_time_would_end_a_worker() -> None:
    assert "after 2 s without a pause (RLIMIT_RTTIME)" in printed("print(refusal())", with_two_seconds)


@allowed
def test_an_agent_steps_down_again_without_a_privilege() -> None:
    said = printed("stand_above(realtime=False)\nprint(os.sched_getparam(0).sched_priority)", above_others)
    assert said == "0"


@allowed
def test_trying_leaves_the_process_as_it_was() -> None:
    assert printed("print(repr(refusal()), os.sched_getscheduler(0) == os.SCHED_OTHER)") == "'' True"


@pytest.mark.parametrize(
    ("used", "period", "leaves"),
    [("950000", "1000000", True), ("-1", "1000000", False), ("1000000", "1000000", False), ("", "", False)],
)
def test_the_kernel_keeps_a_part_back_or_not(used: str, period: str, leaves: bool, tmp_path: Path) -> None:
    folder = tmp_path / "proc/sys/kernel"
    folder.mkdir(parents=True)
    (folder / "sched_rt_runtime_us").write_text(used + "\n")
    (folder / "sched_rt_period_us").write_text(period + "\n")
    assert leaves_time(tmp_path) is leaves


def test_without_a_part_kept_back_one_cpu_must_be_spared() -> None:
    assert crowded(4, 4, leaves=True) == ""
    assert crowded(3, 4, leaves=False) == ""
    assert "1 real-time thread would take every CPU" in crowded(1, 1, leaves=False)
    assert "4 real-time threads would take every CPU for good: give fewer" in crowded(4, 4, leaves=False)


@allowed
def test_a_process_asks_about_its_own_cpus() -> None:
    program = (
        "globals()['leaves_time'] = lambda: False\nimport bench.system.priority as p\np.leaves_time = lambda: False"
    )
    cpus = len(os.sched_getaffinity(0))
    assert printed(f"{program}\nprint(bool(p.obstacle({cpus})), bool(p.obstacle({cpus - 1})))") == "True False"
