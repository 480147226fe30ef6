"""`bench devices trust`: ssh shows a device's host key, by the user's own route, and files it if the user says so."""

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.devices.setup import ssh_target
from bench.errors import DeviceError, LinkLostError, StorageError
from bench.link.ssh_command import OPTIONS, ssh_command, start_ssh
from bench.link.ssh_errors import explain
from bench.plain_text import plain_line
from bench.records.device import Device, SshTarget
from bench.system.process_group import kill_group

_LIMIT_S = 60.0
# Agrees where ssh shows the very fingerprint that the user agreed to; all else that ssh may ask gets no answer.
_ASKPASS = """#!/bin/sh
case "$1" in *"$BENCH_FINGERPRINT"*) echo "$BENCH_FINGERPRINT" ;; *) exit 1 ;; esac
"""


@dataclass(frozen=True, kw_only=True)
class OfferedKey:
    """The key a device showed, its fingerprint as ssh prints it, and the file that holds it, or that it belongs in."""

    kind: str
    fingerprint: str
    file: str
    known: bool


def offered_key(device: Device) -> OfferedKey:
    """Ask for the key and log in no further; DeviceError where there is no way, or another key is on file."""
    log, kind, fingerprint = _contact(device, "StrictHostKeyChecking=yes")
    found = re.search(r"^debug1: Found .*key in (.+):\d+$", log, re.MULTILINE)
    file = found[1] if found else _first_file(ssh_target(device))
    return OfferedKey(kind=kind, fingerprint=fingerprint, file=file, known=found is not None)


def remember(device: Device, key: OfferedKey) -> None:
    """Let ssh add it as the user's configuration says; StorageError where it could not, DeviceError on another key."""
    _end_last_line(Path(key.file).expanduser())
    with tempfile.TemporaryDirectory(prefix="bench-trust-") as folder:
        askpass = Path(folder) / "askpass"
        askpass.write_text(_ASKPASS)
        askpass.chmod(0o700)
        answers = {"SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force", "BENCH_FINGERPRINT": key.fingerprint}
        # Before 8.4 ssh knew no force: it asked a program where there was no terminal but a display.
        environment = {"DISPLAY": "none", **os.environ, **answers}
        log, _, fingerprint = _contact(device, "StrictHostKeyChecking=ask", "BatchMode=no", environment=environment)
    if fingerprint != key.fingerprint:
        raise DeviceError(f"{device.name}: it shows another key now ({fingerprint}); nothing was added, try again")
    if "\nWarning: Permanently added " not in log:
        said = re.search("(Failed to add|ssh_askpass).*", log)
        why = plain_line(said[0], 160) if said else "it did not say why"
        raise StorageError(f"expected ssh to add the key to {key.file}: {why}; mend that and try again")


def _contact(device: Device, *options: str, environment: Mapping[str, str] | None = None) -> tuple[str, str, str]:
    """Ssh's log of a contact that ends before any login, the kind and the fingerprint of the key that was shown."""
    name, target = device.name, ssh_target(device)
    with tempfile.TemporaryDirectory(prefix="bench-trust-") as folder:
        path = Path(folder) / "log"  # of this ssh alone: a jump host's has only our stderr
        path.touch()
        # These come first: ssh takes the first value it meets.
        changed = (*options, "PreferredAuthentications=none", "LogLevel=DEBUG1", "FingerprintHash=sha256")
        words = [word for each in (*changed, "VerifyHostKeyDNS=no", "ControlPath=none") for word in ("-o", each)]
        command = ssh_command(target, "true", options=("-E", str(path), *words, *OPTIONS))
        code, _, route = _run(name, command, environment)
        log = path.read_text(errors="replace")
    shown = re.search(r"^debug1: Server host key: (\S+) (\S+)$", log, re.MULTILINE)
    if shown is None:
        refused = re.search(".*(host key is known|Host key verification).*", route)
        if refused is None:
            raise explain(name, target.destination, code, route + re.sub("(?m)^debug1: .*", "", log))
        raise DeviceError(
            f"{name}: a jump host on the way is not known here (ssh: {plain_line(refused[0], 160)}); connect to it"
            " once with plain `ssh`, or trust its own entry in devices.yaml"
        )
    kind, fingerprint = shown.groups()
    if other := re.search(r"^Offending .*key in (.+):\d+\n(?:.*\n)*?Host key for (\S+) has changed", log, re.MULTILINE):
        file, host = other.groups()
        raise DeviceError(
            f"{name}: {file} holds another {kind} key for {host} than the device shows ({fingerprint}); where it was"
            f" installed anew, forget the old one with `ssh-keygen -R '{host}' -f {file}` and try again"
        )
    if revoked := re.search(".* was revoked .*", log):
        raise DeviceError(f"{name}: its key is marked as revoked (ssh: {plain_line(revoked[0], 160)}); give it another")
    return log, kind, fingerprint


def _end_last_line(file: Path) -> None:
    """Ssh (9.2 for one) writes on where a last line has no end, and both lines would be lost."""
    with contextlib.suppress(OSError):  # then ssh cannot write there either, and says so
        if (held := file.read_bytes()) and not held.endswith(b"\n"):
            with file.open("ab") as end:
                end.write(b"\n")


def _first_file(target: SshTarget) -> str:
    """Where the user's configuration wants new keys for this host."""
    _, settings, _ = _run(target.destination, ssh_command(target, options=("-G",)))
    first = re.search(r"^userknownhostsfile (\S+)", settings, re.MULTILINE)
    return first[1] if first else "the known hosts"


def _run(name: str, command: list[str], environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    with start_ssh(command, environment) as process:
        try:
            output, errors = process.communicate(timeout=_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise LinkLostError(f"{name}: ssh did not end within {_LIMIT_S:g} s; try plain `ssh` to it") from None
        finally:
            kill_group(process)
    return process.returncode, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace")
