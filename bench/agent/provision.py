"""What `bench devices setup` and `clean` do on the device: an environment with the runtimes; an empty cache.

Runs there in place of the agent, with the standard library alone. The host's order is one line, wheels follow it as raw
bytes; the answers are `step` lines and in the end `done` or `error`.
"""

import contextlib
import hashlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cache.device_lock import LOCK_NAME, take_lock
from bench.cache.files_lock import FILES_LOCK_NAME, files_in_use
from bench.cache.store import default_cache
from bench.plain_text import plain_line
from bench.system.process_group import kill_group
from bench.wire.decode import decode
from bench.wire.message import MAX_LINE_BYTES, Message, decode_line, encode_line

MAX_WHEELS = 500


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A package on its way: its file name, its size, its SHA-256."""

    name: str
    size: int
    digest: str

    def __post_init__(self) -> None:
        # It becomes a file of that name here.
        if not self.name.endswith(".whl") or Path(self.name).name != self.name or self.name.startswith((".", "-")):
            raise ValueError(f"expected the plain file name of a wheel, got {self.name[:80]!r}")


@dataclass(frozen=True, kw_only=True)
class SetupOrder:
    """Make the environment `folder` (of the home folder, or absolute) and install `packages` into it."""

    folder: str
    packages: tuple[str, ...]
    wheels: tuple[Wheel, ...] = ()
    offline: bool = False  # only the wheels count; no index is asked
    index: str = ""  # one more package index for pip


@dataclass(frozen=True, kw_only=True)
class CleanOrder:
    """Empty the cache."""

    lock_wait_s: float = 30.0


class ProvisionError(Exception):
    """A step failed; one line for the host."""


class _Host:
    """The other end: one line in, raw bytes in, lines out."""

    def __init__(self) -> None:
        self._sequence = 0
        self._ahead = b""

    def order(self) -> Message:
        """The first line."""
        while b"\n" not in self._ahead and len(self._ahead) <= MAX_LINE_BYTES:
            data = os.read(0, 1 << 16)
            if not data:
                raise ProvisionError("the host left before it said what to do")
            self._ahead += data
        line, _, self._ahead = self._ahead.partition(b"\n")
        return decode_line(line)

    def read(self, size: int) -> bytes:
        """Up to `size` of the bytes that follow it, at least one."""
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        data = data or os.read(0, min(size, 1 << 16))
        if not data:
            raise ProvisionError("the host left while it was sending wheels")
        return data

    def say(self, kind: str, text: str = "") -> None:
        """One line to it."""
        self._sequence += 1
        data = encode_line(Message(type=kind, body={"text": plain_line(text, 400)}, seq=self._sequence))
        while data:
            data = data[os.write(1, data) :]


def main() -> int:
    """Read the order, do it, say how it went."""
    host = _Host()
    try:
        order = host.order()
        if order.type == "setup":
            _setup(host, decode(SetupOrder, order.body))
        elif order.type == "clean":
            _clean(host, decode(CleanOrder, order.body), default_cache())
        else:
            raise ProvisionError(f"expected setup or clean, got {order.type[:40]!r}")
    except (ProvisionError, ValueError) as error:
        host.say("error", str(error))
    except OSError as error:
        host.say("error", f"{error.strerror}: {error.filename or 'the device'}")
    else:
        host.say("done")
    return 0


def _setup(host: _Host, order: SetupOrder) -> None:
    folder = Path.home() / order.folder
    with _received(host, order.wheels) as wheels:
        python = folder / "bin/python"
        if folder.exists() and not (folder / "pyvenv.cfg").exists():
            raise ProvisionError(f"expected {folder} to be free or an environment of Python; name another `python:`")
        if not python.exists():
            host.say("step", f"making {folder} with Python {sys.version.split()[0]}")
            _make_environment(folder)
        host.say("step", f"installing {', '.join(order.packages)}")
        command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--upgrade"]
        command += ["--find-links", str(wheels)] if order.wheels else []
        command += ["--no-index"] if order.offline else []
        command += ["--extra-index-url", order.index] if order.index else []
        _run([*command, "--", *order.packages], "pip")
        modules = [name for name in ("numpy", "onnxruntime", "openvino", "torch") if name in order.packages]
        _run([str(python), "-c", f"import {', '.join(modules or ['sys'])}"], "the new environment")
    host.say("step", f"{python} is ready")


def _make_environment(folder: Path) -> None:
    """With what the system offers; a half-made one is removed, since it would look like a whole one."""
    try:
        _run([sys.executable, "-m", "venv", str(folder)], "python -m venv")
    except ProvisionError as error:
        shutil.rmtree(folder, ignore_errors=True)
        if "ensurepip" in str(error) or "python3-venv" in str(error):
            raise ProvisionError(
                "Python there cannot make environments; `sudo apt install python3-venv` on the device, then try again"
            ) from None
        raise


@contextmanager
def _received(host: _Host, wheels: tuple[Wheel, ...]) -> Iterator[Path]:
    """The wheels in a folder of their own, checked; gone afterwards."""
    if len(wheels) > MAX_WHEELS:
        raise ProvisionError(f"expected at most {MAX_WHEELS} wheels, got {len(wheels)}")
    parent = default_cache()
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix="wheels-") as folder:
        for wheel in wheels:
            _receive(host, wheel, Path(folder) / wheel.name)
        yield Path(folder)


def _receive(host: _Host, wheel: Wheel, path: Path) -> None:
    digest, left = hashlib.sha256(), wheel.size
    with path.open("xb") as file:
        while left:
            data = host.read(left)
            digest.update(data)
            file.write(data)
            left -= len(data)
    if digest.hexdigest() != wheel.digest:
        raise ProvisionError(f"{wheel.name} arrived damaged; try again")


def _run(command: list[str], what: str) -> None:
    """Run it with its output kept off our lines; ProvisionError with its last words, or where the host has left."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        # All that the host had to send has been read: input that can be read now is its end.
        while process.poll() is None:
            if select.select([0], [], [], 0.2)[0] and not os.read(0, 1):
                kill_group(process)
                raise ProvisionError("the host left")
        output.seek(0)
        lines = [line.strip() for line in output.read().splitlines() if line.strip()]
    if process.returncode:
        errors = [line for line in lines if line.lower().startswith("error")] or lines[-3:] or ["no message"]
        raise ProvisionError(f"{what} failed: {'; '.join(errors)}")


def _clean(host: _Host, order: CleanOrder, cache: Path) -> None:
    host.say("step", empty_cache(cache, order.lock_wait_s))


def empty_cache(cache: Path, lock_wait_s: float) -> str:
    """Under the agent's lock, so that no run loses its files; only what we make, wherever $BENCH_CACHE points."""
    if not cache.exists():
        return f"{cache} is empty"
    holder = take_lock(cache, lock_wait_s)
    if holder:
        raise ProvisionError(f"another run holds this device ({holder}); wait for it to end")
    with files_in_use(cache) as files, files.alone() as alone:
        if not alone:
            raise ProvisionError(f"another run still sends files of {cache} to its devices; wait for it to end")
        size = _remove_ours(cache)
    with contextlib.suppress(OSError):  # something of the user's lies in it
        cache.rmdir()
    return f"emptied {cache}: {size} bytes"


def _remove_ours(cache: Path) -> int:
    """How many bytes went."""
    ours = [cache / name for name in ("files", "artifacts", "code", "compiled", LOCK_NAME, FILES_LOCK_NAME)]
    ours += cache.glob("wheels-*")
    size = 0
    for item in filter(Path.exists, ours):
        size += sum(path.stat().st_size for path in (item, *item.rglob("*")) if path.is_file())
        if item.is_dir():
            shutil.rmtree(item)
        else:
            item.unlink()
    return size
