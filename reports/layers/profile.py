"""A network's time by layer and by kind of layer, over the workers that took it."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean, median

from bench.records.ceilings import Ceilings
from bench.records.layers import Layers
from bench.records.record import latest
from bench.records.run import Run
from bench.records.workload import Unit
from bench.statistics import Interval, log_mean_interval
from reports.layers.limits import least_s
from reports.layers.owned import UNMAPPED, Owned, owned_pieces
from reports.limits import ceilings_for
from reports.row import Row


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Some of a network's time in one call: a layer's, a kind's or a stage's.

    `macs` are per image, None where some are not counted; `bytes_moved` are per call of the whole batch, None where
    the runtime does not tell. Layers without a piece of their own (`pieces` is 0) were fused into others.
    """

    name: str
    kind: str
    stage: str
    time: Interval
    macs: int | None
    params: int
    bytes_moved: int | None
    pieces: int
    ran_on: tuple[str, ...]
    share: float  # of the sum over all layers
    limit_s: float | None = None  # seconds below which this device could not go; None where that is not known
    bound: str = ""  # by what: compute, memory

    @property
    def seconds(self) -> float:
        """Of one call."""
        return self.time.centre


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One network under its settings: its workers in the order of the rounds, and what its device can do at most."""

    row: Row  # the same workers' time by the usual protocol
    workers: tuple[Layers, ...]
    ceilings: Ceilings | None = None  # of its dtype and threads, where they were measured

    @property
    def unit(self) -> Unit:
        """What it is of."""
        return self.row.unit

    @cached_property
    def layers(self) -> tuple[Slice, ...]:
        """In the order in which they first run, then those that were fused into others."""
        return self._slices(lambda owned: owned.key)

    @cached_property
    def kinds(self) -> tuple[Slice, ...]:
        """By kind, the dearest first."""
        found = self._slices(lambda owned: ("", owned.kind))
        return tuple(sorted((replace(each, name=each.kind, stage="") for each in found), key=lambda one: -one.seconds))

    @cached_property
    def stages(self) -> tuple[Slice, ...]:
        """By the size of the maps, in the order in which they first run."""
        found = self._slices(lambda owned: owned.stage)
        return tuple(replace(each, name=each.stage, kind="") for each in found if each.pieces)

    @property
    def total(self) -> Interval:
        """Seconds of all pieces together."""
        return log_mean_interval([_total(worker) or 1e-12 for worker in self.workers])

    @property
    def plain(self) -> Interval:
        """Seconds of a call without the profiler, in the same workers."""
        return log_mean_interval([median(worker.plain_s) for worker in self.workers])

    @property
    def profiled(self) -> Interval:
        """Seconds of a call with it."""
        return log_mean_interval([median(worker.profiled_s) for worker in self.workers])

    @property
    def taken_out_s(self) -> float:
        """Seconds of a call that were taken out of its layers for the profiler's work."""
        return fmean(worker.taken_out_s for worker in self.workers)

    @property
    def unmapped(self) -> Slice | None:
        """The pieces that stand for no part; None where all do."""
        return next((each for each in self.kinds if each.kind == UNMAPPED), None)

    @property
    def places(self) -> Counter[str]:
        """How many pieces ran where."""
        return Counter(piece.ran_on for piece in self.workers[0].pieces)

    @cached_property
    def owned(self) -> tuple[Owned, ...]:
        """The pieces with the layers that they are counted for."""
        return owned_pieces(self.workers[0])

    @property
    def piece_seconds(self) -> tuple[float, ...]:
        """Of each piece in one call, the mean over workers."""
        return tuple(fmean(each) for each in zip(*map(_seconds_of_pieces, self.workers), strict=True))

    def _slices(self, key: Callable[[Owned], object]) -> tuple[Slice, ...]:
        first, whole = self.owned, self.total.centre
        grouped: dict[object, list[int]] = {}
        for index, each in enumerate(first):
            grouped.setdefault(key(each), []).append(index)
        return tuple(self._slice([first[index] for index in own], own, whole) for own in grouped.values())

    def _slice(self, owned: Sequence[Owned], indices: Sequence[int], whole: float) -> Slice:
        pieces = [each.piece for each in owned if each.piece is not None]
        time = _over_workers([_seconds(worker, indices) for worker in self.workers])
        macs = [part.macs for each in owned for part in each.counted]
        least, bound = least_s(owned, self.ceilings, self.unit.batch)
        moved = [piece.bytes_moved for piece in pieces]
        return Slice(
            name=owned[0].layer,
            kind=owned[0].kind,
            stage=owned[0].stage,
            time=time,
            macs=None if None in macs else sum(filter(None, macs)),
            params=sum(part.params for each in owned for part in each.counted),
            bytes_moved=None if None in moved else sum(filter(None, moved)),
            pieces=len(pieces),
            ran_on=tuple(dict.fromkeys(piece.ran_on for piece in pieces)),
            share=time.centre / whole,
            limit_s=least,
            bound=bound,
        )


def profiles(run: Run, table: Sequence[Row]) -> tuple[Profile, ...]:
    """One for each row of the run that any worker gave layers of, in the order of the table."""
    ended = latest(run.records)
    cells: dict[Unit, list[Layers]] = {}
    for unit in run.plan.units:
        own = cells.setdefault(replace(unit, round=0), [])
        if (record := ended.get(unit)) is not None and record.layers is not None:
            own.append(record.layers)
    found = ((row, cells[replace(row.unit, round=0)]) for row in table)
    return tuple(
        Profile(row=row, workers=_alike(workers), ceilings=_ceilings(run, row.unit))
        for row, workers in found
        if workers
    )


def _ceilings(run: Run, unit: Unit) -> Ceilings | None:
    return ceilings_for(run.device(unit.device).ceilings, unit.dtype, unit.threads)


def _alike(workers: Sequence[Layers]) -> tuple[Layers, ...]:
    """Those that executed what the first one did: another graph has no layers to be averaged with.

    What a runtime puts in by itself it may call otherwise in each process.
    """
    return tuple(worker for worker in workers if _executed(worker) == _executed(workers[0]))


def _executed(worker: Layers) -> list[tuple[str, tuple[str, ...]]]:
    return [(piece.kind, piece.parts) for piece in worker.pieces]


def _seconds_of_pieces(worker: Layers) -> list[float]:
    return [piece.seconds for piece in worker.pieces]


def _seconds(worker: Layers, indices: Iterable[int]) -> float:
    return sum(worker.pieces[index].seconds for index in indices if index < len(worker.pieces))


def _total(worker: Layers) -> float:
    return sum(piece.seconds for piece in worker.pieces)


def _over_workers(seconds: Sequence[float]) -> Interval:
    """Student's t on the logarithms; what took no time in a worker has no logarithm, and no interval."""
    if min(seconds) <= 0:
        return Interval(centre=fmean(seconds))
    return log_mean_interval(seconds)
