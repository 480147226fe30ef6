"""A board in a network of its own, whose cable is pulled."""

import contextlib
import ipaddress
import os
import socket
import subprocess
from collections.abc import Iterator

import pytest

from bench.link.ssh import SshTransport
from tests.faulty_link import HASTY, again, begin, lost, nothing_runs
from tests.sshd import SSHD, Sshd, wait_until

pytestmark = pytest.mark.ssh


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="makes a network namespace")
def test_a_pulled_cable(sshd: Sshd) -> None:
    """A board in a network of its own, whose packets vanish: no side is told, both end, and the board serves again."""
    with network_of_its_own() as (namespace, address):
        move(sshd, namespace, address)
        transport = SshTransport(sshd.device(), patience_s=30.0)
        connection, _, _ = transport.connect("run", HASTY)
        begin(connection, sshd)
        ip("-n", namespace, "link", "set", "inside", "down")
        assert "nothing was heard for 3 s" in lost(connection)
        nothing_runs(sshd)
        ip("-n", namespace, "link", "set", "inside", "up")
        again(transport)


@contextlib.contextmanager
def network_of_its_own() -> Iterator[tuple[str, str]]:
    """A namespace joined to this one by a cable; its name and its address, of a range kept for tests of networks."""
    namespace, outside = f"bench-{os.getpid()}", f"bench{os.getpid() % 10**7}"
    # Each run its own: one that was killed leaves its cable.
    first = int(ipaddress.IPv4Address("198.18.0.0")) + 4 * (os.getpid() % 2**15)
    ours, theirs = (str(ipaddress.IPv4Address(first + host)) for host in (1, 2))
    try:
        ip("netns", "add", namespace)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespace can be made here: {error}")
    try:
        ip("link", "add", outside, "type", "veth", "peer", "name", "inside", "netns", namespace)
        ip("addr", "add", f"{ours}/30", "dev", outside)
        ip("link", "set", outside, "up")
        ip("-n", namespace, "addr", "add", f"{theirs}/30", "dev", "inside")
        ip("-n", namespace, "link", "set", "inside", "up")
        yield namespace, theirs
    finally:
        subprocess.run(["ip", "link", "del", outside], check=False, capture_output=True)
        ip("netns", "del", namespace)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def move(sshd: Sshd, namespace: str, address: str) -> None:
    """Let the server listen in that network, and the client look for it there."""
    sshd.stop()
    for name in ("sshd_config", "ssh_config", "known_hosts"):
        path = sshd.folder / name
        path.write_text(path.read_text().replace("127.0.0.1", address))
    server = ["ip", "netns", "exec", namespace, str(SSHD), "-D", "-f", str(sshd.folder / "sshd_config")]
    sshd.process = subprocess.Popen(server, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: connects(address, sshd.port), "sshd to listen")


def connects(address: str, port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((address, port)) == 0
