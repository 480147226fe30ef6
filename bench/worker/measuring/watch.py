"""A monitor of the machine, and what it saw while one unit was sampled."""

from typing import NamedTuple, Protocol

from bench.records.measurement import Disturbances
from bench.records.verdict import Verdict
from bench.worker.measuring.sampler import Monitor


class Ending(NamedTuple):
    """The evidence, the verdicts it gives, and notes that give none."""

    disturbances: Disturbances
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()


class Reading(NamedTuple):
    """What the last look at the machine found; None where it does not tell."""

    frequency_hz: float | None = None
    temperature_c: float | None = None


class Watch(Monitor, Protocol):
    """A monitor that can be asked what it saw."""

    @property
    def last(self) -> Reading:
        """What `keeps_group` has just read."""

    def finish(self) -> Ending:
        """The evidence since `start`, the verdicts it gives, and notes that give none."""
