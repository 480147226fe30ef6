"""An emulated aarch64 board (tests/armrig): what is read of it, set-up without internet, a table."""

import csv
import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.cache.store import default_cache
from bench.cli.main import main
from bench.devices.check import Found, check
from bench.devices.file import find_device
from bench.errors import EXIT_DEVICE
from bench.host import ceilings, converters
from bench.plan.runtimes import runtime

RIG = Path(__file__).parent / "armrig"
CACHE = Path(os.environ.get("ARMRIG_CACHE") or Path.home() / ".cache/armrig")
HOST_CACHE = default_cache()  # where a converter of its own may stand
PORT = "2237"  # its own board
WHY_NOT = (
    "needs root (chroot, mounts and binfmt_misc)"
    if os.geteuid() != 0
    else "needs the ARM rig: tests/armrig/build.sh makes it, once, in 3 minutes"
    if not (CACHE / "root.stamp").exists()
    else ""
)

pytestmark = [
    pytest.mark.arm,
    pytest.mark.ssh,
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
]


@pytest.fixture(scope="module")
def rig() -> Iterator[Path]:
    """A running board with a new card; gives its ssh_config."""
    yield from board_in("4", PORT)


@pytest.fixture
def pi5(tmp_path: Path) -> Iterator[None]:
    """Another in its place in devices.yaml: a Cortex-A76, which has what the wheels of torch 2.10 are built for."""
    for config in board_in("5", "2238"):
        (tmp_path / "ssh_config").write_text(config.read_text())
        yield


def board_in(model: str, port: str) -> Iterator[Path]:
    """Up before, down after; a test run of another checkout waits its turn."""
    environment = os.environ | {"ARMRIG_PORT": port, "ARMRIG_CACHE": str(CACHE), "ARMRIG_PI": model}
    with (CACHE / f"test-{port}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # A test run that was killed leaves its board running, perhaps in the middle of being throttled.
        subprocess.run([RIG / "down.sh", "--purge"], env=environment, capture_output=True, check=True)
        up = subprocess.run([RIG / "up.sh"], env=environment, capture_output=True, text=True, check=False)
        if up.returncode:
            pytest.skip(f"the rig does not start here: {up.stderr.strip().splitlines()[-1]}")
        yield CACHE / f"run-{port}/ssh_config"
        subprocess.run([RIG / "down.sh", "--purge"], env=environment, capture_output=True, check=True)


@pytest.fixture(autouse=True)
def board(rig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a devices.yaml that names it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    Path("ssh_config").write_text(rig.read_text())
    Path("devices.yaml").write_text("devices:\n  rig:\n    ssh: armrig\n    ssh_config: ssh_config\n")


@pytest.fixture
def ready() -> None:
    """Set it up once: a board without internet."""
    if look().environment.runtime("onnxruntime") is None:
        assert main(["devices", "setup", "rig", "--wheels", str(CACHE / "wheelhouse")]) == 0


def look() -> Found:
    return check(find_device("rig"))


@contextmanager
def throttled(rig: Path, flags: str) -> Iterator[None]:
    """Let its firmware report these flags."""
    path = "/usr/local/bin/vcgencmd"
    before = on_board(rig, f"cat {path}")
    on_board(rig, f"sudo -n tee {path}", f"#!/bin/sh\necho throttled={flags}\n")
    try:
        yield
    finally:
        on_board(rig, f"sudo -n tee {path}", before)


def on_board(rig: Path, command: str, given: str = "") -> str:
    done = subprocess.run(
        ["ssh", "-F", rig, "armrig", command], input=given, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_raspberry_pi_is_read_as_what_it_is(rig: Path) -> None:
    found = look().environment
    assert found.machine == "aarch64"
    assert found.cpu_model == "Cortex-A72"
    assert found.board.startswith("Raspberry Pi 4 Model B")
    assert found.cpu_features == "asimd"
    assert found.caches == "L1d 32K, L2 1024K"
    assert (found.governor, found.max_frequency_hz) == ("ondemand", 1_800_000_000)
    assert (found.temperature_c, found.throttle_flags) == (45.0, 0)
    assert found.big_cpus == ()
    assert found.physical_cores == found.logical_cpus == len(found.allowed_cpus)
    assert found.virtual == "emulated ARM rig", "its numbers must never pass as a Pi's"


def test_throttle_flags_are_told_in_words(rig: Path) -> None:
    with throttled(rig, "0x50005"):
        found = look()
    assert found.environment.throttle_flags == 0x50005
    (warning,) = [warning for warning in found.warnings if "throttle flags" in warning]
    assert "under-voltage, throttled, under-voltage since boot" in warning


def run(*arguments: str) -> list[dict[str, str]]:
    """Measure on the rig; gives the rows of the table."""
    quick = ["--device", "rig", "--quick", "--no-progress", "--out", "out"]
    assert main([*arguments, *quick]) == 0
    with Path("out/table.csv").open(newline="") as file:
        return list(csv.DictReader(file))


SMALL = ("ops", "--op", "dwconv", "--size", "16x8x8", "--stack", "1", "--runtime", "onnxruntime,eager")


@pytest.mark.usefixtures("ready")
def test_operators_run_there_and_what_it_lacks_is_skipped() -> None:
    done, skipped = run(*SMALL)
    assert (done["runtime"], done["status"]) == ("onnxruntime", "done")
    assert float(done["latency_s"]) > 0
    assert float(done["max_error"]) < 1e-4, "its own output against the host's reference"
    assert (skipped["status"], skipped["latency_s"]) == ("skipped", "")
    assert "torch is not installed on rig; " in skipped["reason"]
    assert "`bench devices setup rig` installs it" in skipped["reason"]


@pytest.mark.usefixtures("ready")
def test_a_throttled_board_says_so_in_the_row(rig: Path) -> None:
    with throttled(rig, "0x4"):
        done = run(*SMALL)[0]
    assert done["verdict"] == "throttled"


@pytest.mark.usefixtures("ready")
def test_what_it_can_do_at_most_is_measured_with_numpy_and_onnxruntime_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ceilings, "VISITS", 1)  # each takes 20 s there
    assert main(["peak", "--device", "rig", "--format", "csv"]) == 0
    lines = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert {line["runtime"] for line in lines if line["kind"] == "product"} == {"numpy", "onnxruntime"}
    assert {line["level"] for line in lines if line["kind"] == "memory"} == {"L1d", "L2", "DRAM"}
    assert all(float(line["value"]) > 0 for line in lines)


# Emulated convolutions are a thousand times as slow: a network of the zoo may outlast its deadline on a busy host.
NETS = """\
from torch import nn

def small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 16, 4, stride=4), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 64, 1), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
"""


@pytest.mark.usefixtures("ready")
def test_layers_are_timed_there_and_mapped_here() -> None:
    """The board has no onnx: what its nodes stand for is the host's to say."""
    Path("nets.py").write_text(NETS)
    arguments = ("layers", "nets:small", "--runtime", "onnxruntime", "--input", "64", "--device", "rig")
    assert main([*arguments, "--quick", "--no-progress", "--out", "out"]) == 0
    with Path("out/layers.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["by"] == "layer" and row["time_s"]]
    assert {"conv", "pwconv", "linear"} <= {row["layer_kind"] for row in rows}
    mapped = sum(float(row["share"]) for row in rows if row["layer_kind"] != "unmapped")
    assert mapped > 0.9
    times = [float(row["time_s"]) for row in rows]
    assert min(times) >= 0 < sum(times), "one may be no longer than what the profiler itself takes"


SIX = ("eager", "onnxruntime", "openvino", "litert", "ncnn", "executorch")


def set_up(*runtimes: str) -> int:
    """In an environment of their own: what the board lacks is skipped above."""
    entry = f"    python: ~/other/bin/python\n    runtimes: [{', '.join(runtimes)}]\n"
    Path("devices.yaml").write_text(Path("devices.yaml").read_text() + entry)
    return main(["devices", "setup", "rig", "--wheels", str(CACHE / "wheelhouse")])


def test_a_wheel_for_another_cpu_is_named_by_the_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    """torch 2.10 begins with an LDADDAL, which a Cortex-A72 has not got."""
    assert set_up("eager") == EXIT_DEVICE
    said = capsys.readouterr().err
    assert "the new environment failed: " in said
    assert "importing torch; " in said
    assert "it was built for instructions that this CPU has not got" in said


@pytest.mark.usefixtures("pi5")
def test_six_runtimes_are_set_up_and_timed_by_one_command_each() -> None:
    assert set_up(*SIX) == 0
    Path("cache").mkdir(exist_ok=True)
    Path("cache/environments").symlink_to(HOST_CACHE / "environments")
    rows = {row["runtime"]: row for row in run(*SMALL[:-1], ",".join(SIX), "--no-limit")}
    assert set(rows) == set(SIX)
    for name, row in rows.items():
        if missing := converters.missing(runtime(name), HOST_CACHE):
            assert (row["status"], row["reason"]) == ("skipped", missing)
            continue
        assert (row["status"], row["reason"]) == ("done", "")
        assert float(row["latency_s"]) > 0
        assert float(row["max_error"]) < 1e-4, "its own output against the host's reference"
