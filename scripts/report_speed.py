"""What `bench report` costs on long runs: `python scripts/report_speed.py [--kind ops] [--records 1000,10000]`.

Each run is made of one measured unit of docs/results, written again and again with other sizes, settings or names,
five rounds each. A fresh process reports it and prints its seconds stage by stage, and its peak memory.
"""

import argparse
import copy
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
OPERATORS = ("conv", "gconv", "dwconv", "pconv")
KINDS: dict[str, tuple[str, Callable[[dict[str, Any], int], None]]] = {}
Stages = dict[str, tuple[float, float]]  # user and wall seconds


def _sizes(unit: dict[str, Any], cell: int) -> None:
    """Four operators at ever more sizes."""
    size = cell // 4
    unit["workload"] |= {
        "name": OPERATORS[cell % 4],
        "input_shape": [4 * (1 + size % 500), 8 + size // 500 % 50, 8 + size // 25_000],
    }


def _settings(unit: dict[str, Any], cell: int) -> None:
    """Eight workloads under ever more settings."""
    setting, place = divmod(cell, 8)
    _sizes(unit, place)
    unit |= {"batch": 1 + setting % 50, "threads": 1 + setting // 50}


def _networks(unit: dict[str, Any], cell: int) -> None:
    """The paper's networks, then a user's own."""
    from reports.paper_tables import paper

    networks = paper().networks
    facts = networks[cell] if cell < len(networks) else None
    unit["workload"] |= {
        "name": facts.name if facts else f"net{cell}",
        "input_shape": [*facts.input_shape] if facts else [3, 224, 224],
        "model": unit["workload"]["model"] | {"source": facts.name if facts else f"mine.networks:net{cell}"},
    }


KINDS |= {"ops": ("ops-cpu", _sizes), "settings": ("ops-cpu", _settings), "models": ("models-cpu", _networks)}


def make_run(folder: Path, kind: str, records: int) -> None:
    """A run's folder with that many records."""
    source, vary = KINDS[kind]
    plan = json.loads((ROOT / "docs/results" / source / "run.json").read_text())
    journal = (ROOT / "docs/results" / source / "records.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in journal]
    done = [event for event in events if event["type"] == "record" and event["body"]["status"] == "done"]
    template = sorted(done, key=lambda event: len(event["body"]["measurement"]["samples_s"]))[len(done) // 2]
    plan["units"] = []
    with (folder / "records.jsonl").open("w") as file:
        file.writelines(line + "\n" for line, event in zip(journal, events, strict=True) if event["type"] == "device")
        for number in range(records):
            turn, cell = divmod(number, max(1, records // ROUNDS))
            event = copy.deepcopy(template)
            unit, scale = event["body"]["unit"], 1 + cell % 997 / 100
            vary(unit, cell)
            unit["round"] = turn
            event["body"]["cost"]["macs"] = int(event["body"]["cost"]["macs"] * scale)
            samples = event["body"]["measurement"]["samples_s"]
            event["body"]["measurement"]["samples_s"] = [each * scale**0.8 * (1 + cell % 7 / 10) for each in samples]
            plan["units"].append(unit)
            file.write(json.dumps(event, separators=(",", ":")) + "\n")
    plan["pairs"] = []
    (folder / "run.json").write_text(json.dumps(plan))


@contextmanager
def stage(name: str, stages: Stages) -> Iterator[None]:
    """Adds up what the block takes under that name."""
    user, wall = resource.getrusage(resource.RUSAGE_SELF).ru_utime, time.monotonic()
    yield
    user = resource.getrusage(resource.RUSAGE_SELF).ru_utime - user
    stages[name] = (user, time.monotonic() - wall)


def report(folder: Path) -> Stages:
    """What `bench report` does, stage by stage."""
    stages: Stages = {}
    with stage("start", stages):
        from rich.console import Console

        from bench.garbage import uncollected
        from bench.journal import read_run
        from reports.formats import formats
        from reports.results import Results
        from reports.write import write_reports
    with uncollected():
        with stage("reading", stages):
            results = Results(run=read_run(folder))
        with stage("rows", stages):
            _ = results.rows
        with stage("ledger", stages):
            _ = results.entries
        with stage("terminal", stages):
            Console(file=io.StringIO(), width=100).print(formats()["table"].shown(results))
        with stage("files", stages):
            write_reports(results, folder)
    return stages


def measured(kind: str, records: int) -> tuple[Stages, float]:
    """The stages of one report in a process of its own, and its peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        make_run(Path(folder), kind, records)
        command = [sys.executable, __file__, "--one", folder]
        ended = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    found = json.loads(ended.stdout)
    return {name: tuple(seconds) for name, seconds in found["stages"].items()}, found["peak_mb"]


def main() -> int:
    """A line for each stage: user and wall seconds of each run, and the ratio of its user seconds to the first's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=tuple(KINDS), action="append")
    parser.add_argument("--records", default="1000,10000", help="lengths of the runs; default 1000,10000")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--make", type=Path, help="only make the last of these runs, in that empty folder")
    arguments = parser.parse_args()
    if arguments.one:
        stages = report(arguments.one)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(json.dumps({"stages": stages, "peak_mb": peak}))
        return 0
    lengths = [int(text) for text in arguments.records.split(",")]
    if arguments.make:
        make_run(arguments.make, (arguments.kind or ["ops"])[-1], lengths[-1])
        return 0
    for kind in arguments.kind or KINDS:
        results = [measured(kind, length) for length in lengths]
        print(f"{kind}: user s (wall s) of {', '.join(f'{length:,}' for length in lengths)} records; over the first's")
        for name in results[0][0]:
            cells = [f"{stages[name][0]:8.2f} ({stages[name][1]:7.2f})" for stages, _ in results]
            ratios = [f"{stages[name][0] / max(0.01, results[0][0][name][0]):.1f}x" for stages, _ in results[1:]]
            print(f"  {name:9}", *cells, *ratios)
        totals = [sum(user for user, _ in stages.values()) for stages, _ in results]
        print(f"  {'all':9}", *(f"{total:8.2f} {'':9}" for total in totals))
        print(f"  {'peak MB':9}", *(f"{peak:8.0f} {'':9}" for _, peak in results), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
