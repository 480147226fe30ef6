"""A monitor of the machine, and what it saw while one unit was sampled."""

from typing import NamedTuple, Protocol

from bench.measuring.sampler import Monitor
from bench.records import Disturbances
from bench.verdicts import Verdict


class Ending(NamedTuple):
    """The evidence, the verdicts it gives, and notes that give none."""

    disturbances: Disturbances
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()


class Watch(Monitor, Protocol):
    """A monitor that can be asked what it saw."""

    def finish(self) -> Ending:
        """The evidence since `start`, the verdicts it gives, and notes that give none."""
