"""Machines that are reached late, not at all, or that talk nonsense of their GPUs: the others go on."""

import threading
from pathlib import Path
from typing import Any, cast

import pytest

from bench.devices.check import check
from bench.errors import DeviceError, LinkLostError, ProtocolError, StoppedError
from bench.host.campaign import Campaign
from bench.host.patience import Patience
from bench.link.connection import Connection, Stopped, Transport, never
from bench.records.device import Device, SshTarget
from bench.records.environment import Environment
from bench.wire.lease import Lease
from bench.wire.message import Message
from bench.wire.messages import Body, Said, understood
from bench.wire.order import Job
from tests.bench_process import wait_until
from tests.fake_device import FakeDevice, Notes
from tests.made_up import unit
from tests.one_campaign import BOARD, CPU, QUICK, exports, run, statuses


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


def test_a_stop_at_the_very_end_of_connecting_is_not_lost(tmp_path: Path) -> None:
    class Stops(FakeDevice):
        def connect(self, run: str, lease: Lease, stopped: Stopped = never) -> tuple[Connection, Environment, float]:
            campaign.stop()
            return super().connect(run, lease, stopped)

    fake = Stops()
    campaign = Campaign([CPU], lambda _: fake, tmp_path, Notes(), QUICK)
    with pytest.raises(StoppedError):
        campaign.connect()


def test_a_link_that_breaks_while_it_waits_is_built_again(tmp_path: Path) -> None:
    board = Idle(breaks=True)
    found, problems = run(tmp_path, {CPU: Slow(board), BOARD: board}, (unit(), unit(device="board")))
    assert board.connected == 2
    assert problems == []
    assert statuses(found) == {"cpu": {"done"}, "board": {"done"}}


def test_a_machine_that_is_never_reached_loses_its_units(tmp_path: Path) -> None:
    away = FakeDevice(connects=[DeviceError("board: no route")])
    found, problems = run(tmp_path, {CPU: FakeDevice(exports), BOARD: away}, (unit(), unit(device="board")))
    assert [str(problem) for problem in problems] == ["board: no route"]
    assert statuses(found) == {"cpu": {"done"}, "board": {"lost"}}
    assert found.device("board").environment is None


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
