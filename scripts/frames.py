"""How many calls lead from `bench ops` to the sampler: read from a real run, process by process.

    python scripts/frames.py

Each process of the run writes down its stack of our own functions once, where it hands the unit on: the host where the
command starts the run and where the machine's thread sends the job, the agent where it starts the worker, the worker
where the first sample is taken.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN = ("ops", "--op", "dwconv", "--size", "8x4x4", "--stack", "1", "--quick", "--no-progress", "--format", "csv")
PROGRAM = "import sys; from bench.cli.main import main; sys.exit(main())"

# Imported by each Python process of the run. Where the unit is handed on is known by file and function.
SPY = """
import os, sys, threading
HOUSE = tuple(os.path.join(os.environ["FRAMES_ROOT"], name) + os.sep for name in ("bench", "operators", "models"))
WAYS = {
    "Campaign.run": "command",
    "Connection.send": "host",
    "WorkerProcess.__init__": "agent",
    "CpuTimer.sample": "worker",
}
def spy(frame, event, argument):
    if event != "call" or (process := WAYS.get(frame.f_code.co_qualname)) is None:
        return
    # The job that measures, not the one that prepares or takes the noise floor.
    if process == "host" and not any(mark in repr(frame.f_locals) for mark in ("kind='measure'", "'kind': 'measure'")):
        return
    path = os.path.join(os.environ["FRAMES_OUT"], process)
    if os.path.exists(path):
        return
    lines = []
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(HOUSE) and not code.co_name.startswith("<"):
            lines.append(f"{os.path.relpath(code.co_filename, os.environ['FRAMES_ROOT'])}: {code.co_qualname}")
        frame = frame.f_back
    with open(path, "w") as file:
        file.write("\\n".join(reversed(lines)))
sys.setprofile(spy)
threading.setprofile(spy)
"""


def main() -> int:
    """Run once, print the frames and their sum."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        out.mkdir()
        (Path(folder) / "sitecustomize.py").write_text(SPY)
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([folder, str(ROOT)]),
            "FRAMES_ROOT": str(ROOT),
            "FRAMES_OUT": str(out),
            "BENCH_CACHE": str(Path(folder) / "cache"),
        }
        command = [sys.executable, "-c", PROGRAM, *RUN, "--out", str(Path(folder) / "run")]
        subprocess.run(command, env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        total, files = 0, set()
        for process in ("command", "host", "agent", "worker"):
            lines = (out / process).read_text().splitlines()
            print(f"{process}: {len(lines)}")
            print("".join(f"  {line}\n" for line in lines), end="")
            total += len(lines)
            files |= {line.partition(":")[0] for line in lines}
    print(f"{total} frames in {len(files)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
