"""An agent behind a real sshd on loopback: the way in, the code's journey, and what is left on the device."""

import ast
import os
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from bench.errors import BenchError, DeviceError, LinkLostError, ProtocolError
from bench.host.job import run_job
from bench.link import bootstrap
from bench.link.archive import code_archive
from bench.link.ssh import SshTransport
from bench.records.environment import Environment
from bench.records.measurement import NoiseFloor
from bench.wire.lease import Lease
from bench.wire.messages import Said
from bench.wire.order import Job, Task
from tests.conftest import Mount
from tests.cutting_proxy import CuttingProxy
from tests.sshd import Sshd, free_port, new_key, wait_until

pytestmark = pytest.mark.ssh

LEASE = Lease(heartbeat_s=0.2, lease_s=20.0, grace_s=0.5, lock_wait_s=20.0)


def reach(transport: SshTransport) -> Environment:
    """Connect and leave."""
    connection, environment, _ = transport.connect("run", LEASE)
    connection.close()
    return environment


def refusal(transport: SshTransport, kind: type[BenchError] = DeviceError) -> str:
    with pytest.raises(kind) as caught:
        reach(transport)
    message = str(caught.value)
    assert message.startswith("board: ")
    assert message.isprintable()
    return message


def nothing_runs(sshd: Sshd) -> None:
    wait_until(lambda: not sshd.agents(), "our programs on the device to end")


def test_a_job_runs_there_and_only_the_cache_stays(sshd: Sshd) -> None:
    connection, environment, skew = SshTransport(sshd.device()).connect("run", LEASE)
    assert environment.kernel == os.uname().release
    assert abs(skew) < 60
    heard: list[Said] = []
    try:
        exits = run_job(connection, Job(task=Task(kind="noise")), heard.append, Event())
    finally:
        connection.close()
    assert [type(said.body) for said in heard] == [NoiseFloor]
    assert [(end.code, end.signal) for end in exits] == [(0, 0)]
    nothing_runs(sshd)
    cache = sshd.home / ".cache/bench"
    left = {path.relative_to(cache).as_posix() for path in cache.rglob("*") if path.is_file()}
    assert left == {"agent.lock", f"code/{code_archive().digest}.zip"}
    assert [path.name for path in sshd.home.iterdir()] == [".cache"]


def test_the_code_travels_once(sshd: Sshd, proxy: CuttingProxy) -> None:
    transport = SshTransport(sshd.device(port=proxy.port))
    reach(transport)
    first = proxy.to_server
    reach(transport)
    size = len(code_archive().data)
    assert first > size
    assert proxy.to_server - first < size / 2


def test_a_damaged_archive_is_sent_again(sshd: Sshd) -> None:
    transport = SshTransport(sshd.device())
    reach(transport)
    (archive,) = (sshd.home / ".cache/bench/code").iterdir()
    archive.write_bytes(archive.read_bytes()[:-1] + b"?")
    reach(transport)
    assert archive.read_bytes() == code_archive().data


def test_folders_of_the_home_that_bear_our_names_hide_nothing(sshd: Sshd) -> None:
    for name in ("bench", "models", "json"):
        (sshd.home / name).mkdir()
        (sshd.home / name / "__init__.py").write_text("raise RuntimeError('foreign')")
    connection, _, _ = SshTransport(sshd.device()).connect("run", LEASE)
    try:
        (end,) = run_job(connection, Job(task=Task(kind="noise")), lambda said: None, Event())
    finally:
        connection.close()
    assert end.code == 0, end.log


def test_noise_of_the_login_shell_is_skipped(sshd: Sshd) -> None:
    (sshd.home / ".bashrc").write_text(
        "echo 'welcome \x1b[2J'; echo bench:0123456789abcdef ready; echo '{}'; printf 'no newline'"
    )
    reach(SshTransport(sshd.device()))


def test_endless_noise_ends_as_an_error(sshd: Sshd) -> None:
    (sshd.home / ".bashrc").write_text("yes")
    assert "print nothing" in refusal(SshTransport(sshd.device()), ProtocolError)


def test_a_login_that_stalls_ends_as_an_error(sshd: Sshd) -> None:
    (sshd.home / ".bashrc").write_text("exec sleep 300")
    assert "within 1 s" in refusal(SshTransport(sshd.device(), patience_s=1.0), LinkLostError)


def test_a_shell_that_ends_at_once_is_reported(sshd: Sshd) -> None:
    (sshd.home / ".bashrc").write_text("echo 'this account is closed' >&2; exit 255")
    assert "this account is closed" in refusal(SshTransport(sshd.device()))


def test_an_unknown_host_key_says_how_to_trust_it(sshd: Sshd) -> None:
    (sshd.folder / "known_hosts").write_text("")
    assert "`bench devices trust board`" in refusal(SshTransport(sshd.device()))
    assert (sshd.folder / "known_hosts").read_text() == "", "a key is never added on the way"


def test_a_changed_host_key_is_told_from_an_unknown_one(sshd: Sshd) -> None:
    new_key(sshd.folder / "other_key")
    key = (sshd.folder / "other_key.pub").read_text()
    (sshd.folder / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {key}")
    message = refusal(SshTransport(sshd.device()))
    assert "not the one that was trusted" in message
    assert "ssh-keygen -R" in message


def test_a_refused_key_asks_nothing_and_says_so(sshd: Sshd) -> None:
    (sshd.folder / "client_key").unlink()
    (sshd.folder / "client_key.pub").rename(sshd.folder / "gone")
    assert "refused every key" in refusal(SshTransport(sshd.device()))


def test_a_closed_port_and_an_unknown_name(sshd: Sshd) -> None:
    assert "nothing listens" in refusal(SshTransport(sshd.device(port=free_port())), LinkLostError)
    config = sshd.folder / "ssh_config"
    config.write_text(config.read_text().replace("HostName 127.0.0.1", "HostName nowhere..invalid"))
    assert "cannot be resolved" in refusal(SshTransport(sshd.device()))
    config.write_text("Nonsense yes\n")
    assert "does not accept its configuration" in refusal(SshTransport(sshd.device()))


def test_no_python_is_said_in_band(sshd: Sshd) -> None:
    message = refusal(SshTransport(sshd.device(python="./nowhere/python")))
    assert "'./nowhere/python'" in message
    assert "`python:`" in message


def test_an_old_python_is_said_in_band(sshd: Sshd) -> None:
    old = sshd.home / "old-python"
    old.write_text(
        f"#!{sys.executable}\nimport sys\nsys.version_info = (3, 9, 2, 'final', 0)\n"
        "program, sys.argv = sys.argv[3], sys.argv[2:]\nsys.argv[1:2] = []\nexec(program)\n"
    )
    old.chmod(0o755)
    assert "got 3.9.2" in refusal(SshTransport(sshd.device(python="./old-python")))
    assert not (sshd.home / ".cache").exists()


@pytest.mark.parametrize("machine", [b"\xb7\0", b"\x08\0"])
def test_a_python_of_another_architecture_is_said_in_one_line(sshd: Sshd, machine: bytes) -> None:
    """An ELF file of aarch64 or MIPS with nothing behind its header."""
    foreign = sshd.home / "foreign-python"
    head = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x02\0" + machine + b"\x01\0\0\0"
    foreign.write_bytes(head.ljust(64, b"\0"))
    foreign.chmod(0o755)
    assert "foreign-python" in refusal(SshTransport(sshd.device(python="./foreign-python")))
    nothing_runs(sshd)


def test_the_first_program_uses_no_syntax_that_an_old_python_cannot_parse() -> None:
    new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Await, ast.Starred, ast.Match)
    for node in ast.walk(ast.parse(bootstrap.PROGRAM)):
        assert not isinstance(node, new), ast.dump(node)
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not node.args.kwonlyargs
            assert not any(argument.annotation for argument in node.args.args)
        if isinstance(node, ast.Raise):
            assert node.cause is None


def test_two_hosts_share_a_device_in_turn(sshd: Sshd) -> None:
    transport = SshTransport(sshd.device())
    connection, _, _ = transport.connect("first", LEASE)
    try:
        with pytest.raises(DeviceError, match="another run holds this device"):
            transport.connect("second", replace(LEASE, lock_wait_s=0.3))
    finally:
        connection.close()
    nothing_runs(sshd)
    reach(transport)


def test_a_jump_host_is_the_users_own_affair(sshd: Sshd, tmp_path: Path) -> None:
    behind = Sshd(tmp_path / "behind")
    try:
        jump = (sshd.folder / "ssh_config").read_text().replace("Host *", "Host jump")
        inner = (behind.folder / "ssh_config").read_text().replace("Host *", "Host board\n    ProxyJump jump")
        (behind.folder / "ssh_config").write_text(jump + inner)
        connection, environment, _ = SshTransport(behind.device()).connect("run", LEASE)
        try:
            assert environment.logical_cpus == os.cpu_count()
            sshd.stop()
            with pytest.raises(LinkLostError):
                connection.receive(20)
        finally:
            connection.close()
        nothing_runs(behind)
    finally:
        behind.close()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a tmpfs")
@pytest.mark.parametrize(("size", "says"), [("64k", "No space left on device"), ("1m,ro", "Read-only file system")])
def test_a_full_or_read_only_disk_is_said_and_leaves_no_torn_file(
    sshd: Sshd, mounted: Mount, size: str, says: str
) -> None:
    mounted(sshd.home / ".cache", size)
    message = refusal(SshTransport(sshd.device()))
    assert says in message
    assert "free space" in message
    assert not [path for path in (sshd.home / ".cache").rglob("*") if path.is_file()]
