"""Series of sustained rows made up for tests: one window a second, at the pace that a test names."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bench.records.record import Record
from bench.records.run import Run
from bench.records.sustained import Sustained, Window
from bench.records.workload import Settings
from tests.made_up_runs import done, models_run, net

SECONDS = 100


def series(pace: Callable[[int], float], *, watts: float | None = None, idle_w: float | None = None) -> Sustained:
    """100 s in which a call takes `pace(second)`; a window is ten calls whatever they take."""
    windows = [
        Window(
            start_s=second,
            seconds=1.0,
            samples=10,
            calls=10,
            median_s=pace(second),
            p10_s=0.9 * pace(second),
            p90_s=1.1 * pace(second),
            energy_j=watts,
        )
        for second in range(SECONDS)
    ]
    if watts is None:
        return Sustained(windows=tuple(windows), no_meter="this machine shows none")
    return Sustained(windows=tuple(windows), meter="RAPL", idle_w=idle_w)


def slows(first: float, last: float, wobble: float = 0.001) -> Callable[[int], float]:
    """From one pace to another after 30 s, every second window a little slower."""
    return lambda second: (first if second < 30 else last) * (1 + wobble * (second % 2))


def sustained(name: str, *parts: Sustained) -> list[Record]:
    """A network in as many rounds as it has series."""
    records = []
    for number, part in enumerate(parts):
        unit = replace(net(name, number), settings=Settings(sustain_s=float(SECONDS)))
        record = done(unit, 1.0)
        assert record.measurement is not None
        steady = tuple(window.median_s for window in part.steady)
        measured = replace(record.measurement, samples_s=steady, sustained=part)
        records.append(replace(record, measurement=measured))
    return records


def sustained_run(*records: Sequence[Record]) -> Run:
    """Of `bench models`."""
    return models_run([record for part in records for record in part])
