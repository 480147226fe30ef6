"""`python -m bench.worker PIPE PARENT`: the task comes on stdin, the answers leave on the pipe."""

import contextlib
import ctypes
import gc
import json
import os
import signal
import sys
from pkgutil import resolve_name

from bench.system.priority import obstacle, take
from bench.wire.decode import decode
from bench.wire.messages import Fatal
from bench.wire.order import Task, TaskKind
from bench.worker.channel import Channel, one_line
from bench.worker.project import NoProjectError, enter_project

_PR_SET_PDEATHSIG = 1
_TASKS: dict[TaskKind, str] = {
    "measure": "bench.worker.measure:measure_units",
    "layers": "bench.worker.layers:time_layers",
    "pair": "bench.worker.pair:measure_pair",
    "export": "bench.worker.prepare:export_units",
    "inspect": "bench.worker.inspect:inspect_networks",
    "noise": "bench.worker.noise:take_noise_floor",
    "look": "bench.worker.look:look_around",
    "health": "bench.worker.health:look_at_machine",
    "peak": "bench.worker.peak.task:visit_ceilings",
    "probe": "bench.worker.probe:probe_accelerators",
    "study": "bench.worker.study:carry_out",
    "accuracy": "bench.worker.accuracy.evaluate:evaluate",
}


def main() -> int:
    """Die with the agent, take the CPUs, do the task."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        return 1
    task = decode(Task, json.loads(sys.stdin.buffer.read()))
    channel = Channel(descriptor)
    if task.realtime and (problem := obstacle(len(task.cpus))):
        channel.send(Fatal(kind="unsupported", reason=problem))
        return 0
    if task.cpus:
        os.sched_setaffinity(0, task.cpus)
    take(realtime=task.realtime)
    try:
        enter_project(task)
        # Each task imports only what it needs: a board has no torch, and one runtime fills one process.
        resolve_name(_TASKS[task.kind])(task, channel)
    except MemoryError as error:
        channel.send(Fatal(kind="out_of_memory", reason=one_line(error)))
    except NoProjectError as error:
        channel.send(Fatal(kind="build", reason=one_line(error)))
    except ImportError as error:
        channel.send(Fatal(kind="unsupported", reason=one_line(f"{error}; install it on this device")))
    finally:
        gc.unfreeze()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Everything is sent. Libraries' exit handlers (thread pools, profilers) can only hang from here on.
    os._exit(status)
