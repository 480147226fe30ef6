"""The parts of units and records that the lines of a run repeat."""

import contextlib
import marshal

from bench.records.measurement import Cost
from bench.records.origin import Origin
from bench.records.workload import Settings, Workload
from bench.wire.decode import decode


class SharedParts:
    """The parts of a long run, made once and then held by all."""

    def __init__(self) -> None:
        self._made: dict[tuple[type, bytes], object] = {}

    def unit(self, value: object) -> None:
        """Put the parts into a unit's JSON; what is wrong there stays, for the decoder to name."""
        self._part(value, "workload", Workload)
        self._part(value, "settings", Settings)
        self._part(value, "origin", Origin)

    def record(self, value: object) -> None:
        """The same for a record."""
        self._part(value, "cost", Cost)
        if isinstance(value, dict):
            self.unit(value.get("unit"))

    def _part(self, holder: object, name: str, cls: type) -> None:
        if isinstance(holder, dict) and isinstance(part := holder.get(name), dict):
            with contextlib.suppress(ValueError):
                key = (cls, marshal.dumps(part, 2))  # unlike equality it tells 1 from True and 1.0
                if key not in self._made:
                    self._made[key] = decode(cls, part)
                holder[name] = self._made[key]
