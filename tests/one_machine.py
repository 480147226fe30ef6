"""A run of one machine, as far as the host goes: its folder, and what became of each unit."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

from bench.cache.store import Store
from bench.errors import BenchError
from bench.host.machine import Machine
from bench.host.patience import Patience
from bench.host.work import Work
from bench.journal import Journal, read_run
from bench.records.artifact import Artifact
from bench.records.device import Device
from bench.records.pair import Pair
from bench.records.record import Record
from bench.records.workload import Unit
from bench.wire.order import Job
from tests.fake_device import FakeDevice, Line, Notes, begin, done, ended
from tests.made_up import plan, unit

UNITS = (unit("conv"), unit("gconv"), unit("pconv"))
QUICK = Patience(reconnect_s=(0.0, 0.0, 0.0))
DONE = ("done", "", 1)


class Bench:
    """One machine's run in a folder."""

    def __init__(self, folder: Path, artifact: Callable[[Unit], Artifact] = lambda _: Artifact()) -> None:
        self.folder, self.notes, self._artifact = folder, Notes(), artifact

    def run(
        self, device: FakeDevice, units: tuple[Unit, ...] = UNITS, pairs: tuple[Pair, ...] = ()
    ) -> BenchError | None:
        with Journal.create(self.folder / "run", plan(*units)) as journal:
            machine, work = self.work(device, journal)
            lost = work.run(units, pairs)
        machine.close()
        assert device.closed == device.connected
        return lost

    def work(self, device: FakeDevice, journal: Journal, stop: Event | None = None) -> tuple[Machine, Work]:
        """The device's work in that journal, its machine connected."""
        stop = stop or Event()
        machine = Machine((Device(name="cpu"),), device, "run-1", QUICK, self.notes, stop)
        machine.connect()
        machine.identify()
        return machine, Work("cpu", machine, self._artifact, Store(self.folder), journal, self.notes, stop)

    def written(self) -> Counter[str]:
        """How many records each unit has in the file."""
        lines = (self.folder / "run/records.jsonl").read_text().splitlines()
        events = map(json.loads, lines)
        return Counter(event["body"]["unit"]["workload"]["name"] for event in events if event["type"] == "record")

    def ends(self) -> dict[str, tuple[str, str, int]]:
        found = read_run(self.folder / "run").records
        return {end.unit.workload.name: (end.status, end.reason_kind, end.attempt) for end in found}

    def record(self, of: Unit) -> Record:
        (found,) = [end for end in read_run(self.folder / "run").records if end.unit == of]
        return found


def failing(victim: Unit, end: Line, times: int = 99) -> FakeDevice:
    """A device whose worker comes to that end whenever it begins the victim, at most so often."""
    left = [times]

    def script(job: Job) -> Iterator[Line]:
        for order in job.task.orders:
            yield begin(order.unit, order.attempt)
            if order.unit == victim and left[0]:
                left[0] -= 1
                yield end
                return
            yield done(order.unit, order.attempt)
        yield ended()

    return FakeDevice(script)
