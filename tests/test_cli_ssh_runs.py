"""Whole runs on a device behind a real sshd: a cut healed, a host killed and resumed, a device that never answers."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.cutting_proxy import CuttingProxy
from tests.sshd import Sshd, free_port, wait_until
from tests.test_worker_onnx_file import doubled

pytestmark = [pytest.mark.ssh, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[1]
GRID = ("--op", "dwconv,pconv", "--size", "8x8x8", "--stack", "1", "--quick")


@pytest.fixture
def place(sshd: Sshd, proxy: CuttingProxy, tmp_path: Path) -> Path:
    """A folder whose devices.yaml names a board behind the proxy and one that is switched off."""
    folder = tmp_path / "place"
    folder.mkdir()
    way = f"ssh: board\n    ssh_config: {sshd.folder}/ssh_config\n    python: {sys.executable}"
    (folder / "devices.yaml").write_text(
        f"devices:\n  board:\n    {way}\n    port: {proxy.port}\n  away:\n    {way}\n    port: {free_port()}\n"
    )
    return folder


def start(place: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """The command as a user starts it, with a cache of its own."""
    command = [sys.executable, "-m", "bench.cli.main", *arguments, "--no-progress"]
    environment = os.environ | {"BENCH_CACHE": str(place / "cache"), "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    return subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process: "subprocess.Popen[bytes]") -> tuple[int, str]:
    _, errors = process.communicate(timeout=180)
    return process.returncode, errors.decode()


def journal(place: Path) -> list[dict[str, object]]:
    path = place / "out/records.jsonl"
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def done(place: Path) -> list[str]:
    """The units with a number, once for each record."""
    return [json.dumps(r["unit"], sort_keys=True) for r in journal_records(place) if r["status"] == "done"]


def journal_records(place: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for line in journal(place):
        for body in (line, *line.values()):
            if isinstance(body, dict) and "status" in body and "unit" in body:
                found.append(body)
    return found


def table(place: Path) -> list[dict[str, str]]:
    with (place / "out/table.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def complete(place: Path, sshd: Sshd) -> None:
    """Each planned unit has one number, no more; nothing runs on the device."""
    rows = table(place)
    assert {row["name"] for row in rows} == {"dwconv", "pconv"}
    assert {(row["status"], row["rounds"]) for row in rows} == {("done", "1")}
    assert set(Counter(done(place)).values()) == {1}
    assert len(done(place)) == 2
    wait_until(lambda: not sshd.agents(), "our programs on the device to end")


def test_a_cut_in_mid_run_heals_by_itself(sshd: Sshd, proxy: CuttingProxy, place: Path) -> None:
    process = start(place, "ops", "--device", "board", *GRID, "--out", "out")
    wait_until(lambda: done(place) or process.poll() is not None, "the first record", 90)
    proxy.reset()
    code, errors = finish(process)
    assert code == 0, errors
    complete(place, sshd)


def test_a_killed_host_resumes_what_is_missing(sshd: Sshd, place: Path) -> None:
    process = start(place, "ops", "--device", "board", *GRID, "--out", "out")
    wait_until(lambda: done(place) or process.poll() is not None, "the first record", 90)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not sshd.agents(), "our programs on the device to end", 30)
    before = (place / "out/records.jsonl").read_bytes()
    whole = before[: before.rfind(b"\n") + 1]
    code, errors = finish(start(place, "ops", "--resume", "out"))
    assert code == 0, errors
    assert (place / "out/records.jsonl").read_bytes().startswith(whole), "finished units keep their bytes"
    complete(place, sshd)


def test_a_device_that_is_away_leaves_the_others_alone(sshd: Sshd, place: Path) -> None:
    code, errors = finish(start(place, "ops", "--device", "board,away", *GRID, "--out", "out"))
    assert code == 4, errors
    assert "away: nothing listens there (ssh: " in errors
    status = {(row["device"], row["status"]) for row in table(place)}
    assert ("board", "done") in status
    assert {state for device, state in status if device == "away"} <= {"lost"}
    wait_until(lambda: not sshd.agents(), "our programs on the device to end")


def test_a_device_that_is_this_very_machine_says_so(sshd: Sshd, place: Path) -> None:
    """The same cache stands for the same user: ssh to localhost."""
    command = [sys.executable, "-m", "bench.cli.main", "ops", "--device", "board", *GRID, "--out", "out"]
    environment = os.environ | {"BENCH_CACHE": f"{sshd.home}/.cache/bench", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 4
    assert "it is the machine that this very run uses as " in done.stderr
    assert "another run" not in done.stderr
    assert not (place / "out").exists()


def test_a_users_own_arrays_travel_to_the_device(sshd: Sshd, place: Path) -> None:
    doubled(place / "net.onnx", ("n", 3, 8, 8))
    np.savez(place / "in.npz", x=np.ones((5, 3, 8, 8), dtype="float32"))
    asked = ("--model", "net.onnx", "--input-data", "in.npz", "--quick", "--device", "board", "--out", "out")
    code, errors = finish(start(place, "models", *asked, "--runtime", "onnxruntime"))
    assert code == 0, errors
    (row,) = table(place)
    assert (row["status"], row["batch"], row["max_error"]) == ("done", "5", "0")
    (record,) = journal_records(place)
    digest = record["unit"]["workload"]["model"]["inputs"]["digest"]  # type: ignore[index]
    assert (sshd.home / ".cache/bench/files" / digest).is_file()
    wait_until(lambda: not sshd.agents(), "our programs on the device to end")
