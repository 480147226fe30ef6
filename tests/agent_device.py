"""Real agents on one cache, with workers that fail as `fake_worker` is told; what they say and what runs below them."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from threading import Event

from bench.errors import LinkLostError
from bench.host.job import run_job
from bench.link.child import ProcessPipe
from bench.link.connection import Connection
from bench.wire.lease import Lease
from bench.wire.messages import Exit, Said
from bench.wire.order import Job, Order, Task
from tests.bench_process import ROOT
from tests.made_up import unit

PATIENT = Lease(heartbeat_s=1.0, lease_s=20.0, grace_s=0.3, lock_wait_s=0.2)
HASTY = Lease(heartbeat_s=0.2, lease_s=3.0, grace_s=0.2, lock_wait_s=20.0)  # where a lease has to end
PROGRAM = "import sys; from bench.agent.__main__ import main; sys.exit(main(worker=tuple(sys.argv[1:])))"


class Device:
    """Agents started on one cache, all ended with the test."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.processes: list[subprocess.Popen[bytes]] = []
        self.connections: list[Connection] = []

    def connect(
        self, behaviour: str = "hangs", lease: Lease = PATIENT, program: str = PROGRAM, name: str = ""
    ) -> Connection:
        process = self.start(behaviour, program)
        connection = Connection(
            ProcessPipe(process), "run-1", lease, lambda code, text: LinkLostError(f"ended {code}: {text}"), name
        )
        self.connections.append(connection)
        connection.start()
        return connection

    def start(self, behaviour: str, program: str = PROGRAM) -> "subprocess.Popen[bytes]":
        worker = (sys.executable, str(ROOT / "tests/fake_worker.py"), behaviour)
        process = subprocess.Popen(
            [sys.executable, "-c", program, *worker],
            cwd=ROOT,
            env=os.environ | {"BENCH_CACHE": str(self.cache), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.processes.append(process)
        return process

    def input(self) -> int:
        """The last agent's, for what no connection would say."""
        pipe = self.processes[-1].stdin
        assert pipe is not None
        return pipe.fileno()

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        for process in self.processes:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                assert pipe is not None
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def a_job(*, deadline_s: float = 60.0, start_s: float = 60.0, workers: int = 1) -> Job:
    orders = tuple(Order(unit=one, deadline_s=deadline_s) for one in (unit(), unit("pconv")))
    task = Task(kind="pair" if workers == 2 else "measure", orders=orders)
    return Job(task=task, workers=workers, start_s=start_s)


def outcome(connection: Connection, job: Job | None = None) -> tuple[tuple[Exit, ...], list[Said]]:
    heard: list[Said] = []
    return run_job(connection, job or a_job(), heard.append, Event()), heard


def only_exit(connection: Connection, job: Job | None = None) -> Exit:
    (end,), _ = outcome(connection, job)
    return end


def children(pid: int) -> set[int]:
    """The processes below one, at any depth."""
    found: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            _, _, rest = stat.read_text().rpartition(")")
            if int(rest.split()[1]) == pid:
                child = int(stat.parent.name)
                found |= {child} | children(child)
    return found


def running(pid: int) -> bool:
    """Whether it runs; a zombie has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def agent_of(device: Device) -> int:
    return device.processes[-1].pid
