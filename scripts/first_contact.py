"""How long a device over SSH takes from `--device` to its first unit, on a real sshd on loopback; twice.

    python scripts/first_contact.py

The clock runs from the start of contact to the moment a worker there begins its first unit, which is just before the
runtime is imported. The second contact finds code and files on the device. Also prints what the host process uses.
"""

import sys
import tempfile
import time
from pathlib import Path

import psutil

from bench.cache.store import default_cache
from bench.host.campaign import Campaign
from bench.journal import Journal
from bench.link.choice import transport_for
from bench.plan.axes import Axes, cells
from bench.plan.subjects import TABLE1_SIZES, OperatorGrid, operator_workloads
from bench.records.artifact import Artifact
from bench.records.device import Device
from bench.records.pair import PairRecord
from bench.records.record import Record
from bench.records.workload import Unit

ROUNDS = 3


class FirstUnit:
    """Notes when the first unit began."""

    def __init__(self) -> None:
        self.began_at = 0.0

    def exporting(self, units: object) -> None:
        """Not timed: artifacts are taken as cached."""

    def exported(self, unit: Unit, artifact: Artifact) -> None:
        """Not timed."""

    def began(self, unit: Unit) -> None:
        self.began_at = self.began_at or time.monotonic()

    def ended(self, record: Record | PairRecord) -> None:
        """Not timed."""

    def said(self, machine: str, text: str) -> None:
        print(f"{machine}: {text}")


def main() -> int:
    """Contact the device three times: the first one makes what is cached later."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from tests.sshd import Sshd  # not installed: it is the tests' own server

    with tempfile.TemporaryDirectory() as scratch:
        server = Sshd(Path(scratch) / "sshd", environment=f"BENCH_CACHE={scratch}/device")
        try:
            for number in range(ROUNDS):
                seconds = _contact(server.device(), Path(scratch) / f"run{number}")
                what = "code sent, artifacts made" if number == 0 else "all there already"
                print(f"contact {number + 1} ({what}): {seconds:.2f} s to the first unit")
        finally:
            server.close()
    usage = psutil.Process()
    print(f"host process: {usage.memory_info().rss / 1e6:.0f} MB resident")
    return 0


def _contact(device: Device, folder: Path) -> float:
    observer = FirstUnit()
    started = time.monotonic()
    campaign = Campaign([device], transport_for, default_cache(), observer)
    try:
        campaign.connect()
        grid = OperatorGrid(operators=("pwconv",), sizes=TABLE1_SIZES[-1:])
        table = cells(operator_workloads(grid), Axes(rounds=1), device, ("eager",))
        plan = campaign.plan("ops", (), (), table, (), 0)
        with Journal.create(folder, plan) as journal:
            campaign.run(journal, plan.units, (), 0)
    finally:
        campaign.close()
    return observer.began_at - started


if __name__ == "__main__":
    sys.exit(main())
