"""What parent and agent cost while a worker samples: `python scripts/overhead.py [--seconds S]`.

Runs `bench ops` on one cell with long sampling and reads both processes' user and system time
between the moment a unit began and the last look before it ended. The target is under 1 % of a core, together.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
TARGET = 0.01
PROGRAM = "import sys; from bench.cli.main import main; sys.exit(main())"


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process and its threads, without its children."""
    times = process.cpu_times()
    return times.user + times.system


def child(process: psutil.Process, of_command: str) -> psutil.Process | None:
    """The first child of a process whose command line holds the text."""
    for each in process.children() if lives(process) else []:
        with contextlib.suppress(psutil.NoSuchProcess):
            if of_command in " ".join(each.cmdline()):
                return each
    return None


def lives(process: psutil.Process) -> bool:
    """Whether it has not ended; one that nobody has waited for yet has."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def watch(parent: psutil.Process, seconds: float) -> list[tuple[float, float, float]]:
    """(wall, parent's, agent's) seconds of each stretch in which one worker was seen at work."""
    stretches: list[tuple[float, float, float]] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until and lives(parent):
        agent = child(parent, "bench.agent")
        worker = child(agent, "bench.worker") if agent else None
        if agent is None or worker is None:
            time.sleep(0.05)
            continue
        time.sleep(4.0)  # its imports; those cost nobody's measurement
        looks = []
        # The agent ends after its workers, and the parent after both.
        while lives(worker) and time.monotonic() < until:
            looks.append((time.monotonic(), cpu_seconds(parent), cpu_seconds(agent)))
            time.sleep(0.5)
        if looks and looks[-1][0] - looks[0][0] >= 1:
            wall, host, device = (last - first for first, last in zip(looks[0], looks[-1], strict=True))
            stretches.append((wall, host, device))
    return stretches


def main() -> int:
    """Print both shares of a core; exit code 1 where they miss the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="to watch at most; default 60")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", PROGRAM, "ops", "--publish", "--no-progress", "--out", f"{folder}/run"]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "BENCH_CACHE": f"{folder}/cache"}
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            stretches = watch(psutil.Process(process.pid), seconds)
        finally:
            process.terminate()
            process.wait()
    if not stretches:
        sys.stdout.write("no worker was seen at work for a second; watch for longer with --seconds\n")
        return 1
    wall, parent, agent = (sum(column) for column in zip(*stretches, strict=True))
    sys.stdout.write(
        f"over {wall:.0f} s of sampling: parent {parent / wall:.2%} of a core, agent {agent / wall:.2%}, "
        f"together {(parent + agent) / wall:.2%} (target: under {TARGET:.0%})\n"
    )
    return int((parent + agent) / wall >= TARGET)


if __name__ == "__main__":
    sys.exit(main())
