"""What parent and agent cost while a worker samples: `python scripts/overhead.py [--seconds S]`.

Runs `bench ops` on one cell with long sampling and reads both processes' user and system time from /proc/PID/stat
between the moment a unit began and the last look before it ended. Issue's target: under 1 % of a core, together.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = 0.01
PROGRAM = "import sys; from bench.cli.main import main; sys.exit(main())"


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command's name: [1] is the parent, [11] and [12] the ticks used."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its threads, without its children."""
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def children(pid: int, of_command: str) -> list[int]:
    """The children of a process whose command line holds the text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        fields = stat(int(folder.name))
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if fields and int(fields[1]) == pid and of_command in command:
            found.append(int(folder.name))
    return found


def watch(parent: int, seconds: float) -> list[tuple[float, float, float]]:
    """(wall, parent's, agent's) seconds of each stretch in which one worker was seen at work."""
    stretches: list[tuple[float, float, float]] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until and stat(parent):
        agents = children(parent, "bench.agent")
        workers = children(agents[0], "bench.worker") if agents else []
        if not workers:
            time.sleep(0.05)
            continue
        time.sleep(4.0)  # its imports; those cost nobody's measurement
        agent, start = agents[0], (time.monotonic(), cpu_seconds(parent), cpu_seconds(agents[0]))
        last = start
        while stat(workers[0]) and time.monotonic() < until:
            last = (time.monotonic(), cpu_seconds(parent), cpu_seconds(agent))
            time.sleep(0.5)
        if last[0] - start[0] >= 1:
            stretches.append((last[0] - start[0], last[1] - start[1], last[2] - start[2]))
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
            stretches = watch(process.pid, seconds)
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
