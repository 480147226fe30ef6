"""What the machine did while a unit was sampled: read between groups of samples, kept as evidence (rule 8)."""

import resource
from pathlib import Path

from bench.records.measurement import Disturbances
from bench.records.verdict import Verdict
from bench.system.files import number_of, text_of
from bench.system.quota import CpuQuota, Throttling
from bench.system.sensors import temperature_c, throttle_reader
from bench.worker.measuring.clock import Clock
from bench.worker.measuring.watch import Ending, Reading

STEAL_LIMIT_PERCENT = 1.0
QUOTA_LIMIT = 0.01  # of the time, that the process's control group was stopped
SWITCHES_LIMIT_PER_S = 50.0
FREQUENCY_LIMIT = 0.90
# vcgencmd get_throttled: bits 0 (under-voltage), 1 (clock capped), 2 (throttled) and 3 (soft limit) are live;
# 16-19 say the same of any moment since boot.
LIVE_BITS = 0xF
DISCARD_BITS = 0x5
STICKY_BITS = 0xF0000


class CpuMonitor:
    """Steal, involuntary switches, clock, temperature and a Raspberry Pi's throttle flags, for the CPUs given."""

    def __init__(self, cpus: tuple[int, ...], clock: Clock, root: Path = Path("/")) -> None:
        self._cpus, self._clock, self._root = cpus, clock, root
        self._read_throttle = throttle_reader(root)
        self._quota = CpuQuota(root)
        self.start()

    def start(self) -> None:
        """Forget what was seen and take the counters' present values."""
        self._started_ns = self._clock.now_ns()
        self._steal, self._jiffies = self._cpu_times()
        self._switches = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
        self._stopped = self._quota.throttling()
        self._swapped = self._swap_ins()
        self._frequency_ratio: float | None = None
        self._temperature: float | None = None
        self._sticky = (self._read_throttle() or 0) & STICKY_BITS
        self._flags: int | None = None
        self.last = Reading()

    def keeps_group(self) -> bool:
        """Read clock, temperature and flags; False where the board was throttled or under-powered just now."""
        slowest = None
        for cpu in self._cpus:
            folder = self._root / f"sys/devices/system/cpu/cpu{cpu}/cpufreq"
            now, most = number_of(folder / "scaling_cur_freq"), number_of(folder / "cpuinfo_max_freq")
            if now and most:
                slowest = min(slowest or now, now)
                self._frequency_ratio = min(self._frequency_ratio or 2.0, now / most)
        temperature = temperature_c(self._root)
        self.last = Reading(None if slowest is None else slowest * 1e3, temperature)
        if temperature is not None:
            self._temperature = max(self._temperature or temperature, temperature)
        flags = self._read_throttle()
        if flags is None:
            return True
        live = flags & LIVE_BITS
        self._flags = (self._flags or 0) | live | (flags & STICKY_BITS & ~self._sticky)
        return not live & DISCARD_BITS

    def finish(self) -> Ending:
        """The evidence since `start`, the verdicts it gives, and notes that give none."""
        seconds = max((self._clock.now_ns() - self._started_ns) / 1e9, 1e-9)
        steal, jiffies = self._cpu_times()
        stolen, passed = steal - self._steal, max(jiffies - self._jiffies, 1)
        switches = (resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - self._switches) / seconds
        swapped = self._swap_ins() - self._swapped
        stopped = self._stopped_since()
        governor = self._governor()
        found = Disturbances(
            steal_percent=100 * stolen / passed,
            involuntary_switches_per_s=switches,
            frequency_ratio=self._frequency_ratio,
            governor=governor,
            swapped_in_pages=swapped,
            temperature_c=self._temperature,
            throttle_flags=self._flags,
            throttled_periods=None if stopped is None else stopped.periods,
            throttled_s=None if stopped is None else stopped.seconds,
        )
        verdicts: list[Verdict] = []
        slow = self._frequency_ratio is not None and self._frequency_ratio < FREQUENCY_LIMIT
        over_quota = stopped is not None and stopped.seconds > QUOTA_LIMIT * seconds
        if slow or self._flags or over_quota:
            verdicts.append("throttled")
        # The kernel counts steal in ticks of 10 ms: a single tick in a short unit is rounding, not evidence.
        if (stolen > 1 and 100 * stolen / passed > STEAL_LIMIT_PERCENT) or switches > SWITCHES_LIMIT_PER_S:
            verdicts.append("contended")
        notes = [f"governor {governor}"] if governor not in (None, "performance") else []
        notes += [f"{swapped} pages swapped in"] if swapped else []
        if over_quota and stopped is not None:
            notes.append(
                f"stopped for {stopped.seconds:.1f} of {seconds:.1f} s: its CPU quota of {self._quota.cpus() or 0:.3g}"
                " was used up; give the container whole CPUs (--cpuset-cpus) instead of a share of their time"
            )
        return Ending(found, tuple(verdicts), tuple(notes))

    def _stopped_since(self) -> Throttling | None:
        now = self._quota.throttling()
        return None if now is None or self._stopped is None else now.since(self._stopped)

    def _cpu_times(self) -> tuple[int, int]:
        """Ticks stolen and ticks passed, summed over the CPUs."""
        stolen = passed = 0
        wanted = {f"cpu{cpu}" for cpu in self._cpus}
        for line in text_of(self._root / "proc/stat").splitlines():
            name, *ticks = line.split()
            if name in wanted and len(ticks) >= 8:
                stolen += int(ticks[7])
                passed += sum(map(int, ticks[:8]))
        return stolen, passed

    def _swap_ins(self) -> int:
        for line in text_of(self._root / "proc/vmstat").splitlines():
            if line.startswith("pswpin "):
                return int(line.split()[1])
        return 0

    def _governor(self) -> str | None:
        found = {
            text_of(self._root / f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor") for cpu in self._cpus
        }
        return ",".join(sorted(filter(None, found))) or None
