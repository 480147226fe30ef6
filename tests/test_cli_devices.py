"""`bench devices` as a user meets it: what is printed where, and the exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.cache.device_lock import Holder
from bench.cache.store import Store
from bench.cli.main import main
from tests.sshd import Sshd, free_port


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))


def bench(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    code = main(["devices", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def write(sshd: Sshd, *lines: str, python: str = sys.executable) -> None:
    entry = ["ssh: board", f"ssh_config: {sshd.folder}/ssh_config", f"python: {python}", *lines]
    text = "devices:\n  board:\n" + "".join(f"    {line}\n" for line in entry)
    Path("devices.yaml").write_text(text)


def test_the_list_shows_this_machines_own_and_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = bench(capsys)
    assert code == 0
    assert "this machine" in out
    assert "no devices.yaml was found" in err
    Path("devices.yaml").write_text("devices: {pi4: {ssh: 'pi@raspberrypi.local', port: 2200, threads: 3}}")
    code, out, err = bench(capsys, "list")
    assert code == 0
    assert "ssh pi@raspberrypi.local port 2200" in out
    assert "1 devices besides" in err


@pytest.mark.parametrize(
    ("text", "arguments", "says"),
    [
        ("devices: {pi4: {shs: a}}", ("list",), "devices.yaml:1: devices.pi4.shs: unknown key; did you mean ssh?"),
        ("devices: {pi4: {ssh: a}}", ("check", "pi5"), "did you mean pi4?"),
        ("devices: {pi4: {ssh: a}}", ("setup", "cpu"), "which is this machine's own"),
        ("devices: {pi4: {ssh: a}}", ("trust", "cuda"), "which is this machine's own"),
        ("devices: {pi4: {ssh: a}}", ("setup", "pi4", "--python", "a b"), "--python: expected"),
        ("devices: {pi4: {ssh: a}}", ("setup", "pi4", "--index", "-x"), "begin it with https://"),
        ("devices: {}", ("check",), "there is no entry"),
        ("devices: {pi4: {ssh: a, python: python3}}", ("setup", "pi4"), "lie in an environment"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], text: str, arguments: tuple[str, ...], says: str
) -> None:
    Path("devices.yaml").write_text(text)
    code, out, err = bench(capsys, *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1


def test_check_of_this_machine_needs_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = bench(capsys, "check", "cpu")
    assert code == 0
    assert "clock skew" in out


@pytest.mark.ssh
def test_check_goes_on_past_a_device_that_is_away(sshd: Sshd, capsys: pytest.CaptureFixture[str]) -> None:
    write(sshd)
    with Path("devices.yaml").open("a") as file:
        file.write(f"  away:\n    ssh: board\n    ssh_config: {sshd.folder}/ssh_config\n    port: {free_port()}\n")
    code, out, err = bench(capsys, "check")
    assert code == 4
    assert "Linux" in out
    assert err.startswith("bench: away: nothing listens there (ssh: ")
    assert len(err.splitlines()) == 1


@pytest.mark.ssh
def test_an_unknown_key_leads_to_trust_and_from_there_to_the_device(
    sshd: Sshd, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(sshd)
    known = sshd.folder / "known_hosts"
    known.write_text("")
    code, _, err = bench(capsys, "check", "board")
    assert code == 4
    assert "`bench devices trust board`" in err
    assert bench(capsys, "trust", "board", "--fingerprint", "SHA256:other")[0] == 2
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    assert bench(capsys, "trust", "board")[0] == 2
    assert known.read_text() == ""
    monkeypatch.setattr("click.confirm", lambda *_, **__: True)
    code, out, err = bench(capsys, "trust", "board")
    assert code == 0
    assert "board shows ssh-ed25519 SHA256:" in out
    assert "Compare it" in err
    assert "trusted already" in bench(capsys, "trust", "board")[1]
    assert bench(capsys, "check", "board")[0] == 0


@pytest.mark.ssh
def test_warnings_name_their_remedy(sshd: Sshd, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(sshd.home / "bench-env")], check=True)
    write(sshd, "runtimes: [openvino]", "threads: 1000", python="~/bench-env/bin/python")
    code, out, _ = bench(capsys, "check", "board")
    assert code == 0
    assert "warning: openvino is not installed there: `bench devices setup board` installs it" in out
    assert "warning: numpy is not installed there" in out
    assert "threads: 1000 is more than" in out


def test_this_machines_own_cache_can_be_emptied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("BENCH_CACHE", str(cache))
    assert bench(capsys, "clean", "cpu") == (0, "", f"{cache} is empty\n")
    Store(cache).add_bytes(b"0123456789")
    (cache / "artifacts").mkdir()
    (cache / "notes.txt").write_text("the user's own")
    code, out, err = bench(capsys, "clean", "cpu")
    assert (code, out) == (0, "")
    assert err.startswith(f"emptied {cache}: ")
    assert [path.name for path in cache.iterdir()] == ["notes.txt"]


def test_a_cache_in_use_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    monkeypatch.setattr("bench.cache.clean.take_lock", lambda cache, wait_s: Holder(process="process 1"))
    code, _, err = bench(capsys, "clean", "cpu")
    assert code == 4
    assert "cpu: another run holds this device (process 1)" in err


@pytest.mark.ssh
def test_clean_says_what_it_did(sshd: Sshd, capsys: pytest.CaptureFixture[str]) -> None:
    write(sshd)
    bench(capsys, "check", "board")
    code, out, err = bench(capsys, "clean", "board")
    assert (code, out) == (0, "")
    assert err.startswith(f"emptied {sshd.home}/.cache/bench: ")
    assert list((sshd.home / ".cache").iterdir()) == []
