"""A bad network between host and device: whatever it does, an error in bounded time and nothing left on the device."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.errors import DeviceError, LinkLostError
from bench.link.ssh import SshTransport
from bench.link.ssh_command import ssh_command
from bench.records.device import Device, SshTarget
from bench.records.measurement import NoiseFloor
from bench.wire.lease import Lease
from bench.wire.messages import Exit, Idle
from bench.wire.order import Job, Task
from tests.cutting_proxy import CuttingProxy
from tests.faulty_link import HASTY, LEASE, again, begin, hear_all, lost, nothing_runs
from tests.sshd import Sshd, wait_until

pytestmark = pytest.mark.ssh


ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def transport(sshd: Sshd, proxy: CuttingProxy) -> SshTransport:
    return SshTransport(sshd.device(port=proxy.port), patience_s=30.0)


# The handshake of ssh takes the first 3 KB or so, our greeting and records what follows.
@pytest.mark.parametrize("count", [0, 1, 40, 1500, 3000, 3300, 3600, 4500, 6000])
def test_a_link_cut_after_any_number_of_bytes(
    sshd: Sshd, proxy: CuttingProxy, transport: SshTransport, count: int
) -> None:
    proxy.cut_after = count
    with pytest.raises(LinkLostError) as caught:
        work(transport)
    assert str(caught.value).isprintable()
    nothing_runs(sshd)
    proxy.cut_after = None
    again(transport)


def work(transport: SshTransport) -> None:
    """Connect, begin a job of some seconds, listen until an error ends it."""
    connection, _, _ = transport.connect("run", LEASE)
    try:
        connection.send(Job(task=Task(kind="probe")))
        hear_all(connection)
    finally:
        connection.close()


def test_a_reset_in_mid_unit(sshd: Sshd, proxy: CuttingProxy, transport: SshTransport) -> None:
    connection, _, _ = transport.connect("run", LEASE)
    begin(connection, sshd)
    proxy.reset()
    assert lost(connection).startswith("board: ")
    nothing_runs(sshd)
    again(transport)


def test_a_black_hole_in_mid_unit(sshd: Sshd, proxy: CuttingProxy, transport: SshTransport) -> None:
    """Neither side is told anything: both leases end, and the device is free again while the hole lasts."""
    connection, _, _ = transport.connect("run", HASTY)
    begin(connection, sshd)
    proxy.pause()
    assert "nothing was heard for 3 s" in lost(connection)
    nothing_runs(sshd)
    proxy.resume()
    again(transport)


def test_a_flap_shorter_than_the_lease_loses_nothing(sshd: Sshd, proxy: CuttingProxy, transport: SshTransport) -> None:
    connection, _, _ = transport.connect("run", LEASE)
    try:
        connection.send(Job(task=Task(kind="noise")))
        proxy.pause()
        time.sleep(0.6)
        proxy.resume()
        kinds: list[type] = []
        while Idle not in kinds:
            said = connection.receive(20)
            assert said is not None
            kinds.append(type(said.body))
        assert kinds == [NoiseFloor, Exit, Idle]
    finally:
        connection.close()


def test_a_black_hole_before_the_login(sshd: Sshd, proxy: CuttingProxy) -> None:
    proxy.pause()
    with pytest.raises(LinkLostError, match="board: expected our program to run there within 1 s"):
        SshTransport(sshd.device(port=proxy.port), patience_s=1.0).connect("run", LEASE)


def test_a_board_that_loses_power(sshd: Sshd, transport: SshTransport) -> None:
    connection, _, _ = transport.connect("run", LEASE)
    begin(connection, sshd)
    sshd.stop()
    lost(connection)
    with pytest.raises(LinkLostError):
        transport.connect("run", LEASE)
    sshd.start()
    again(transport)


def test_a_killed_agent_is_a_lost_link_that_heals(sshd: Sshd, transport: SshTransport) -> None:
    """ssh ends with 255 as for any other loss: only a new connection can tell."""
    connection, environment, _ = transport.connect("run", LEASE)
    begin(connection, sshd)
    agent = next(p for p in sshd.agents() if "-c" in p.cmdline())
    agent.kill()
    assert "agent was killed" in lost(connection)
    nothing_runs(sshd)
    assert environment
    again(transport)


HOST = f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
from bench.wire.lease import Lease
from bench.records.device import Device, SshTarget
from bench.wire.order import Job, Task
from bench.link.ssh import SshTransport
device = Device(name="board", ssh=SshTarget(destination="board", config=sys.argv[1], python=sys.executable))
connection, _, _ = SshTransport(device).connect("run", Lease())
connection.send(Job(task=Task(kind="probe")))
sys.stdout.write("begun\\n")
sys.stdout.flush()
while True:
    connection.receive(20)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_host_that_dies_leaves_nothing_on_the_device(sshd: Sshd, number: signal.Signals) -> None:
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(sshd.folder / "ssh_config")], stdout=subprocess.PIPE, start_new_session=True
    )
    assert host.stdout is not None
    with host.stdout:
        assert host.stdout.readline() == b"begun\n"
        os.kill(host.pid, number)
        host.wait()
    nothing_runs(sshd)
    wait_until(lambda: not ssh_clients(sshd), "the host's ssh to end")


def ssh_clients(sshd: Sshd) -> list[psutil.Process]:
    config = str(sshd.folder / "ssh_config")
    processes = psutil.process_iter(["name", "cmdline"])
    return [p for p in processes if p.info["name"] == "ssh" and config in (p.info["cmdline"] or ())]


def test_no_destination_reaches_ssh_as_an_option(tmp_path: Path) -> None:
    """The pattern refuses it; where that is circumvented, `--` still does."""
    touched = tmp_path / "touched"
    with pytest.raises(ValueError, match="expected user@host"):
        SshTarget(destination=f"-oProxyCommand=touch {touched}")
    target = SshTarget(destination="board")
    object.__setattr__(target, "destination", f"-oProxyCommand=touch {touched}")
    done = subprocess.run(ssh_command(target, "true"), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode
    assert not touched.exists()


def test_the_remote_command_survives_a_shell_of_ones_own(sshd: Sshd) -> None:
    """Nothing of what is sent is expanded by the shell over there: a python with a space or a dollar is just absent."""
    target = SshTarget(destination="board", config=str(sshd.folder / "ssh_config"))
    object.__setattr__(target, "python", "$(touch hit);touch hit;'`touch hit`")
    with pytest.raises(DeviceError, match="expected Python on the device"):
        SshTransport(Device(name="board", ssh=target)).connect("run", LEASE)
    assert not (sshd.home / "hit").exists()


def test_resets_at_random_moments(sshd: Sshd, proxy: CuttingProxy, transport: SshTransport) -> None:
    moments = random.Random(4)
    for _ in range(6):
        connection, _, _ = transport.connect("run", LEASE)
        connection.send(Job(task=Task(kind="probe")))
        connection.receive(moments.uniform(0, 0.4))
        proxy.reset()
        lost(connection)
    nothing_runs(sshd)
    again(transport)


def test_a_slow_link_brings_a_file_that_outlasts_every_wait(
    transport: SshTransport, sshd: Sshd, proxy: CuttingProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its buffers take the whole file at once: the host asks for each piece, or it would wait in vain for the last."""
    monkeypatch.setattr("bench.link.connection.ANSWER_LEASES", 1)
    path = tmp_path / "file"
    path.write_bytes(random.Random(0).randbytes(1_500_000))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    connection, _, _ = transport.connect("run", Lease(heartbeat_s=0.2, lease_s=5.0, grace_s=0.2, lock_wait_s=20.0))
    proxy.bytes_per_s = 150_000
    try:
        connection.send_file(path, digest)
        assert connection.missing([digest]) == []
    finally:
        proxy.bytes_per_s = 0
        connection.close()
    nothing_runs(sshd)
