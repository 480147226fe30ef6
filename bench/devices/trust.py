"""`bench devices trust`: see a device's host key by the user's own route, and remember it if the user says so."""

import base64
import binascii
import hashlib
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.devices.setup import ssh_target
from bench.errors import DeviceError, LinkLostError, StorageError, UsageError
from bench.link.ssh_command import OPTIONS, ssh_command
from bench.link.ssh_errors import explain
from bench.plain_text import plain_line
from bench.records.device import Device, SshTarget

_LIMIT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class OfferedKey:
    """The key a device showed: its line for `file`, its fingerprint as ssh prints it, whether it is in there."""

    line: str
    kind: str
    fingerprint: str
    file: Path
    known: bool
    hashed: bool  # the user's configuration wants host names hashed


def offered_key(device: Device, program: str = "ssh") -> OfferedKey:
    """Ask for the key and log in no further; DeviceError where there is no way, or another key is on file."""
    target = ssh_target(device)
    settings = _settings(device.name, target, program)
    known_hosts = Path(settings.get("userknownhostsfile", "~/.ssh/known_hosts").split(" ")[0]).expanduser()
    with tempfile.TemporaryDirectory(prefix="bench-trust-") as folder:
        shown = Path(folder) / "known_hosts"
        # Into an empty file of its own; a jump host on the way is still held against the user's.
        options = _with(
            StrictHostKeyChecking="accept-new",
            UserKnownHostsFile=str(shown),
            GlobalKnownHostsFile="/dev/null",
            HashKnownHosts="no",
            CheckHostIP="no",
            UpdateHostKeys="no",
            ControlPath="none",
        )
        command = ssh_command(target, "true", options=options, program=program)
        code, _, stderr = _run(device.name, command)
        lines = shown.read_text().splitlines() if shown.exists() else []
    if not lines:
        raise _no_key(device.name, target.destination, code, stderr)
    host, kind, key = lines[0].split()[:3]
    known = _known(host, known_hosts)
    if known and (kind, key) not in known and kind in {each for each, _ in known}:
        raise DeviceError(
            f"{device.name}: {known_hosts} holds another {kind} key for {host} than the device shows"
            f" ({fingerprint(key)}); where it was installed anew, forget the old one with"
            f" `ssh-keygen -R '{host}' -f {known_hosts}` and try again"
        )
    return OfferedKey(
        line=f"{host} {kind} {key}",
        kind=kind,
        fingerprint=fingerprint(key),
        file=known_hosts,
        known=(kind, key) in known,
        hashed=settings.get("hashknownhosts") in ("yes", "true"),
    )


def remember(key: OfferedKey) -> None:
    """Append it to the user's known hosts; StorageError where that file cannot be written."""
    line = _hashed(key.line) if key.hashed else key.line
    try:
        key.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        torn = key.file.exists() and not key.file.read_bytes().endswith(b"\n") and key.file.stat().st_size > 0
        with key.file.open("a", encoding="utf-8") as file:
            file.write(("\n" if torn else "") + line + "\n")
    except OSError as error:
        raise StorageError(
            f"expected to add the key to {key.file}: {error.strerror}; mend that and try again"
        ) from None


def fingerprint(key: str) -> str:
    """SHA256:..., of a key in base64, as `ssh-keygen -l` prints it."""
    try:
        data = base64.b64decode(key, validate=True)
    except binascii.Error:
        raise DeviceError("expected a host key in base64, the device showed something else") from None
    return "SHA256:" + base64.b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def _with(**changed: str) -> tuple[str, ...]:
    """Our options, these first: ssh takes the first value it meets."""
    return (*(word for name, value in changed.items() for word in ("-o", f"{name}={value}")), *OPTIONS)


def _settings(name: str, target: SshTarget, program: str) -> dict[str, str]:
    """What ssh makes of the user's configuration for this host."""
    command = ssh_command(target, program=program)
    code, output, stderr = _run(name, [command[0], "-G", *command[1:]])
    if code:
        raise explain(name, target.destination, code, stderr)
    return {key: value for key, _, value in (line.partition(" ") for line in output.splitlines())}


def _no_key(name: str, host: str, code: int, stderr: str) -> DeviceError | LinkLostError:
    refused = [line for line in stderr.splitlines() if re.search("host key is known|Host key verification", line)]
    if refused:  # not the device's key: that one would have been taken
        return DeviceError(
            f"{name}: a jump host on the way is not known here (ssh: {plain_line(refused[0], 160)}); connect to it"
            " once with plain `ssh`, or trust its own entry in devices.yaml"
        )
    problem = explain(name, host, code, stderr)
    return problem if isinstance(problem, DeviceError) else DeviceError(str(problem))


def _known(host: str, file: Path) -> set[tuple[str, str]]:
    """The keys on file for that host, hashed names included."""
    if not file.exists():
        return set()
    found = _keygen("-F", host, "-f", str(file))
    lines = [line.split() for line in found.splitlines() if not line.startswith(("#", "@"))]
    return {(words[1], words[2]) for words in lines if len(words) >= 3}


def _hashed(line: str) -> str:
    with tempfile.TemporaryDirectory(prefix="bench-trust-") as folder:
        path = Path(folder) / "known_hosts"
        path.write_text(line + "\n")
        _keygen("-H", "-f", str(path))
        return path.read_text().strip()


def _keygen(*arguments: str) -> str:
    command = ["ssh-keygen", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_S).stdout


def _run(name: str, command: list[str]) -> tuple[int, str, str]:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_LIMIT_S,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise UsageError(f"expected the OpenSSH client as `{command[0]}`, found none; install openssh-client") from None
    except subprocess.TimeoutExpired:
        raise LinkLostError(f"{name}: ssh did not end within {_LIMIT_S:g} s; try plain `ssh` to it") from None
    return done.returncode, done.stdout, done.stderr
