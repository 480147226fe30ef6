"""A whole run on devices that follow a script: exports first, machines side by side, one disk for all."""

import errno
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from bench.cache.clean import CacheBusyError, empty_cache
from bench.cache.files_lock import files_in_use
from bench.devices.check import check
from bench.errors import BenchError, DeviceError, LinkLostError, ProtocolError, StoppedError, StorageError, UsageError
from bench.host.artifacts import ArtifactCache
from bench.host.campaign import Campaign
from bench.host.patience import Patience
from bench.journal import Journal, read_run
from bench.link.connection import Connection, Stopped, Transport, never
from bench.records.artifact import Artifact
from bench.records.device import Device, SshTarget
from bench.records.environment import Environment
from bench.records.run import Run
from bench.records.workload import Unit
from bench.wire.lease import Lease
from bench.wire.message import Message
from bench.wire.messages import Body, Said, understood
from bench.wire.order import Job
from tests.bench_process import wait_until
from tests.fake_device import FakeDevice, Line, Notes, all_well, begin, ended
from tests.made_up import unit

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


def test_exports_come_first_and_once(tmp_path: Path) -> None:
    device = FakeDevice(exports)
    units = tuple(unit(round_number=number) for number in range(2))
    found, problems = run(tmp_path, {CPU: device}, units)
    assert problems == []
    assert statuses(found) == {"cpu": {"done"}}
    assert [(job.task.kind, len(job.task.orders)) for job in device.jobs] == [
        ("export", 1),
        ("measure", 1),
        ("measure", 1),
    ]
    # A second run finds them in the cache.
    again = FakeDevice(exports)
    (tmp_path / "run").rename(tmp_path / "first")
    run(tmp_path, {CPU: again}, units)
    assert [job.task.kind for job in again.jobs] == ["measure", "measure"]


def test_a_link_that_breaks_while_exporting_loses_and_fails_nothing(tmp_path: Path) -> None:
    """The units' own fault it is not: --resume must run them."""

    def script(job: Job) -> list[Line]:
        return [LinkLostError("the agent was killed")]

    found, problems = run(tmp_path, {CPU: FakeDevice(script)}, (unit(),))
    assert [type(problem) for problem in problems] == [LinkLostError]
    assert [(record.status, record.reason_kind) for record in found.records] == [("lost", "offline")]


def test_a_link_that_breaks_once_while_exporting_is_made_again(tmp_path: Path) -> None:
    left = [1]

    def script(job: Job) -> Iterator[Line]:
        if job.task.kind == "export" and left[0]:
            left[0] -= 1
            yield LinkLostError("the agent was killed")
        yield from exports(job)

    found, problems = run(tmp_path, {CPU: FakeDevice(script)}, (unit(),))
    assert problems == []
    assert statuses(found) == {"cpu": {"done"}}


class Idle(FakeDevice):
    """A device that notices when it is listened to though nothing was asked; its link may break then."""

    def __init__(self, *, breaks: bool = False) -> None:
        super().__init__(exports)
        self.listened, self._breaks = threading.Event(), breaks

    def receive(self, timeout_s: float) -> Said | None:
        if not self._said:
            self.listened.set()
            if self._breaks:
                self._breaks = False
                raise LinkLostError("board: nothing was heard")
        return super().receive(timeout_s)


class Slow(FakeDevice):
    """A device that is reached only after the others were listened to."""

    def __init__(self, *others: Idle) -> None:
        super().__init__(exports)
        self._others = others
        self.in_time = True

    def connect(self, run: str, lease: Lease, stopped: Stopped = never) -> tuple[Connection, Environment, float]:
        self.in_time = all(other.listened.wait(20) for other in self._others)
        return super().connect(run, lease, stopped)


def test_a_slow_machine_does_not_let_the_others_agents_starve(tmp_path: Path) -> None:
    local = Idle()
    slow = Slow(local)
    found, problems = run(tmp_path, {CPU: local, BOARD: slow}, (unit(), unit(device="board")))
    assert slow.in_time
    assert problems == []
    assert statuses(found) == {"cpu": {"done"}, "board": {"done"}}


def test_the_exporting_host_is_kept_too_while_boards_are_reached(tmp_path: Path) -> None:
    host = Idle()
    slow = Slow(host)
    _, problems = run(tmp_path, {BOARD: slow}, (unit(device="board"),), host=host)
    assert slow.in_time
    assert problems == []


def test_while_boards_measure_the_host_is_free_and_its_files_stay(tmp_path: Path) -> None:
    """What a board will ask for may still lie in the host's cache, whose agent has left after the exports."""
    host = FakeDevice(exports)
    (tmp_path / "cache/artifacts").mkdir(parents=True)
    old = tmp_path / "cache/artifacts/0ld-code.json"

    def measures(job: Job) -> Iterator[Line]:
        wait_until(lambda: host.closed)
        old.write_text("{}")
        with files_in_use(tmp_path / "cache") as files, files.alone() as alone:
            assert not alone
        other, _ = run(tmp_path / "other", {CPU: FakeDevice(exports)}, (unit(),), cache=tmp_path / "cache")
        assert statuses(other) == {"cpu": {"done"}}
        assert old.exists(), "a second run drops nothing that the first may want"
        yield from all_well(job)

    _, problems = run(tmp_path, {BOARD: FakeDevice(measures)}, (unit(device="board"),), host=host)
    assert problems == []
    with files_in_use(tmp_path / "cache") as files, files.alone() as alone:
        assert alone
    with files_in_use(tmp_path / "cache"), pytest.raises(CacheBusyError, match="another run still sends files"):
        empty_cache(tmp_path / "cache", 0)


def test_a_stop_at_the_very_end_of_connecting_is_not_lost(tmp_path: Path) -> None:
    class Stops(FakeDevice):
        def connect(self, run: str, lease: Lease, stopped: Stopped = never) -> tuple[Connection, Environment, float]:
            campaign.stop()
            return super().connect(run, lease, stopped)

    fake = Stops()
    campaign = Campaign([CPU], lambda _: fake, tmp_path, Notes(), QUICK)
    with pytest.raises(StoppedError):
        campaign.connect()


def test_a_cache_that_is_full_ends_the_run_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ArtifactCache, "put", full)
    with pytest.raises(StorageError, match="got No space left on device; make room"):
        run(tmp_path, {CPU: FakeDevice(exports)}, (unit(),))


def test_a_link_that_breaks_while_it_waits_is_built_again(tmp_path: Path) -> None:
    board = Idle(breaks=True)
    found, problems = run(tmp_path, {CPU: Slow(board), BOARD: board}, (unit(), unit(device="board")))
    assert board.connected == 2
    assert problems == []
    assert statuses(found) == {"cpu": {"done"}, "board": {"done"}}


def test_a_machine_that_is_lost_does_not_stop_the_other(tmp_path: Path) -> None:
    lost = FakeDevice(lambda _: [DeviceError("board: on fire")])
    found, problems = run(
        tmp_path, {CPU: FakeDevice(exports), BOARD: lost}, (unit(), unit(device="board"), unit("pconv", device="board"))
    )
    assert [str(problem) for problem in problems] == ["board: on fire"]
    assert statuses(found) == {"cpu": {"done"}, "board": {"lost"}}
    assert len(found.records) == 3


def test_a_machine_that_is_never_reached_loses_its_units(tmp_path: Path) -> None:
    away = FakeDevice(connects=[DeviceError("board: no route")])
    found, problems = run(tmp_path, {CPU: FakeDevice(exports), BOARD: away}, (unit(), unit(device="board")))
    assert [str(problem) for problem in problems] == ["board: no route"]
    assert statuses(found) == {"cpu": {"done"}, "board": {"lost"}}
    assert found.device("board").environment is None


def test_a_run_drops_what_older_code_left_in_the_cache(tmp_path: Path) -> None:
    old = tmp_path / "cache/artifacts/0ld-code.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    run(tmp_path, {CPU: FakeDevice(exports)}, (unit(),))
    assert not old.exists()
    assert len(list(old.parent.iterdir())) == 1, "its own is kept"


def test_a_machine_that_is_not_reached_is_named_at_once(tmp_path: Path) -> None:
    fakes = {CPU: FakeDevice(exports), BOARD: FakeDevice(connects=[DeviceError("board: no route")])}
    notes = Notes()
    campaign = Campaign(list(fakes), lambda device: fakes[BOARD if device.ssh else CPU], tmp_path, notes, QUICK)
    try:
        campaign.connect()
        assert notes.told == ["no route; the other devices go on"]
    finally:
        campaign.close()


def test_a_machine_that_keeps_silent_is_spoken_of_while_it_is_waited_for(tmp_path: Path) -> None:
    notes = Notes()

    class Held(FakeDevice):
        def connect(self, run: str, lease: Lease, stopped: Stopped = never) -> tuple[Connection, Environment, float]:
            wait_until(lambda: notes.told)
            return super().connect(run, lease, stopped)

    campaign = Campaign([CPU], lambda _: Held(), tmp_path, notes, Patience(silence_s=0.0))
    try:
        campaign.connect()
        assert notes.told == ["no answer yet; if another run holds it, this one waits for up to 30 s"]
    finally:
        campaign.close()


class Gpus(FakeDevice):
    """A device that says so about its GPUs."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(exports)
        self._body = body

    def send(self, body: Body) -> None:
        if isinstance(body, Job) and body.task.kind == "probe":
            try:
                self._said.append(understood(Message(type="accelerators", body=self._body)))
            except ProtocolError as error:
                self._said.append(error)
        super().send(body)


GPU = Device(name="gpu", accelerator="cuda:0", ssh=SshTarget(destination="pi@board"))


@pytest.mark.parametrize("body", [{"names": 5}, {"names": [5]}, {"names": "cuda:0"}, {"reason": []}, {"more": 1}])
def test_nonsense_about_gpus_is_a_problem_of_that_machine(tmp_path: Path, body: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match=r"names|reason|more"):
        check(GPU, cast(Transport, Gpus(body)))
    units = (unit(), unit(device="gpu"))
    found, problems = run(tmp_path, {CPU: FakeDevice(exports), GPU: Gpus(body)}, units)
    assert [type(problem) for problem in problems] == [ProtocolError]
    assert statuses(found) == {"cpu": {"done"}, "gpu": {"lost"}}


def test_a_gpu_is_part_of_its_devices_fingerprint_only(tmp_path: Path) -> None:
    gpu = Gpus({"names": ["cuda:0 H200 driver 1"], "reason": ""})
    assert check(GPU, cast(Transport, gpu)).environment.accelerators == ("cuda:0 H200 driver 1",)
    found, _ = run(tmp_path, {CPU: FakeDevice(exports), GPU: gpu}, (unit(), unit(device="gpu")))
    first, second = (found.device(name).environment for name in ("cpu", "gpu"))
    assert first is not None
    assert second is not None
    assert first.fingerprint != second.fingerprint


def test_no_machine_at_all_is_an_error_and_writes_nothing(tmp_path: Path) -> None:
    away = FakeDevice(connects=[DeviceError("board: no route")])
    with pytest.raises(DeviceError, match="no route"):
        run(tmp_path, {BOARD: away}, (unit(device="board"),), host=FakeDevice(exports))
    assert not (tmp_path / "run").exists()


def test_a_full_disk_stops_every_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, written = Journal.append, []

    def append(self: Journal, event: object) -> None:
        written.append(event)
        if len(written) > 4:
            raise StorageError("no space left")
        real(self, event)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "append", append)
    units = tuple(unit(round_number=number, device=name) for number in range(20) for name in ("cpu", "board"))
    with pytest.raises(StorageError, match="no space left"):
        run(tmp_path, {CPU: FakeDevice(exports), BOARD: FakeDevice(exports)}, units)
    # Each machine may have had one record under way when the first one failed.
    assert len(written) <= 4 + 2
    assert len(read_run(tmp_path / "run").records) == 2


def test_what_decides_a_number_is_stamped_on_its_unit(tmp_path: Path) -> None:
    found, _ = run(tmp_path, {CPU: FakeDevice(exports)}, (unit(),))
    (planned,) = found.plan.units
    assert (planned.fingerprint, planned.code_version) == ("f00d", found.plan.code_version)
    assert found.plan.code_version


def test_entries_of_one_machine_share_its_python(tmp_path: Path) -> None:
    """One agent serves both: the other's environment would be measured under a wrong name."""
    other = Device(name="other", ssh=SshTarget(destination="pi@board", python="./other/bin/python"))
    with pytest.raises(UsageError, match=r"board and other, which are one machine.*two runs"):
        Campaign([BOARD, other], lambda device: FakeDevice(all_well), tmp_path, Notes(), QUICK)
