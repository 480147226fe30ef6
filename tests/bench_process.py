"""The command line as a user starts it: a process of its own, in a folder of its own."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = "import sys; from bench.cli.main import main; sys.exit(main())"
SOON_S = 120.0  # on a busy machine; nothing asserts that it is quicker
# A tiny operator still takes seconds: it is warmed up and sampled like any other.
ONE = ("ops", "--op", "dwconv", "--size", "16x4x4", "--stack", "1")


class BenchProcess:
    """Starts `bench ARGUMENTS` in a folder, with a cache that several runs may share, and plug-ins of a folder."""

    def __init__(self, folder: Path, cache: Path, plugins: Path | None = None) -> None:
        self.folder, self.cache = folder, cache
        self._path = os.pathsep.join(map(str, filter(None, (ROOT, plugins))))

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Leave it running; it has a session of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=self.folder,
            env=os.environ | {"BENCH_CACHE": str(self.cache), "PYTHONPATH": self._path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Wait for its end."""
        process = self.start(*arguments)
        try:
            output, errors = process.communicate(timeout=300)
        finally:
            process.kill()
            process.wait()
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


def events(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of a run's journal so far."""
    try:
        lines = (folder / "records.jsonl").read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def records(folder: Path) -> list[dict[str, Any]]:
    """The records among them."""
    return [event["body"] for event in events(folder) if event["type"] == "record"]


def wait_until(reached: Callable[[], object]) -> None:
    """Look again and again; a test that waits in vain fails."""
    until = time.monotonic() + SOON_S
    while not reached():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def processes_with(text: str) -> dict[int, str]:
    """The processes in whose environment the text stands, with their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if text.encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found
