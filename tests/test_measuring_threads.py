"""Which threads worked, and on which CPUs they might: real threads of a real process."""

import os
import threading
import time

import pytest

from bench.worker.measuring.threads import ThreadsError, ThreadWatch, check_cpus, check_priority, threads_note

ALL = frozenset(os.sched_getaffinity(0))
two_cpus = pytest.mark.skipif(len(ALL) < 2, reason="needs two CPUs")


def busy(stop: threading.Event) -> None:
    while not stop.is_set():
        sum(range(1000))


def test_a_thread_that_sleeps_did_not_work() -> None:
    stop, told = threading.Event(), threading.Event()
    numbers: list[int] = []

    def work() -> None:
        numbers.append(threading.get_native_id())
        told.set()
        busy(stop)

    sleeper = threading.Thread(target=stop.wait)
    threads = [threading.Thread(target=work), sleeper]
    watch = ThreadWatch()
    for each in threads:
        each.start()
    told.wait()
    watch.start()
    time.sleep(0.5)
    worked = watch.worked()
    stop.set()
    for each in threads:
        each.join()
    assert numbers[0] in worked
    assert not {sleeper.native_id, threading.get_native_id()} & {*worked}


@two_cpus
def test_a_thread_that_may_leave_its_cpus_is_an_error() -> None:
    own, one = threading.get_native_id(), frozenset({min(ALL)})
    check_cpus((own,), 1, ALL)
    with pytest.raises(ThreadsError, match=r"put the threads on CPUs \[\d+\], they could run on \[.*leave it alone"):
        check_cpus((own,), 1, one)


@two_cpus
def test_threads_that_are_bound_to_one_cpu_between_them_are_an_error() -> None:
    own = threading.get_native_id()
    other: list[int] = []
    ready, stop = threading.Event(), threading.Event()

    def bound() -> None:
        other.append(threading.get_native_id())
        os.sched_setaffinity(0, {min(ALL)})
        ready.set()
        stop.wait()

    thread = threading.Thread(target=bound)
    thread.start()
    ready.wait()
    try:
        check_cpus((own, other[0]), 2, ALL)  # this one is free to go elsewhere
        os.sched_setaffinity(0, {min(ALL)})
        with pytest.raises(ThreadsError, match=r"2 threads worked on CPUs \[\d+\] alone"):
            check_cpus((own, other[0]), 2, ALL)
    finally:
        os.sched_setaffinity(0, ALL)
        stop.set()
        thread.join()


def test_a_thread_that_has_ended_is_no_error() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    number = thread.native_id
    thread.join()
    assert number is not None
    check_cpus((number,), 1, ALL)


def test_only_another_number_of_threads_is_told() -> None:
    assert threads_note((7, 8), 2) == threads_note((), 1) == ()
    assert threads_note((7,), 2) == ("1 thread worked, 2 were asked for",)
    assert threads_note((7, 8), 1) == ("2 threads worked, 1 was asked for",)


def test_a_thread_of_another_priority_than_asked_for_is_an_error() -> None:
    own = (threading.get_native_id(),)
    check_priority(own, realtime=False)
    check_priority((*own, 2**22), realtime=False)  # one that has ended says nothing
    with pytest.raises(ThreadsError, match="expected 1 threads of realtime priority to work, 1 of them had another"):
        check_priority(own, realtime=True)
