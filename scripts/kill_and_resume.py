"""Kill `bench ops` with -9 at random moments, resume it each time: `python scripts/kill_and_resume.py [--kills N]`.

At the end every planned unit must be there exactly once, finished units must have kept their bytes, and no process may
be left. The moments are drawn from --seed.
"""

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.journal import read_plan, read_run  # noqa: E402
from bench.records.record import Record  # noqa: E402
from bench.wire.decode import decode  # noqa: E402 - the checkout is no package

PROGRAM = "import sys; from bench.cli.main import main; sys.exit(main())"
GONE_WITHIN_S = 30.0  # the agent's lease and its workers' grace, with room


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the folder and the machine look like in the end."""

    kills: int
    planned: int
    done: int
    repeated: int  # units with more than one record in the journal
    rewritten: int  # how often the bytes of finished units changed
    left_running: int
    exit_code: int

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, changed or left."""
        wrong = (self.repeated, self.rewritten, self.left_running, self.exit_code)
        return self.planned == self.done and not any(wrong)


class Victim:
    """A small run that is started, killed and resumed in one folder."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.run_folder, self._cache, self._folder = folder / "run", folder / "cache", folder
        self._first = ["--op", "dwconv,pconv", "--size", "16x4x4", "--stack", "1", "--rounds", str(rounds)]

    def start(self) -> "subprocess.Popen[bytes]":
        """Begin the run, or go on with it where there is a plan."""
        planned = (self.run_folder / "run.json").exists()
        options = ["--resume", str(self.run_folder)] if planned else [*self._first, "--out", str(self.run_folder)]
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "ops", "--no-progress", *options],
            cwd=self._folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "BENCH_CACHE": str(self._cache)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def whole_lines(self) -> bytes:
        """The journal up to its last newline."""
        with contextlib.suppress(FileNotFoundError):
            data = (self.run_folder / "records.jsonl").read_bytes()
            return data[: data.rfind(b"\n") + 1]
        return b""

    def processes(self) -> list[int]:
        """Everything that was started for this run and still runs."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"BENCH_CACHE={self._cache}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found


def kill_and_resume(folder: Path, kills: int, seed: int, rounds: int, longest_s: float) -> Outcome:
    """Kill a run so often, each time up to `longest_s` after its start; then let it end."""
    victim, generator = Victim(folder, rounds), random.Random(seed)
    before, rewritten, done_kills = b"", 0, 0
    for _ in range(kills):
        process = victim.start()
        time.sleep(generator.uniform(0, longest_s))
        if process.poll() is None:
            done_kills += 1
        process.kill()
        process.wait()
        after = victim.whole_lines()
        rewritten += not after.startswith(before)
        before = after
    process = victim.start()
    code = process.wait()
    rewritten += not victim.whole_lines().startswith(before)
    until = time.monotonic() + GONE_WITHIN_S
    while victim.processes() and time.monotonic() < until:
        time.sleep(0.1)
    plan, run = read_plan(victim.run_folder), read_run(victim.run_folder)
    counted = Counter(_unit_ids(victim.whole_lines()))
    return Outcome(
        kills=done_kills,
        planned=len(plan.units),
        done=len({record.unit.id for record in run.records if record.status == "done"} & {u.id for u in plan.units}),
        repeated=sum(count > 1 for count in counted.values()),
        rewritten=rewritten,
        left_running=len(victim.processes()),
        exit_code=code,
    )


def _unit_ids(lines: bytes) -> list[str]:
    events = map(json.loads, lines.splitlines())
    return [decode(Record, event["body"]).unit.id for event in events if event["type"] == "record"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what came of it; exit code 1 where it is not clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=80, help="of the run that is killed: 2 units each; default 80")
    parser.add_argument("--longest", type=float, default=8.0, help="seconds before a kill, at most; default 8")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = kill_and_resume(Path(folder), given.kills, given.seed, given.rounds, given.longest)
    sys.stdout.write(
        f"killed {found.kills} times; planned {found.planned} units, done {found.done}, recorded more than once "
        f"{found.repeated}; finished bytes changed {found.rewritten} times; processes left {found.left_running}; "
        f"exit code of the last run {found.exit_code}: {'clean' if found.clean else 'NOT CLEAN'}\n"
    )
    return int(not found.clean)


if __name__ == "__main__":
    sys.exit(main())
