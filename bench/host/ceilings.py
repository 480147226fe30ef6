"""A device's ceilings: from the cache, or measured there in visits of one worker each, part by part in turn."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from bench.errors import LinkLostError, ProtocolError, StoppedError
from bench.host.machine import Machine
from bench.host.observer import Observer
from bench.host.peak_cache import PeakCache
from bench.journal import DeviceEvent, Journal
from bench.plain_text import plain_line
from bench.plan.runtimes import find_runtime, runtimes
from bench.records.ceilings import Ceilings, Gemm, Unmeasured, merged
from bench.records.device import Device
from bench.records.environment import Environment
from bench.records.record import utc_now
from bench.records.workload import Unit
from bench.wire.messages import Body, Fatal
from bench.wire.order import Task, Visit

VISITS = 6  # the fewest from which a median has an interval
MAX_AGE_S = 30 * 86_400.0  # after which a run measures them again
KEPT_SHAPES = 3  # of each runtime and dtype, the fastest of the first visit: the others cannot become the best
_SEED = 0

Said = Callable[[str], None]


def measured(
    machine: Machine, device: Device, dtype: str, threads: int, said: Said, *, realtime: bool = False
) -> Ceilings:
    """Visit every part of a connected device in turn; StoppedError where the run was ended meanwhile.

    `said` is told how far it is. A part that ends without an answer is left out from then on, with its reason.
    """
    parts, lacking = parts_of(machine.environments[device.name], device, dtype)
    first = Visit(part="memory", dtype=dtype, accelerator=device.accelerator, realtime=realtime)
    draw, visits, kept = random.Random(_SEED), list[Ceilings](), dict[str, Visit]()
    for number in range(VISITS):
        said(f"measuring the ceilings of {dtype} on {threads} thread{'s' * (threads > 1)}, visit {number + 1}/{VISITS}")
        for part in draw.sample(parts, len(parts)):
            visit = kept.get(part, replace(first, part=part))
            answer, why = machine.ask(Task(kind="peak", visit=visit), threads)
            if machine.stopped:
                raise StoppedError
            if (found := _checked(answer, visit, threads)) is None:
                parts.remove(part)
                lacking.append(Unmeasured(part=part, reason=_why(answer, why)))
                continue
            visits.append(found)
            kept[part] = replace(visit, shapes=_fastest(found.gemms))
    empty = Ceilings(dtype=dtype, threads=threads, accelerator=device.accelerator)
    return merged(visits or [empty], utc_now(), lacking)


def parts_of(environment: Environment, device: Device, dtype: str) -> tuple[list[str], list[Unmeasured]]:
    """What can be measured there, and why the rest cannot."""
    parts, lacking = list[str](), list[Unmeasured]()
    for part, package in _packages(device, dtype).items():
        row = find_runtime(part)
        why = "" if environment.runtime(package) else f"{package} is not installed there"
        if reason := why or (row.lacks.get(dtype, "") if row else ""):
            lacking.append(Unmeasured(part=part, reason=reason))
        else:
            parts.append(part)
    return parts, lacking


def _packages(device: Device, dtype: str) -> Mapping[str, str]:
    """The parts of such a device with the package that each needs; numpy's BLAS multiplies float32 alone."""
    if device.accelerator:
        return {"cuda": "torch"}
    blas = {"numpy": "numpy"} if dtype == "float32" else {}
    return {"memory": "numpy", **blas, **{row.name: row.package for row in runtimes().values() if row.ceilings}}


def _checked(answer: Body | None, visit: Visit, threads: int) -> Ceilings | None:
    """What was asked for; ProtocolError where a device speaks of something else."""
    if not isinstance(answer, Ceilings):
        return None
    if (answer.dtype, answer.threads, answer.accelerator) != (visit.dtype, threads, visit.accelerator):
        raise ProtocolError("expected the ceilings of what was asked for, got those of another dtype or thread count")
    return answer


def _why(answer: Body | None, why: str) -> str:
    return plain_line(answer.reason if isinstance(answer, Fatal) else why)


def _fastest(gemms: Sequence[Gemm]) -> tuple[tuple[int, int, int], ...]:
    ranked: dict[str, list[Gemm]] = {}
    for each in sorted(gemms, key=lambda each: each.speed.centre, reverse=True):
        ranked.setdefault(each.dtype, []).append(each)
    return tuple(dict.fromkeys(each.shape for own in ranked.values() for each in own[:KEPT_SHAPES]))


@dataclass(frozen=True, kw_only=True)
class CeilingSource:
    """Where a run has the ceilings of its devices from.

    known: what its journal has already, by device.
    max_age_s: of what the cache has; older ones are measured again.
    measure: whether those that are missing are measured; else their rows have no limit.
    """

    cache: PeakCache
    max_age_s: float
    measure: bool = True
    known: Mapping[str, tuple[Ceilings, ...]] = field(default_factory=dict)

    def write(self, machine: Machine, units: Sequence[Unit], journal: Journal, observer: Observer) -> None:
        """Those of a machine's devices into the journal, as far as it lacks them; none once the run was ended.

        A link that breaks meanwhile is built again, and its rows have no limit; DeviceError where it cannot be.
        """
        for device in (each for each in machine.devices if each.name in machine.environments):
            mine = [unit for unit in units if unit.device == device.name]
            known = self.known.get(device.name, ())
            try:
                found = self._of(machine, device, mine, partial(observer.said, device.name))
            except StoppedError:
                return
            except LinkLostError as error:
                if (problem := machine.recover(error)) is not None:
                    raise problem from None
                continue
            if found:
                journal.append(DeviceEvent(device=device.name, ceilings=(*known, *found)))

    def _of(self, machine: Machine, device: Device, units: Sequence[Unit], said: Said) -> tuple[Ceilings, ...]:
        """Those of each dtype and thread count of the units that the journal lacks."""
        has = {(each.dtype, each.threads) for each in self.known.get(device.name, ())}
        wanted = dict.fromkeys((unit.dtype, unit.threads) for unit in units)
        realtime = any(unit.settings.realtime for unit in units)
        found = [self._one(machine, device, *each, said, realtime=realtime) for each in wanted if each not in has]
        return tuple(each for each in found if each is not None)

    def _one(
        self, machine: Machine, device: Device, dtype: str, threads: int, said: Said, *, realtime: bool
    ) -> Ceilings | None:
        mark = machine.environments[device.name].fingerprint
        kept = self.cache.get(mark, dtype, threads, self.max_age_s)
        if kept is not None or not self.measure:
            return kept
        many = "s" * (threads > 1)
        said(f"measuring its ceilings of {dtype} on {threads} thread{many}, once; --no-limit leaves it out")
        found = measured(machine, device, dtype, threads, lambda _: None, realtime=realtime)
        keep(self.cache, mark, found, said)
        return found


def keep(cache: PeakCache, fingerprint: str, found: Ceilings, said: Said) -> None:
    """Into the cache, where anything was measured; a full disk costs no more than that."""
    try:
        if found.gemms or found.bandwidths:
            cache.put(fingerprint, found)
    except OSError as error:
        said(f"its ceilings cannot be kept: {error.strerror}; set BENCH_CACHE to a folder that can be written")
