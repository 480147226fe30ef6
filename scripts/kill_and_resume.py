"""Signals at random moments to the host, agent or worker of `bench ops`, resumed each time its host has ended.

    python scripts/kill_and_resume.py --signals 200 --seed 1

At the end every planned unit must be done exactly once, finished units must have kept their bytes, every host must have
ended as its signal asks for, and no process may be left. Moments, targets and signals are drawn from --seed.
"""

import argparse
import contextlib
import json
import os
import random
import signal
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


SIGNALS = ("KILL", "TERM", "INT", "HUP", "QUIT")
TARGETS = {"host": "", "agent": "bench.agent", "worker": "bench.worker"}  # by a word of the command line
# Done, some units failed or lost, a device lost, interrupted.
ORDERLY = {0, 3, 4, 130}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the folder and the machine look like in the end."""

    sent: tuple[tuple[str, int], ...]  # "KILL to host", how often
    planned: int
    done: int
    repeated: int  # units with more than one number in the journal
    rewritten: int  # how often the bytes of finished units changed
    left_running: int
    odd_ends: tuple[str, ...]  # of hosts: neither in order nor by the signal
    exit_code: int

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, changed or left."""
        wrong = (self.repeated, self.rewritten, self.left_running, self.odd_ends, self.exit_code)
        return self.planned == self.done and not any(wrong)


class Victim:
    """A small run that is started, killed and resumed in one folder."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.run_folder, self._cache, self._folder = folder / "run", folder / "cache", folder
        self._first = ["--op", "dwconv,pconv", "--size", "16x4x4", "--stack", "1", "--rounds", str(rounds)]

    def start(self) -> "subprocess.Popen[bytes]":
        """Begin the run, or go on with it where there is a plan."""
        planned = (self.run_folder / "run.json").exists()
        going_on = ["--resume", str(self.run_folder), "--retry-failed"]
        options = going_on if planned else [*self._first, "--out", str(self.run_folder)]
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

    def processes(self) -> dict[int, str]:
        """Everything that was started for this run and still runs, with its command line."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"BENCH_CACHE={self._cache}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def choose(self, generator: random.Random, host: int) -> tuple[str, int]:
        """One of its processes, each kind as likely as another; the host where the kind is not there now."""
        kind = generator.choice(list(TARGETS))
        found = sorted(pid for pid, it in self.processes().items() if TARGETS[kind] in it and pid != host)
        return (kind, generator.choice(found)) if found and kind != "host" else ("host", host)


def signal_and_resume(folder: Path, signals: int, seed: int, rounds: int, longest_s: float) -> Outcome:
    """Send so many signals, each up to `longest_s` after the one before; then let the run end."""
    victim, generator = Victim(folder, rounds), random.Random(seed)
    sent, odd = Counter[str](), list[str]()
    before, rewritten = b"", 0
    process = victim.start()
    for _ in range(signals):
        time.sleep(generator.uniform(0, longest_s))
        name = generator.choice(SIGNALS)
        target, pid = victim.choose(generator, process.pid)
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.Signals[f"SIG{name}"])
            sent[f"{name} to {target}"] += 1
            if target == "host":
                process.wait()
        if process.poll() is not None:
            if process.returncode not in {*ORDERLY, -signal.Signals[f"SIG{name}"]}:
                odd.append(f"{process.returncode} after {name} to {target}")
            process = victim.start()
        after = victim.whole_lines()
        rewritten += not after.startswith(before)
        before = after
    process.wait()
    code = process.returncode
    if code in ORDERLY - {0}:  # the last signals cost it something: once more, undisturbed
        code = victim.start().wait()
    rewritten += not victim.whole_lines().startswith(before)
    until = time.monotonic() + GONE_WITHIN_S
    while victim.processes() and time.monotonic() < until:
        time.sleep(0.1)
    plan, run = read_plan(victim.run_folder), read_run(victim.run_folder)
    counted = Counter(_measured(victim.whole_lines()))
    return Outcome(
        sent=tuple(sorted(sent.items())),
        planned=len(plan.units),
        done=len({record.unit.id for record in run.records if record.status == "done"} & {u.id for u in plan.units}),
        repeated=sum(count > 1 for count in counted.values()),
        rewritten=rewritten,
        left_running=len(victim.processes()),
        odd_ends=tuple(odd),
        exit_code=code,
    )


def _measured(lines: bytes) -> list[str]:
    """The units with a number, one for each record of one."""
    events = map(json.loads, lines.splitlines())
    records = (decode(Record, event["body"]) for event in events if event["type"] == "record")
    return [record.unit.id for record in records if record.status == "done"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what came of it; exit code 1 where it is not clean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=50, help="how many are sent; default 50")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=80, help="of the run: 2 units each; default 80")
    parser.add_argument("--longest", type=float, default=8.0, help="seconds before a signal, at most; default 8")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = signal_and_resume(Path(folder), given.signals, given.seed, given.rounds, given.longest)
    sys.stdout.write(
        f"sent {', '.join(f'{count} {what}' for what, count in found.sent)}; planned {found.planned} units, done"
        f" {found.done}, with more than one number {found.repeated}; finished bytes changed {found.rewritten} times;"
        f" processes left {found.left_running}; odd ends {', '.join(found.odd_ends) or 'none'}; exit code of the last"
        f" run {found.exit_code}: {'clean' if found.clean else 'NOT CLEAN'}\n"
    )
    return int(not found.clean)


if __name__ == "__main__":
    sys.exit(main())
