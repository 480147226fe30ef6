"""Ctrl-C while the host waits for a device: for its answer, for a file to get there, for the login, for its lock."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.errors import StoppedError
from bench.host.campaign import Campaign
from bench.host.patience import Patience
from bench.link.connection import Connection, Stopped, never
from bench.link.ssh import SshTransport
from bench.records.device import Device
from bench.records.environment import Environment
from bench.wire.lease import Lease
from bench.wire.messages import Stored
from tests.bench_process import ROOT, SOON_S, BenchProcess, processes_with, wait_until
from tests.cutting_proxy import CuttingProxy
from tests.fake_device import FakeDevice, Notes
from tests.hostile_device import hostile
from tests.sshd import Sshd

DIGEST = "0" * 64


@pytest.fixture
def stopped() -> Stopped:
    """False, and True soon after, as when somebody presses Ctrl-C in mid-wait."""
    event = threading.Event()
    threading.Timer(0.3, event.set).start()
    return event.is_set


@pytest.mark.parametrize(
    "ask",
    [
        Connection.start,
        lambda connection: connection.missing([DIGEST]),
        lambda connection: connection.wait_for(Stored),
    ],
    ids=["start", "missing", "stored"],
)
def test_an_answer_is_waited_for_no_longer(ask: Callable[[Connection], object], stopped: Stopped) -> None:
    with hostile(stopped=stopped) as device, pytest.raises(StoppedError):
        ask(device.connection)


def test_a_file_on_its_way_is_dropped(tmp_path: Path) -> None:
    """The device takes no byte, so the pipe is full when the stop comes; nothing is added to a message cut short."""
    large = tmp_path / "large"
    large.write_bytes(bytes(4 << 20))
    not_before_it_is_sent = iter([False])
    with hostile(stopped=lambda: next(not_before_it_is_sent, True)) as device:
        with pytest.raises(StoppedError):
            device.connection.send_file(large, DIGEST)
        device.connection.close()
        os.set_blocking(device.ends.listen, False)
        sent = b""
        while data := os.read(device.ends.listen, 1 << 20):
            sent += data
        assert sent.startswith(b'{"v":')
        assert b"\n" not in sent


@pytest.mark.ssh
def test_a_login_that_stalls_is_left(sshd: Sshd, stopped: Stopped) -> None:
    proxy = CuttingProxy(sshd.port)
    sshd.trust(sshd.port, proxy.port)
    proxy.pause()
    try:
        with pytest.raises(StoppedError):
            SshTransport(sshd.device(port=proxy.port), patience_s=60.0).connect("run", Lease(), stopped)
    finally:
        proxy.close()


class Stalls(FakeDevice):
    """Never reached; it only learns that it is no longer wanted."""

    def connect(self, run: str, timing: Lease, stopped: Stopped = never) -> tuple[Connection, Environment, float]:
        while not stopped():
            threading.Event().wait(0.01)
        raise StoppedError


def test_a_campaign_is_stopped_while_it_connects(tmp_path: Path) -> None:
    fake = Stalls()
    campaign = Campaign([Device(name="cpu")], lambda _: fake, tmp_path, Notes(), Patience())
    threading.Timer(0.1, campaign.stop).start()
    with pytest.raises(StoppedError):
        campaign.connect()


HOLDER = """
import pathlib, signal, sys
from bench.cache.device_lock import take_lock
print(take_lock(pathlib.Path(sys.argv[1]), 0) or "held", flush=True)
signal.pause()
"""


@pytest.fixture
def bench(tmp_path: Path) -> BenchProcess:
    return BenchProcess(tmp_path, tmp_path / "cache")


@pytest.fixture
def held(bench: BenchProcess) -> Iterator[None]:
    """Another process has the machine."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, bench.cache], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield
        other.kill()


@pytest.mark.slow
@pytest.mark.usefixtures("held")
def test_ctrl_c_while_another_run_holds_the_machine(bench: BenchProcess) -> None:
    def agents() -> list[int]:
        ours = processes_with(f"BENCH_CACHE={bench.cache}")
        return [pid for pid, command in ours.items() if "bench.agent" in command]

    process = bench.start("ops", "--op", "dwconv", "--quick", "--out", "never")
    try:
        wait_until(agents)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=SOON_S)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, output, errors) == (130, "", "bench: interrupted\n")
    assert not (bench.folder / "never").exists()
