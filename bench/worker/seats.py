"""Where a workload's memory lies, drawn anew inside one process (measurement.md rule 12).

What is left between two processes that run the same code is mostly where their memory lies (Mytkowicz et al., ASPLOS
2009; Curtsinger & Berger, ASPLOS 2013). A process that sits on many seats in turn shows their mean.
"""

import random

import numpy as np
import numpy.typing as npt

from bench.worker.runtimes.loaded import Loaded

MOST_PADS = 16
LARGEST_PAD = 1 << 20  # bytes
SETTLING_CALLS = 3  # on a new seat, untimed: the first ones touch its pages and fill the caches


class Seats:
    """A loaded workload on the seat that it has now."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self._pads: list[npt.NDArray[np.uint8]] = []

    def change(self, draw: random.Random) -> None:
        """Set the workload up anew behind pads of random number and size, and call it until it has settled.

        Where its runtime cannot do that, it stays.
        """
        if self.loaded.anew is None:
            return
        # New pads before the old ones go: what is freed would be handed out again.
        sizes = [draw.randrange(1, LARGEST_PAD) for _ in range(draw.randrange(MOST_PADS + 1))]
        self._pads = [np.empty(size, dtype=np.uint8) for size in sizes]
        self.loaded = self.loaded.anew()
        for _ in range(SETTLING_CALLS):
            if self.loaded.restore is not None:
                self.loaded.restore()
            self.loaded.step()
