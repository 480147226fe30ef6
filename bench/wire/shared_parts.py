"""The parts of units and records that the lines of a run repeat."""

import hashlib
import marshal
from dataclasses import replace
from typing import Any

from bench.records.calibration import Calibration
from bench.records.measurement import Cost
from bench.records.origin import Origin
from bench.records.workload import Settings, Unit, Workload
from bench.wire.decode import decode

_OF_A_UNIT = (("workload", Workload), ("settings", Settings), ("calibration", Calibration), ("origin", Origin))


class SharedParts:
    """The parts of a long run, made once and then held by all."""

    def __init__(self) -> None:
        self._made: dict[tuple[type, bytes], Any] = {}
        self._rounds: dict[tuple[int, int], Unit] = {}  # by the id of their cell, which `_made` holds

    def unit(self, value: Any) -> Any:
        """The unit of that JSON; where something is wrong the JSON itself, for the decoder to name what."""
        number = value.get("round") if isinstance(value, dict) else None
        if type(number) is not int or number < 0:
            return value
        cell = self._one(value | {"round": 0}, Unit)  # checked once for all its rounds
        if not isinstance(cell, Unit):
            return value
        key = (id(cell), number)
        if key not in self._rounds:
            self._rounds[key] = replace(cell, round=number)
        return self._rounds[key]

    def record(self, value: Any) -> None:
        """Put the parts into a record's JSON."""
        if isinstance(value, dict):
            if "unit" in value:
                value["unit"] = self.unit(value["unit"])
            self._put(value, (("cost", Cost),))

    def _put(self, holder: dict[str, Any], parts: tuple[tuple[str, type], ...]) -> None:
        for name, cls in parts:
            if name in holder:
                holder[name] = self._one(holder[name], cls)

    def _one(self, part: Any, cls: type) -> Any:
        if not isinstance(part, dict):
            return part
        try:
            # The bytes tell 1 from True and 1.0, unlike equality; their hash is kept, since a unit's are many.
            key = (cls, hashlib.blake2b(marshal.dumps(part, 2), digest_size=16).digest())
            if key not in self._made:
                if cls is Unit:
                    self._put(part, _OF_A_UNIT)
                self._made[key] = decode(cls, part)
            return self._made[key]
        except ValueError:
            return part
