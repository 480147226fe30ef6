"""`bench devices setup` and `clean`, seen from the host."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from bench.cache.clean import CacheBusyError, empty_cache
from bench.cache.store import default_cache
from bench.devices.wheels import Target, choose_wheels
from bench.errors import DeviceError, LinkLostError, ProtocolError, UsageError
from bench.link.child import ProcessPipe
from bench.link.connection import LAST_WORDS_S, STOP_POLL_S, Explain
from bench.link.ssh import SshTransport
from bench.link.ssh_errors import explain_loss
from bench.plain_text import plain_line
from bench.plan.runtimes import GRAPH_RUNTIME, MODULE_RUNTIME, Runtime, runtime
from bench.records.device import Device, SshTarget
from bench.wire.lease import Lease
from bench.wire.message import MAX_LINE_BYTES, decode_line, encode_line
from bench.wire.messages import Body, Clean, Done, Error, Setup, Step, Wheel, message, name_of, understood

DEFAULT_FOLDER = "bench-env"
SILENCE_S = 1800.0  # pip on a slow board says nothing for long
_CHUNK_BYTES = 256 * 1024

Say = Callable[[str], None]


def setup(device: Device, say: Say, *, wheels: Path | None = None, python: str = "python3", index: str = "") -> None:
    """Make the device's environment and install what its entry's runtimes need; DeviceError where a step fails."""
    target = ssh_target(device)
    folder = environment_folder(device.name, target)
    base = SshTransport(replace(device, ssh=replace(target, python=python)))
    connection, found, _ = base.connect("setup", Lease())
    connection.close()
    packages, alone = packages_for(device), alone_for(device)
    chosen: tuple[Path, ...] = ()
    if wheels is not None:
        chosen = choose_wheels(wheels, packages, Target(python=found.python, machine=found.machine), alone)
        say(f"sending {len(chosen)} wheels, {sum(path.stat().st_size for path in chosen) / 1e6:.0f} MB")
    order = Setup(
        folder=folder,
        packages=packages,
        alone=alone,
        modules=("numpy", *dict.fromkeys(row.module for row in _runtimes_of(device))),
        wheels=tuple(_described(path) for path in chosen),
        offline=wheels is not None,
        index=index,
    )
    _obey(base, device.name, order, say, chosen)


def clean(device: Device, say: Say, *, lock_wait_s: float = 30.0) -> None:
    """Empty the device's cache: code, networks, reference outputs. Its environment stays. This machine has one too."""
    if device.ssh is None:
        try:
            say(empty_cache(default_cache(), lock_wait_s))
        except CacheBusyError as error:
            raise DeviceError(f"{device.name}: {error}") from None
        return
    _obey(SshTransport(device), device.name, Clean(lock_wait_s=lock_wait_s), say)


def packages_for(device: Device) -> tuple[str, ...]:
    """What the entry's runtimes need with all that it asks for; a graph's default alone where it names none."""
    rows = _runtimes_of(device)
    packages = ["numpy", *(name for row in rows for name in (*row.beside, *(() if row.alone else (row.package,))))]
    packages += ["nvidia-ml-py"] if device.accelerator else []
    return tuple(dict.fromkeys(packages))


def alone_for(device: Device) -> tuple[str, ...]:
    """What they need without what it asks for in turn."""
    return tuple(dict.fromkeys(row.package for row in _runtimes_of(device) if row.alone))


def _runtimes_of(device: Device) -> list[Runtime]:
    """A GPU is found and timed with the module runtime's library, whatever else runs there."""
    names = device.runtimes or (GRAPH_RUNTIME,)
    return [runtime(name) for name in (*names, *((MODULE_RUNTIME,) if device.accelerator else ()))]


def environment_folder(name: str, target: SshTarget) -> str:
    """The folder of the environment that the entry's `python` lies in, relative to the home folder or absolute."""
    if not target.python:
        return DEFAULT_FOLDER
    path = PurePosixPath(target.python)
    if path.parent.name != "bin" or len(path.parts) < 3:
        raise UsageError(
            f"expected `python:` of {name} to lie in an environment, like ~/{DEFAULT_FOLDER}/bin/python, got"
            f" {target.python}; remove the line, or install the packages there yourself"
        )
    return str(path.parent.parent)


def ssh_target(device: Device) -> SshTarget:
    """Its way in; UsageError for a device of this machine."""
    if device.ssh is None:
        raise UsageError(f"expected a device of devices.yaml, got {device.name}, which is this machine's own")
    return device.ssh


def _described(path: Path) -> Wheel:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Wheel(name=path.name, size=path.stat().st_size, digest=digest)


def _obey(transport: SshTransport, name: str, order: Setup | Clean, say: Say, files: tuple[Path, ...] = ()) -> None:
    """Send an order and its files, pass the steps on; DeviceError where the device reports a failure."""
    pipe = transport.start("bench.agent.provision")
    try:
        dialogue = _Dialogue(pipe, partial(explain_loss, name, transport.target.destination))
        dialogue.send(encode_line(message(order)))
        for path in files:
            for chunk in _chunks(path):
                dialogue.send(chunk)
        while not isinstance(said := dialogue.answer(), Done):
            if isinstance(said, Error):
                raise DeviceError(f"{name}: {plain_line(said.message, 500)}")
            if not isinstance(said, Step):
                raise ProtocolError(f"expected {name_of(Step)!r} or {name_of(Done)!r}, got {name_of(said)!r}")
            say(plain_line(said.text, 500))
    except ProtocolError as error:
        raise ProtocolError(f"{name}: {error}") from error
    finally:
        pipe.close(0)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            yield data


class _Dialogue:
    """Bytes out, lines in; never blocks for good, whatever the other side does."""

    def __init__(self, pipe: ProcessPipe, explain: Explain) -> None:
        self._pipe, self._explain = pipe, explain
        self._ended = False

    def send(self, data: bytes) -> None:
        """Write all of it. A device that stops listening has said why, or will: its words are read first."""
        view, until = memoryview(data), time.monotonic() + SILENCE_S
        while view and not self._ended:
            try:
                taken = self._pipe.write(view)
            except OSError:
                return
            view = view[taken:]
            if taken:
                until = time.monotonic() + SILENCE_S
            else:
                self._pipe.wait_writable(STOP_POLL_S)
            self._read(0, until)
            if sum(map(len, self._pipe.lines)) > 2 * MAX_LINE_BYTES:
                raise ProtocolError("expected the device to listen, it only talks")

    def answer(self) -> Body:
        """The next line."""
        until = time.monotonic() + SILENCE_S
        while not self._pipe.lines:
            if self._ended:
                raise self._explain(*self._pipe.end(LAST_WORDS_S))
            self._read(until - time.monotonic(), until)
        return understood(decode_line(self._pipe.lines.popleft())).body

    def _read(self, timeout_s: float, until: float) -> None:
        if time.monotonic() >= until:
            raise LinkLostError(f"nothing was heard for {SILENCE_S:g} s; look at the device and try again")
        try:
            self._pipe.read(timeout_s)
        except EOFError:
            self._ended = True
