"""What the GPU and its host did while a unit was sampled (rule 8): throttling discards, the rest is evidence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from bench.records.measurement import Disturbances
from bench.records.verdict import Verdict
from bench.system.power import Counter, Meter, NoMeterError, Sampled
from bench.worker.measuring.nvml import GpuState
from bench.worker.measuring.watch import Ending, Reading, Watch

# NVML's clock event reasons (nvml.h, nvmlClocksEventReason*).
POWER_CAP = 0x4
HW_SLOWDOWN, SW_THERMAL, HW_THERMAL, HW_POWER_BRAKE = 0x8, 0x20, 0x40, 0x80
DISCARD_REASONS = HW_SLOWDOWN | SW_THERMAL | HW_THERMAL | HW_POWER_BRAKE
SM_CLOCK_LIMIT = 0.75  # of the default clock, as nvbench has it


class Gpu(Protocol):
    """What can be asked for a GPU's state between groups of samples."""

    def read(self) -> GpuState:
        """One reading."""

    def energy_j(self) -> float | None:
        """Joules since the driver was loaded; None where this GPU does not count them."""


class GpuMonitor:
    """A GPU and the CPU that feeds it. Without `gpu`, `unwatched` says why nothing is known of its clocks."""

    def __init__(
        self, host: Watch, gpu: Gpu | None, *, default_sm_clock_mhz: float | None = None, unwatched: str = ""
    ) -> None:
        self._host, self._gpu, self._default, self._unwatched = host, gpu, default_sm_clock_mhz, unwatched
        self._forget()

    def start(self) -> None:
        """Forget what was seen."""
        self._host.start()
        self._forget()

    def _forget(self) -> None:
        self._reasons: int | None = None
        self._ratio: float | None = None
        self._slow = False
        self._power: float | None = None
        self._temperature: float | None = None
        self.last = Reading()

    def keeps_group(self) -> bool:
        """Read both once; False where the GPU was slowed down just now by heat or by its power supply."""
        keeps = self._host.keeps_group()
        if self._gpu is None:
            self.last = self._host.last
            return keeps
        state = self._gpu.read()
        self.last = Reading(None if state.sm_clock_mhz is None else state.sm_clock_mhz * 1e6, state.temperature_c)
        if state.clock_reasons is not None:
            self._reasons = (self._reasons or 0) | state.clock_reasons
            keeps = keeps and not state.clock_reasons & DISCARD_REASONS
        if state.sm_clock_mhz and self._default:
            ratio = state.sm_clock_mhz / self._default
            self._ratio = ratio if self._ratio is None else min(self._ratio, ratio)
            # What was slow in a group that is thrown away says nothing of those that are kept.
            self._slow = self._slow or (keeps and ratio < SM_CLOCK_LIMIT)
        self._power = _most(self._power, state.power_w)
        self._temperature = _most(self._temperature, state.temperature_c)
        return keeps

    def meter(self, now_ns: Callable[[], int]) -> Meter:
        """What counts the GPU's energy, that of its whole board; NoMeterError where nothing does."""
        gpu = self._gpu
        if gpu is None:
            raise NoMeterError(self._unwatched)
        if gpu.energy_j() is not None:
            return Counter(name="NVML", joules=gpu.energy_j)
        if gpu.read().power_w is None:
            raise NoMeterError("this GPU tells NVML neither its energy nor its power")
        return Sampled("NVML", lambda: gpu.read().power_w, now_ns)

    def finish(self) -> Ending:
        """The evidence since `start`, the verdicts it gives, and notes that give none."""
        found, verdicts, notes = self._host.finish()
        temperature = found.temperature_c if self._temperature is None else self._temperature
        found = replace(
            found,
            clock_reasons=self._reasons,
            sm_clock_ratio=self._ratio,
            power_w=self._power,
            temperature_c=temperature,
        )
        kept: list[Verdict] = [verdict for verdict in verdicts if verdict != "throttled"]
        if self._slow:
            kept.append("throttled")
        return Ending(found, tuple(kept), (*notes, *self._notes(verdicts, found)))

    def _notes(self, host_verdicts: tuple[Verdict, ...], found: Disturbances) -> list[str]:
        notes = []
        # A CPU under its highest clock launches kernels later; it is not the GPU that was throttled.
        if "throttled" in host_verdicts:
            low = "" if found.frequency_ratio is None else f" (at {found.frequency_ratio:.0%} of its highest clock)"
            notes.append(f"the CPU that feeds the GPU was slowed down{low}")
        if self._gpu is None:
            notes.append(f"GPU clocks were not watched: {self._unwatched}")
        elif self._reasons is None:
            notes.append("GPU clocks were not watched: this GPU does not tell why they change")
        elif self._reasons & POWER_CAP:
            notes.append("the power limit held the GPU's clocks down (software power cap)")
        return notes


def _most(before: float | None, now: float | None) -> float | None:
    if before is None or now is None:
        return now if before is None else before
    return max(before, now)
