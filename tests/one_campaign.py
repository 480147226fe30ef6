"""A whole run on scripted devices, and how its units ended."""

from collections.abc import Iterator
from pathlib import Path

from bench.errors import BenchError
from bench.host.campaign import Campaign
from bench.host.patience import Patience
from bench.journal import Journal, read_run
from bench.records.artifact import Artifact
from bench.records.device import Device, SshTarget
from bench.records.run import Run
from bench.records.workload import Unit
from bench.wire.messages import Said
from bench.wire.order import Job
from tests.fake_device import FakeDevice, Line, Notes, all_well, begin, ended

CPU = Device(name="cpu")
BOARD = Device(name="board", ssh=SshTarget(destination="pi@board"))
QUICK = Patience(reconnect_s=(0.0,))


def exports(job: Job) -> Iterator[Line]:
    """What an export worker says; measuring goes well."""
    if job.task.kind != "export":
        yield from all_well(job)
        return
    for order in job.task.orders:
        yield begin(order.unit)
        yield Said(body=Artifact(seconds=0.1), unit=order.unit.id, attempt=1)
    yield ended()


def run(
    folder: Path,
    devices: dict[Device, FakeDevice],
    units: tuple[Unit, ...],
    host: FakeDevice | None = None,
    cache: Path | None = None,
) -> tuple[Run, list[BenchError]]:
    """Plan and run; `host` exports where no device is this machine."""

    def transport(device: Device) -> FakeDevice:
        for known, fake in devices.items():
            if known.machine == device.machine:
                return fake
        assert host is not None
        return host

    campaign = Campaign(list(devices), transport, cache or folder / "cache", Notes(), QUICK)
    try:
        campaign.connect()
        plan = campaign.plan("ops", (), (), units, (), seed=0)
        with Journal.create(folder / "run", plan) as journal:
            problems = campaign.run(journal, plan.units, plan.pairs, plan.seed)
    finally:
        campaign.close()
    return read_run(folder / "run"), problems


def statuses(found: Run) -> dict[str, set[str]]:
    said: dict[str, set[str]] = {}
    for record in found.records:
        said.setdefault(record.unit.device, set()).add(record.status)
    return said
