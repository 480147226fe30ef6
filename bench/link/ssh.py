"""The agent of another machine: the same program, started and spoken to through the system's ssh."""

import secrets

from bench.errors import BenchError
from bench.link import bootstrap
from bench.link.archive import Archive, code_archive
from bench.link.child import ProcessPipe
from bench.link.connection import Connection, Stopped, never
from bench.link.handshake import Handshake
from bench.link.ssh_command import ssh_command, start_ssh
from bench.link.ssh_errors import explain, explain_loss
from bench.records.device import Device, SshTarget
from bench.records.environment import Environment
from bench.wire.lease import Lease

PATIENCE_S = 40.0  # for the login and Python's start; ssh itself gives up on a silent host after 10 s


class SshTransport:
    """A way to one device of devices.yaml. Nothing is kept between connections."""

    def __init__(self, device: Device, *, patience_s: float = PATIENCE_S) -> None:
        if device.ssh is None:
            raise ValueError(f"expected a device with an `ssh` entry, got {device.name!r}; use LocalTransport")
        self._name, self._target, self._patience_s = device.name, device.ssh, patience_s

    def connect(self, run: str, lease: Lease, stopped: Stopped = never) -> tuple[Connection, Environment, float]:
        """A live agent there, its environment and its clock's lead in seconds; DeviceError where there is no way."""
        pipe = self.start("bench.agent.__main__", stopped=stopped)
        connection = Connection(pipe, run, lease, self._explain_loss, self._name, stopped)
        try:
            return connection, *connection.start()
        except BaseException:
            connection.close()
            raise

    def start(self, module: str, stopped: Stopped = never) -> ProcessPipe:
        """Run `module.main()` of our code on the device."""
        nonce = secrets.token_hex(8)
        archive: Archive = code_archive()
        remote = bootstrap.command(
            nonce=nonce,
            python=self._target.python,
            digest=archive.digest,
            size=len(archive.data),
            module=module,
        )
        pipe = ProcessPipe(start_ssh(ssh_command(self._target, remote)))
        try:
            mark = bootstrap.mark(nonce)
            Handshake(pipe, name=self._name, mark=mark, archive=archive, explain=self._explain).run(
                self._patience_s, stopped
            )
        except BaseException:
            pipe.close(0)
            raise
        return pipe

    @property
    def target(self) -> SshTarget:
        """Where it leads."""
        return self._target

    def _explain(self, code: int | None, stderr: str) -> BenchError:
        return explain(self._name, self._target.destination, code, stderr)

    def _explain_loss(self, code: int | None, stderr: str) -> BenchError:
        return explain_loss(self._name, self._target.destination, code, stderr)
