"""The real clock, hurried: for tests that look at what a measurement holds besides its times."""

import time

_TIMES = 10


class FastClock:
    """Ten times as fast, so that warming up and sampling take a tenth."""

    def now_ns(self) -> int:
        return _TIMES * time.perf_counter_ns()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / _TIMES)
