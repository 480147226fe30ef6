"""An agent over a thousand jobs: it holds no more files, children or memory at the end than at the start."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Event

import psutil

from bench.errors import LinkLostError
from bench.host.job import run_job
from bench.link.child import ProcessPipe
from bench.link.connection import Connection
from bench.wire.lease import Lease
from bench.wire.order import Job, Task

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = "import sys; from bench.agent.__main__ import main; sys.exit(main(worker=tuple(sys.argv[1:])))"
# One job ends well after some chatter, the other does not end well.
WORKERS = ("sh", "-c", "echo chatter; read -r line; case $line in *'\"seed\": 1'*) exit 3;; esac")


def test_a_thousand_jobs_leave_nothing_behind(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *WORKERS],
        cwd=ROOT,
        env=os.environ | {"BENCH_CACHE": str(tmp_path), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    connection = Connection(ProcessPipe(process), "run", Lease(), lambda code, text: LinkLostError(text))
    try:
        connection.start()
        codes = [run(connection, seed) for seed in (0, 1)]
        assert codes == [0, 3]
        agent = psutil.Process(process.pid)
        files, memory = agent.num_fds(), agent.memory_info().rss
        for index in range(1000):
            run(connection, index % 2)
        assert agent.num_fds() == files
        assert agent.children(recursive=True) == []
        assert agent.memory_info().rss < memory + 4_000_000
    finally:
        connection.close()


def run(connection: Connection, seed: int) -> int:
    (end,) = run_job(connection, Job(task=Task(kind="pair", seed=seed)), lambda said: None, Event())
    return end.code
