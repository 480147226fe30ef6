"""Where the difference of two networks' times comes from: by kind of layer, and by stage."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bench.records.workload import Unit
from reports.layers.profile import Profile, Slice


@dataclass(frozen=True, kw_only=True)
class Line:
    """A kind's or a stage's seconds in one call of either; `share` is its part of the whole difference."""

    by: str  # "kind", "stage" or "all"
    name: str
    first_s: float
    second_s: float
    share: float | None = None

    @property
    def difference_s(self) -> float:
        """How much longer the second takes."""
        return self.second_s - self.first_s


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two networks under the same settings."""

    first: Profile
    second: Profile

    @property
    def title(self) -> str:
        """`mobilevit_xxs takes 1.7 times as long as fasternet_t0, onnxruntime on cpu`."""
        first, second = self.first.unit, self.second.unit
        times = self.second.total.centre / self.first.total.centre
        return (
            f"{second.workload.name} takes {times:.3g} times as long as {first.workload.name}, {first.runtime} on"
            f" {first.device}: where the difference comes from"
        )

    @property
    def lines(self) -> tuple[Line, ...]:
        """All together, then each kind, the largest difference first, then each stage, the finest first."""
        whole = Line(by="all", name="", first_s=self.first.total.centre, second_s=self.second.total.centre)
        kinds = sorted(_lines("kind", self.first.kinds, self.second.kinds), key=lambda line: -abs(line.difference_s))
        stages = sorted(_lines("stage", self.first.stages, self.second.stages), key=_fineness)
        gap = whole.difference_s
        return tuple(replace(line, share=line.difference_s / gap if gap else None) for line in (whole, *kinds, *stages))


def differences(profiles: Sequence[Profile]) -> tuple[Difference, ...]:
    """Each two networks that follow each other under one setting; none where a run has one network."""
    alike: dict[Unit, list[Profile]] = {}
    for profile in profiles:
        key = replace(profile.unit, workload=profiles[0].unit.workload)
        alike.setdefault(key, []).append(profile)
    return tuple(Difference(first=a, second=b) for own in alike.values() for a, b in pairwise(own))


def _fineness(line: Line) -> float:
    """Pixels of the image for one of the map; what comes after the last map at the end."""
    _, _, pixels = line.name.partition("/")
    return float(pixels) if pixels else math.inf


def _lines(by: str, first: Iterable[Slice], second: Iterable[Slice]) -> list[Line]:
    times = [{each.name: each.seconds for each in slices if each.pieces} for slices in (first, second)]
    names = dict.fromkeys([*times[0], *times[1]])
    return [Line(by=by, name=name, first_s=times[0].get(name, 0.0), second_s=times[1].get(name, 0.0)) for name in names]
