"""What `bench history` costs on many runs: `python scripts/history_speed.py [--records 1000000] [--folder DIR]`.

The runs are those of docs/results/models-cpu and ops-cpu, written again and again with another time, code version and
level, so that a record is as large as they are. A fresh process then reads, groups, tests and tabulates them; its time
is set beside that of only reading the same bytes, and of parsing a part of them with the standard library's json.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("models-cpu", "ops-cpu")
RUNS_OF_A_CODE = 20  # so many runs share a code version
BEGAN = 1_750_000_000  # seconds since the epoch
PARSED = 10_000  # records for the standard library
LEVEL_SPREAD = 0.03  # of the levels of runs: normal, of their logarithm
PROGRAM = "import sys; from bench.cli.main import main; sys.exit(main())"


def make_runs(folder: Path, records: int) -> None:
    """So many records and a few more, in folders of one run each."""
    rng = random.Random(1)
    sources = [_source(name) for name in SOURCES]
    made = number = 0
    while made < records:
        plan, events = sources[number % len(sources)]
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BEGAN + 3600 * number))
        made += _write(folder / f"run{number:05d}", plan, events, stamp, f"{number // RUNS_OF_A_CODE:012x}", rng)
        number += 1


def _source(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    folder = ROOT / "docs/results" / name
    events = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    return json.loads((folder / "run.json").read_text()), events


def _write(
    folder: Path, plan: dict[str, Any], events: list[dict[str, Any]], stamp: str, code: str, rng: random.Random
) -> int:
    """One run; how many records it has."""
    folder.mkdir(parents=True)
    units = [unit | {"code_version": code} for unit in plan["units"]]
    (folder / "run.json").write_text(json.dumps(plan | {"created_utc": stamp, "code_version": code, "units": units}))
    level = rng.lognormvariate(0, LEVEL_SPREAD)
    records = [event for event in events if event["type"] == "record"]
    with (folder / "records.jsonl").open("w") as file:
        for event in events:
            if event["type"] == "record":
                body = event["body"]
                event = event | {"body": body | _again(body, stamp, code, level * rng.lognormvariate(0, 0.01))}
            file.write(json.dumps(event, separators=(",", ":")) + "\n")
    return len(records)


def _again(body: dict[str, Any], stamp: str, code: str, scale: float) -> dict[str, Any]:
    """What differs in another run's record of the same unit."""
    measured = body["measurement"]
    if measured is not None:
        measured = measured | {"samples_s": [round(each * scale, 9) for each in measured["samples_s"]]}
    return {"unit": body["unit"] | {"code_version": code}, "started_utc": stamp, "measurement": measured}


def _files(folder: Path) -> Iterator[Path]:
    for run in sorted(folder.iterdir()):
        yield run / "run.json"
        yield run / "records.jsonl"


def _read(folder: Path) -> float:
    """Seconds to read every byte and do nothing with it."""
    began = time.monotonic()
    for path in _files(folder):
        path.read_bytes()
    return time.monotonic() - began


def _parse(folder: Path) -> float:
    """Microseconds for a record with the standard library."""
    lines: list[bytes] = []
    for run in sorted(folder.iterdir()):
        lines += (run / "records.jsonl").read_bytes().splitlines()
        if len(lines) >= PARSED:
            break
    began = time.process_time()
    for line in lines[:PARSED]:
        json.loads(line)
    return 1e6 * (time.process_time() - began) / len(lines[:PARSED])


def measure(folder: Path) -> None:
    """Print the figures."""
    size = sum(path.stat().st_size for path in _files(folder))
    reading = min(_read(folder) for _ in range(3))
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ["history", str(folder), "-v"]
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(next(line for line in ended.stdout.splitlines() if " records, " in line))
    print(f"{size / 1e9:.2f} GB; read alone {reading:.2f} s")
    print(
        f"bench history {wall:.2f} s, {wall / reading:.1f} times as long; {cpu:.2f} s of CPU time in all its processes"
    )
    print(f"largest process {after.ru_maxrss / 1024:.0f} MB; json.loads takes {_parse(folder):.1f} us a record")


def main() -> None:
    """Make the runs where they are not there, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="Keep the runs there, and take those that are there.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        if not folder.is_dir() or not any(folder.iterdir()):
            make_runs(folder, given.records)
        measure(folder)


if __name__ == "__main__":
    main()
