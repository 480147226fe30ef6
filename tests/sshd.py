"""A real sshd on loopback with its own keys, configuration, port and home folder, as an ordinary child process."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from bench.records.device import Device, SshTarget

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
MISSING = "" if SSHD and shutil.which("ssh") else "needs sshd and ssh (Debian: openssh-server, openssh-client)"
_SERVER = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/client_key.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 100
SetEnv HOME={home} BENCH_CACHE={home}/.cache/bench {environment}
"""
_CLIENT = """\
Host *
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {folder}/client_key
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile /dev/null
"""


class Sshd:
    """One server. `device` gives entries that lead to it; the client's files lie in `folder`."""

    def __init__(self, folder: Path, environment: str = "") -> None:
        if SSHD is None:
            raise RuntimeError(MISSING)
        self.folder, self.port, self.home = folder, free_port(), folder / "home"
        self.home.mkdir(parents=True)
        for name in ("host_key", "client_key"):
            new_key(folder / name)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where a root sshd separates privileges
        server = _SERVER.format(port=self.port, folder=folder, home=self.home, environment=environment)
        (folder / "sshd_config").write_text(server)
        self.write_client()
        self.trust(self.port)
        self._log = (folder / "sshd.log").open("wb")
        self._program = SSHD
        self.start()

    def start(self) -> None:
        """Listen; returns as soon as it does."""
        command = [self._program, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        wait_until(lambda: _listens(self.port), f"sshd to listen, see {self.folder}/sshd.log")

    def stop(self) -> None:
        """End the server and all its sessions at once, like a power cut."""
        for process in (*_descendants(self.process.pid), psutil.Process(self.process.pid)):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.process.wait()

    def close(self) -> None:
        """End everything."""
        if self.process.poll() is None:
            self.stop()
        self._log.close()

    def write_client(self, port: int | None = None) -> None:
        """The client's ssh_config, leading to this server or, through `port`, to what stands before it."""
        text = _CLIENT.format(port=port or self.port, user=getpass.getuser(), folder=self.folder)
        (self.folder / "ssh_config").write_text(text)

    def trust(self, *ports: int) -> None:
        """Make the host key known under these ports of loopback, and under no others."""
        key = " ".join((self.folder / "host_key.pub").read_text().split()[:2])
        (self.folder / "known_hosts").write_text("".join(f"[127.0.0.1]:{port} {key}\n" for port in ports))

    def device(self, name: str = "board", *, port: int | None = None, python: str = sys.executable) -> Device:
        """An entry that leads here, or to a proxy's port."""
        config = str(self.folder / "ssh_config")
        return Device(name=name, ssh=SshTarget(destination="board", config=config, port=port, python=python))

    def sessions(self) -> list[psutil.Process]:
        """What this server has started that still lives, workers included."""
        return list(_descendants(self.process.pid))

    def agents(self) -> list[psutil.Process]:
        """The programs of ours that it has started."""
        return [process for process in self.sessions() if "bench" in " ".join(_command(process))]


def new_key(path: Path) -> None:
    """An ed25519 key pair without a passphrase."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)], check=True)


def free_port() -> int:
    """A TCP port of loopback that nothing holds now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], object], what: str, limit_s: float = 60.0) -> None:
    """Return when `condition()` holds; AssertionError when it never does. A guard against hangs, not a measurement."""
    until = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"waited {limit_s:g} s for {what}")
        time.sleep(0.02)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _descendants(pid: int) -> Iterable[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() if process.status() != psutil.STATUS_ZOMBIE else []
    except psutil.NoSuchProcess:
        return []
