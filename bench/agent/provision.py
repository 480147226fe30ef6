"""What `bench devices setup` and `clean` do on the device: an environment with the runtimes; an empty cache.

Runs there in place of the agent, with the standard library alone. The host's order is one line, wheels follow it as raw
bytes; the answers are `step` lines and in the end `done` or `error`.
"""

import hashlib
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.cache.clean import CacheBusyError, empty_cache
from bench.cache.store import default_cache
from bench.errors import ProtocolError
from bench.plain_text import plain_line
from bench.system.process_group import kill_group
from bench.wire.message import MAX_LINE_BYTES, decode_line, encode_line
from bench.wire.messages import Body, Clean, Done, Error, Setup, Step, Wheel, message, name_of, understood

MAX_WHEELS = 500
# Says which, since one that was built for another CPU dies without a word.
_IMPORT = """\
import importlib, sys
for name in sys.argv[1:]:
    print("importing", name, flush=True)
    importlib.import_module(name)
"""


class ProvisionError(Exception):
    """A step failed; one line for the host."""


class _Host:
    """The other end: one line in, raw bytes in, lines out."""

    def __init__(self) -> None:
        self._sequence = 0
        self._ahead = b""

    def order(self) -> Body:
        """The first line."""
        while b"\n" not in self._ahead and len(self._ahead) <= MAX_LINE_BYTES:
            data = os.read(0, 1 << 16)
            if not data:
                raise ProvisionError("the host left before it said what to do")
            self._ahead += data
        line, _, self._ahead = self._ahead.partition(b"\n")
        return understood(decode_line(line)).body

    def read(self, size: int) -> bytes:
        """Up to `size` of the bytes that follow it, at least one."""
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        data = data or os.read(0, min(size, 1 << 16))
        if not data:
            raise ProvisionError("the host left while it was sending wheels")
        return data

    def say(self, body: Body) -> None:
        """One line to it."""
        self._sequence += 1
        data = encode_line(message(body, seq=self._sequence))
        while data:
            data = data[os.write(1, data) :]


def main() -> int:
    """Read the order, do it, say how it went."""
    host = _Host()
    try:
        order = host.order()
        if isinstance(order, Setup):
            _setup(host, order)
        elif isinstance(order, Clean):
            host.say(Step(text=empty_cache(default_cache(), order.lock_wait_s)))
        else:
            raise ProvisionError(f"expected an order to set up or to clean, got {name_of(order)!r}")
    except (ProvisionError, CacheBusyError, ProtocolError, ValueError) as error:
        host.say(_problem(str(error)))
    except OSError as error:
        host.say(_problem(f"{error.strerror}: {error.filename or 'the device'}"))
    else:
        host.say(Done())
    return 0


def _problem(text: str) -> Error:
    return Error(kind="setup", message=plain_line(text, 400))


def _setup(host: _Host, order: Setup) -> None:
    folder = Path.home() / order.folder
    with _received(host, order.wheels) as wheels:
        python = folder / "bin/python"
        if folder.exists() and not (folder / "pyvenv.cfg").exists():
            raise ProvisionError(f"expected {folder} to be free or an environment of Python; name another `python:`")
        if not python.exists():
            host.say(Step(text=f"making {folder} with Python {sys.version.split()[0]}"))
            _make_environment(folder)
        host.say(Step(text=f"installing {', '.join((*order.packages, *order.alone))}"))
        command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--upgrade"]
        command += ["--no-compile"]  # what is used compiles as it is imported; all of torch takes a board minutes
        command += ["--find-links", str(wheels)] if order.wheels else []
        command += ["--no-index"] if order.offline else []
        command += ["--extra-index-url", order.index] if order.index else []
        _run([*command, "--", *order.packages], "pip")
        if order.alone:
            _run([*command, "--no-deps", "--", *order.alone], "pip")
        _run([str(python), "-c", _IMPORT, *order.modules], "the new environment")
    host.say(Step(text=f"{python} is ready"))


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
        errors += [_killed(-process.returncode)] if process.returncode < 0 else []
        raise ProvisionError(f"{what} failed: {'; '.join(errors)}")


def _killed(number: int) -> str:
    if number == signal.SIGILL:
        return "it was built for instructions that this CPU has not got, install another version of it there"
    return f"killed by {signal.Signals(number).name}"
