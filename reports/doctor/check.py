"""One check of a device: what was found, whether that is good, and the advice where it is not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bench.host.doctor import Examination
from bench.records.health import GpuTuning, Health

State = Literal["good", "warning", "wrong"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row; `found` and `advice` may hold a device's own words (not escaped)."""

    name: str
    found: str
    state: State
    advice: str = ""  # empty where it is good


@dataclass(frozen=True, kw_only=True)
class Check:
    """`found` is empty where the machine does not tell: no row."""

    name: str
    found: Callable[[Examination], str]
    state: Callable[[Examination], State]
    advice: str

    def finding(self, examined: Examination) -> Finding | None:
        """The row that it makes."""
        if not (found := self.found(examined)):
            return None
        state = self.state(examined)
        return Finding(name=self.name, found=found, state=state, advice="" if state == "good" else self.advice)


def of_health(
    name: str,
    show: Callable[[Health], str],
    good: Callable[[Health], bool],
    advice: str,
    wrong: Callable[[Health], bool] = lambda _: False,
) -> Check:
    """A check of what the device says of its health; neither good nor wrong is a warning."""

    def state(examined: Examination) -> State:
        health = examined.health
        return "good" if health is None or good(health) else "wrong" if wrong(health) else "warning"

    return Check(name=name, found=lambda e: show(e.health) if e.health else "", state=state, advice=advice)


def _gpus(show: Callable[[GpuTuning], str]) -> Callable[[Health], str]:
    return lambda health: "; ".join(filter(None, map(show, health.gpus)))


def of_gpus(
    name: str,
    show: Callable[[GpuTuning], str],
    good: Callable[[GpuTuning], bool],
    advice: str,
    wrong: Callable[[GpuTuning], bool] = lambda _: False,
) -> Check:
    row = of_health(name, _gpus(show), lambda h: all(map(good, h.gpus)), advice, lambda h: any(map(wrong, h.gpus)))
    return Check(
        name=name, found=lambda e: row.found(e) if e.device.accelerator else "", state=row.state, advice=advice
    )
