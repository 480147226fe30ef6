"""`python -m bench.worker PIPE PARENT`: the task comes on stdin, the answers leave on the pipe."""

import contextlib
import ctypes
import gc
import json
import os
import signal
import sys

from bench.wire.decode import decode
from bench.wire.order import IMPORT_PATH, Task
from bench.worker.channel import Channel, one_line

_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Die with the agent, take the CPUs, do the task."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        return 1
    task = decode(Task, json.loads(sys.stdin.buffer.read()))
    channel = Channel(descriptor)
    folders = os.environ.get(IMPORT_PATH, "").split(os.pathsep)
    sys.path += [folder for folder in folders if folder and folder not in sys.path]
    if task.cpus:
        os.sched_setaffinity(0, task.cpus)
    try:
        return _do(task, channel)
    except MemoryError as error:
        channel.give_up("out_of_memory", one_line(error))
    except ImportError as error:
        channel.give_up("unsupported", f"{one_line(error)}; install it on this device")
    finally:
        gc.unfreeze()
    return 0


def _do(task: Task, channel: Channel) -> int:
    # Each task imports only what it needs: a board has no torch, and one runtime fills one process.
    if task.kind == "measure":
        from bench.worker.measure import measure_units

        measure_units(task, channel)
    elif task.kind == "pair":
        from bench.worker.pair import measure_pair

        measure_pair(task, channel)
    elif task.kind == "export":
        from bench.worker.prepare import export_units

        export_units(task, channel)
    elif task.kind == "inspect":
        from bench.worker.inspect import inspect_networks

        inspect_networks(task, channel)
    elif task.kind == "noise":
        from bench.worker.noise import take_noise_floor

        take_noise_floor(channel)
    else:
        from bench.worker.probe import probe_accelerators

        probe_accelerators(channel)
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Everything is sent. Libraries' exit handlers (thread pools, profilers) can only hang from here on.
    os._exit(status)
