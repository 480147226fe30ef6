"""The program of the agent: `python -m bench.agent`, or handed over to by the first program on a board."""

import os
import sys
from pathlib import Path

from bench.agent.agent import Agent, disk_text
from bench.agent.worker_process import WORKER
from bench.cache.device_lock import Holder, take_lock
from bench.cache.store import default_cache
from bench.errors import ProtocolError, UsageError
from bench.wire.message import decode_line, encode_line
from bench.wire.messages import Error, Start, message, name_of, understood


def main(given: bytes = b"", worker: tuple[str, ...] = WORKER) -> int:
    """Read the host's `start` line, take the device's lock, serve; `worker` is the program that measures."""
    while b"\n" not in given:
        data = os.read(0, 1 << 16)
        if not data:
            return 1
        given += data
    line, _, rest = given.partition(b"\n")
    line_of_host = decode_line(line)
    start = understood(line_of_host).body
    if not isinstance(start, Start):
        raise ProtocolError(f"expected {name_of(Start)!r} first, got {name_of(start)!r}")
    cache = Path()
    try:
        cache = default_cache()
        holder = take_lock(cache, start.lease.lock_wait_s, line_of_host.run, start.device)
        if holder is None:
            return Agent(line_of_host.run, start, cache, rest, worker).run()
        problem = Error(kind="busy", message=_busy_text(holder, line_of_host.run, start.device))
    except OSError as error:
        problem = Error(kind="disk", message=disk_text(error, cache))
    except UsageError as error:
        problem = Error(kind="disk", message=str(error))
    os.write(1, encode_line(message(problem, run=line_of_host.run, seq=1)))
    return 1


def _busy_text(holder: Holder, run: str, device: str) -> str:
    if holder.run != run or holder.device == device:
        return f"another run holds this device ({holder.process}); wait for it to end"
    return (
        f"it is the machine that this very run uses as {holder.device!r}, as the same user ({holder.process} holds it);"
        " leave one of them out (`cpu` measures the machine of the run), or set BENCH_CACHE apart there"
    )


if __name__ == "__main__":
    sys.exit(main())
