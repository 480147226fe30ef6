"""Setting a device up, emptying its cache: on a real sshd on loopback, without a network."""

import re
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from bench.agent.provision import ProvisionError, _make_environment
from bench.devices.check import check, throttle_text
from bench.devices.setup import alone_for, clean, environment_folder, packages_for, setup
from bench.devices.wheels import Target, choose_wheels
from bench.errors import DeviceError, UsageError
from bench.link.ssh import SshTransport
from bench.records.device import Device, SshTarget
from bench.wire.lease import Lease
from bench.wire.messages import Wheel
from tests.sshd import Sshd

BOARD = Target(python="3.11.2", machine="aarch64")
HERE = Target(python="3.11.7", machine="x86_64")


def wheel(folder: Path, name: str, tags: str = "py3-none-any", needs: tuple[str, ...] = (), body: str = "") -> Path:
    """A wheel that pip installs: one module, empty or not, and its metadata."""
    module, stem = name.replace("-", "_"), name.replace("-", "_") + "-1.0"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in needs)
    folder.mkdir(exist_ok=True)
    path = folder / f"{stem}-{tags}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}.py", body)
        archive.writestr(f"{stem}.dist-info/METADATA", metadata)
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


@pytest.mark.parametrize(
    ("tags", "fits"),
    [
        ("py3-none-any", True),
        ("py2.py3-none-any", True),
        ("cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64", True),
        ("cp36-abi3-manylinux2014_aarch64", True),
        ("cp312-abi3-manylinux2014_aarch64", False),
        ("cp312-cp312-manylinux2014_aarch64", False),
        ("cp311-cp311-manylinux2014_x86_64", False),
        ("cp311-cp311-musllinux_1_2_aarch64", False),
        ("cp27-none-any", False),
        ("py38-none-any", True),
        ("py312-none-any", False),
        ("cp311-none-any", True),
        ("cp310-none-any", False),
        ("py3-none-manylinux_2_28_aarch64", True),
        ("cp311-cp311-linux_aarch64", True),
        # Which glibc the board has is not known here: pip there takes the right one.
        ("cp311-cp311-manylinux_2_39_aarch64", True),
        ("cp36-abi3-musllinux_1_2_aarch64", False),
        ("cp311-cp311t-manylinux2014_aarch64", False),
        ("cp311-cp311-macosx_11_0_arm64", False),
    ],
)
def test_only_wheels_that_fit_the_board_are_sent(tmp_path: Path, tags: str, fits: bool) -> None:
    path = wheel(tmp_path / "w", "numpy", tags)
    if fits:
        assert choose_wheels(tmp_path / "w", ("numpy",), BOARD) == (path,)
    else:
        with pytest.raises(UsageError, match=r"none; fetch them with `pip download .* numpy`"):
            choose_wheels(tmp_path / "w", ("numpy",), BOARD)


def test_what_a_wheel_requires_comes_along_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    top = wheel(folder, "onnxruntime", needs=("Flat.Buffers>=1", "torch; extra == 'gpu'", "colorama; os_name == 'nt'"))
    below = wheel(folder, "flat-buffers", needs=("onnxruntime",))
    wheel(folder, "torch")
    wheel(folder, "colorama")
    (folder / "no-wheels-name.whl").touch()
    assert choose_wheels(folder, ("onnxruntime",), BOARD) == (below, top)


def test_what_is_required_is_what_the_board_requires(tmp_path: Path) -> None:
    """Not what this machine would: markers of the Python and the processor, and the extras that are asked for."""
    folder = tmp_path / "w"
    toolkit = wheel(folder, "toolkit", needs=("blas; extra == 'blas'", "fft; extra == 'fft'"))
    needs = (
        "onboard; platform_machine == 'aarch64'",
        "desktop; platform_machine == 'x86_64'",
        "old; python_version < '3.11'",
        "patched; python_full_version >= '3.11.2'",
        "toolkit[blas]>=1; sys_platform == 'linux'",
    )
    top = wheel(folder, "torch", needs=needs)
    others = {name: wheel(folder, name) for name in ("onboard", "desktop", "old", "patched", "blas", "fft")}
    wanted = (others["blas"], others["onboard"], others["patched"], toolkit, top)
    assert choose_wheels(folder, ("torch",), BOARD) == wanted


def test_what_comes_alone_brings_nothing_along(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    top = wheel(folder, "torch", needs=("sympy",))
    below, alone = wheel(folder, "sympy"), wheel(folder, "executorch", needs=("hydra-core", "pandas"))
    wheel(folder, "pandas")
    assert choose_wheels(folder, ("torch",), BOARD, ("executorch",)) == (alone, below, top)


def test_what_is_missing_is_fetched_as_it_will_be_installed(tmp_path: Path) -> None:
    wheel(tmp_path, "numpy")
    with pytest.raises(UsageError) as told:
        choose_wheels(tmp_path, ("numpy", "torch"), BOARD, ("executorch", "ncnn"))
    assert "expected wheels of torch, executorch, ncnn for Python 3.11" in str(told.value)
    first, second = re.findall("`([^`]*)`", str(told.value))
    assert first.endswith(f"-d {tmp_path} torch")
    assert second.endswith(f"-d {tmp_path} --no-deps executorch ncnn")


def test_a_broken_wheel_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="check --wheels"):
        choose_wheels(tmp_path / "none", ("numpy",), BOARD)
    wheel(tmp_path, "numpy").write_bytes(b"no zip")
    with pytest.raises(UsageError, match=r"expected a wheel at .*numpy-1.0-py3-none-any.whl"):
        choose_wheels(tmp_path, ("numpy",), BOARD)


def test_packages_follow_the_entrys_runtimes() -> None:
    device = Device(name="board", ssh=SshTarget(destination="board"))
    assert packages_for(device) == ("numpy", "onnxruntime")
    assert packages_for(replace(device, runtimes=("eager",))) == ("numpy", "torch")
    assert packages_for(replace(device, runtimes=("litert",))) == ("numpy", "ai-edge-litert")
    # What pip does not bring with it, and what it would bring for nothing.
    assert packages_for(replace(device, runtimes=("executorch", "ncnn"))) == ("numpy", "torch")
    assert alone_for(replace(device, runtimes=("executorch", "ncnn"))) == ("executorch", "ncnn")
    assert alone_for(replace(device, runtimes=("litert",))) == ()
    assert packages_for(replace(device, accelerator="cuda:0"))[-2:] == ("torch", "nvidia-ml-py")


@pytest.mark.parametrize(
    ("python", "folder"),
    [("", "bench-env"), ("./env/bin/python", "env"), ("/opt/x/bin/python3", "/opt/x"), ("./a/b/bin/python", "a/b")],
)  # fmt: skip
def test_the_environment_is_where_python_says(python: str, folder: str) -> None:
    assert environment_folder("board", SshTarget(destination="board", python=python)) == folder


@pytest.mark.parametrize("python", ["python3", "./python", "/usr/local/python3.12"])
def test_a_python_outside_of_an_environment_is_not_touched(python: str) -> None:
    with pytest.raises(UsageError, match="lie in an environment"):
        environment_folder("board", SshTarget(destination="board", python=python))


@pytest.mark.parametrize("name", ["../numpy.whl", "/etc/numpy.whl", ".numpy.whl", "-numpy.whl", "numpy.zip", "a/b.whl"])
def test_a_wheels_name_is_no_path(name: str) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        Wheel(name=name, size=1, digest="0" * 64)


def test_throttle_flags_in_words() -> None:
    assert throttle_text(0) == "none"
    assert throttle_text(0x50005) == "under-voltage, throttled, under-voltage since boot, throttled since boot"


@pytest.mark.ssh
def test_setup_from_wheels_and_clean(sshd: Sshd, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    for name in ("numpy", "onnxruntime"):
        wheel(folder, name)
    wheel(folder, "ncnn", needs=("nowhere-to-be-had",))
    device = replace(sshd.device(python=""), runtimes=("onnxruntime", "ncnn"))
    steps: list[str] = []
    setup(device, steps.append, wheels=folder, python=sys.executable)
    assert steps[0].startswith("sending 3 wheels")
    assert steps[-1] == f"{sshd.home}/bench-env/bin/python is ready"
    cache = sshd.home / ".cache/bench"
    assert not list(cache.glob("wheels-*")), "the wheels were only passing through"
    found = check(device)
    assert {r.name for r in found.environment.runtimes} == {"numpy", "onnxruntime", "ncnn"}
    assert not any("installed" in warning for warning in found.warnings)
    clean(device, steps.append)
    assert steps[-1].startswith(f"emptied {cache}")
    assert not cache.exists()
    assert (sshd.home / "bench-env").exists()


@pytest.mark.ssh
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import no_such_library", "no_such_library"),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGILL)",
            "importing onnxruntime; it was built for instructions",
        ),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "importing onnxruntime; killed by SIGSEGV"),
    ],
)
def test_setup_imports_what_the_devices_runtimes_are_imported_by(
    sshd: Sshd, tmp_path: Path, body: str, said: str
) -> None:
    for name in ("numpy", "psutil"):
        wheel(tmp_path / "w", name)
    wheel(tmp_path / "w", "onnxruntime", body=body)
    with pytest.raises(DeviceError, match=f"the new environment failed: .*{said}"):
        setup(sshd.device(python=""), lambda _: None, wheels=tmp_path / "w", python=sys.executable)


@pytest.mark.ssh
def test_debians_python_without_venv_gets_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last lines of Debian 12's own message, which name the package and not ensurepip."""

    def fails(*_: object) -> None:
        raise ProvisionError(
            "python -m venv failed: You may need to use sudo with that command. After installing the python3-venv;"
            " package, recreate your virtual environment.; Failing command: /home/pi/bench-env/bin/python3"
        )

    monkeypatch.setattr("bench.agent.provision._run", fails)
    with pytest.raises(ProvisionError, match="sudo apt install python3-venv"):
        _make_environment(tmp_path / "bench-env")


def test_setup_says_what_pip_said_and_leaves_a_foreign_folder_alone(sshd: Sshd, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    wheel(folder, "numpy")
    wheel(folder, "onnxruntime", needs=("not-there",))
    device = sshd.device(python="")
    with pytest.raises(DeviceError, match=r"^board: pip failed: ERROR.*not-there"):
        setup(device, lambda text: None, wheels=folder, python=sys.executable)
    mine = sshd.home / "mine/bin"
    mine.mkdir(parents=True)
    with pytest.raises(DeviceError, match="free or an environment"):
        setup(sshd.device(python="./mine/bin/python"), lambda text: None, wheels=folder, python=sys.executable)
    assert list(mine.iterdir()) == []


@pytest.mark.ssh
def test_clean_waits_for_no_run_and_keeps_what_is_not_ours(sshd: Sshd) -> None:
    device = sshd.device()
    timing = Lease(lock_wait_s=0.3)
    connection, _, _ = SshTransport(device).connect("run", timing)
    try:
        with pytest.raises(DeviceError, match="another run holds this device"):
            clean(device, lambda text: None, lock_wait_s=0.3)
    finally:
        connection.close()
    mine = sshd.home / ".cache/bench/notes.txt"
    mine.touch()
    clean(device, lambda text: None)
    assert [path.name for path in mine.parent.iterdir()] == ["notes.txt"]
