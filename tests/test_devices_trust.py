"""Trusting a device's host key: ssh itself shows it and files it, against a real sshd on loopback."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bench.devices.trust import offered_key, remember
from bench.errors import DeviceError, LinkLostError, StorageError
from bench.link.ssh import SshTransport
from bench.wire.lease import Lease
from tests.cutting_proxy import CuttingProxy
from tests.sshd import Sshd, free_port, new_key

pytestmark = pytest.mark.ssh


def fingerprint(sshd: Sshd) -> str:
    command = ["ssh-keygen", "-lf", str(sshd.folder / "host_key.pub")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1]


def key_words(path: Path) -> str:
    """Kind and key of a .pub file."""
    return " ".join(path.read_text().split()[:2])


def configure(sshd: Sshd, **changed: str) -> None:
    """Give the client's configuration these lines before its own: ssh takes the first."""
    config = sshd.folder / "ssh_config"
    lines = "".join(f"    {name} {value}\n" for name, value in changed.items())
    config.write_text(config.read_text().replace("Host *\n", f"Host *\n{lines}"))


def test_trust_shows_the_key_and_adds_it_once(sshd: Sshd) -> None:
    known = sshd.folder / "known_hosts"
    known.write_text("elsewhere ssh-ed25519 AAAA")  # no newline at its end
    key = offered_key(sshd.device())
    assert (key.kind, key.fingerprint, key.file, key.known) == ("ssh-ed25519", fingerprint(sshd), str(known), False)
    assert known.read_text() == "elsewhere ssh-ed25519 AAAA", "looking adds nothing"
    remember(sshd.device(), key)
    added = f"[127.0.0.1]:{sshd.port} {key_words(sshd.folder / 'host_key.pub')}"
    assert known.read_text().splitlines() == ["elsewhere ssh-ed25519 AAAA", added]
    assert offered_key(sshd.device()) == replace(key, known=True)
    SshTransport(sshd.device()).connect("run", Lease())[0].close()


def test_trust_works_before_any_login_does(sshd: Sshd) -> None:
    (sshd.folder / "known_hosts").unlink()
    (sshd.folder / "client_key.pub").rename(sshd.folder / "gone")
    key = offered_key(sshd.device())
    assert key.fingerprint == fingerprint(sshd)
    remember(sshd.device(), key)
    assert offered_key(sshd.device()).known


def test_nothing_is_typed_for_the_user_but_the_fingerprint(sshd: Sshd) -> None:
    """Neither contact goes on to a login, so no password or passphrase is asked for."""
    (sshd.folder / "known_hosts").unlink()
    remember(sshd.device(), offered_key(sshd.device()))
    said = (sshd.folder / "sshd.log").read_text()
    assert "Connection closed by" in said
    assert "Accepted" not in said
    assert "Failed" not in said


def test_trust_hashes_names_where_the_user_does(sshd: Sshd) -> None:
    known = sshd.folder / "known_hosts"
    known.write_text("")
    configure(sshd, HashKnownHosts="yes")
    remember(sshd.device(), offered_key(sshd.device()))
    assert known.read_text().startswith("|1|")
    assert offered_key(sshd.device()).known


def test_the_first_file_takes_new_keys_and_each_of_them_counts(sshd: Sshd) -> None:
    first, second = sshd.folder / "first", sshd.folder / "known_hosts"
    configure(sshd, UserKnownHostsFile=f"{first} {second}")
    assert (offered_key(sshd.device()).file, offered_key(sshd.device()).known) == (str(second), True)
    second.write_text("")
    key = offered_key(sshd.device())
    assert (key.file, key.known) == (str(first), False)
    remember(sshd.device(), key)
    assert first.read_text().startswith(f"[127.0.0.1]:{sshd.port} ")
    assert second.read_text() == ""


def test_another_port_is_another_host(sshd: Sshd) -> None:
    proxy = CuttingProxy(sshd.port)
    try:
        device = sshd.device(port=proxy.port)
        key = offered_key(device)
        assert not key.known, "the key is on file for the server's own port"
        remember(device, key)
    finally:
        proxy.close()
    lines = (sshd.folder / "known_hosts").read_text().splitlines()
    assert [line.split()[0] for line in lines] == [f"[127.0.0.1]:{port}" for port in (sshd.port, proxy.port)]


def test_no_other_key_than_the_one_agreed_to_is_added(sshd: Sshd) -> None:
    """The device, or who stands before it, shows another key at the second contact."""
    known = sshd.folder / "known_hosts"
    known.write_text("")
    key = offered_key(sshd.device())
    sshd.stop()
    for path in (sshd.folder / "host_key", sshd.folder / "host_key.pub"):
        path.unlink()
    new_key(sshd.folder / "host_key")
    sshd.start()
    with pytest.raises(DeviceError, match=r"board: it shows another key now \(SHA256:.*nothing was added"):
        remember(sshd.device(), key)
    assert known.read_text() == ""


def test_trust_refuses_to_replace_a_key(sshd: Sshd) -> None:
    new_key(sshd.folder / "other_key")
    known = sshd.folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {(sshd.folder / 'other_key.pub').read_text()}")
    before = known.read_text()
    remedy = rf"another ssh-ed25519 key .*`ssh-keygen -R '\[127.0.0.1\]:{sshd.port}' -f {known}`"
    with pytest.raises(DeviceError, match=remedy):
        offered_key(sshd.device())
    assert known.read_text() == before


def test_trust_takes_no_revoked_key(sshd: Sshd) -> None:
    (sshd.folder / "known_hosts").write_text(f"@revoked * {key_words(sshd.folder / 'host_key.pub')}\n")
    with pytest.raises(DeviceError, match="marked as revoked"):
        offered_key(sshd.device())


def test_a_file_that_cannot_take_the_key_is_named(sshd: Sshd) -> None:
    known = sshd.folder / "known_hosts"
    known.unlink()
    key = offered_key(sshd.device())
    known.mkdir()
    with pytest.raises(StorageError, match=f"add the key to {known}: Failed to add"):
        remember(sshd.device(), key)


def test_a_device_that_is_away_is_said_so(sshd: Sshd) -> None:
    with pytest.raises(LinkLostError, match=r"^board: nothing listens there \(ssh: connect to host"):
        offered_key(sshd.device(port=free_port()))


def test_trust_takes_no_jump_hosts_key(sshd: Sshd, tmp_path: Path) -> None:
    behind = Sshd(tmp_path / "behind")
    try:
        jump = (sshd.folder / "ssh_config").read_text().replace("Host *", "Host jump")
        inner = (behind.folder / "ssh_config").read_text().replace("Host *", "Host board\n    ProxyJump jump")
        (behind.folder / "ssh_config").write_text(jump + inner)
        (behind.folder / "known_hosts").write_text("")
        key = offered_key(behind.device())
        assert key.fingerprint == fingerprint(behind)
        (sshd.folder / "known_hosts").write_text("")
        for contact in (lambda: offered_key(behind.device()), lambda: remember(behind.device(), key)):
            with pytest.raises(DeviceError, match="a jump host on the way is not known"):
                contact()
        assert (sshd.folder / "known_hosts").read_text() == ""
        sshd.trust(sshd.port)
        remember(behind.device(), key)
        assert offered_key(behind.device()).known
    finally:
        behind.close()
