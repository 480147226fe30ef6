"""The command line of the system's ssh: the user's own configuration, keys and jump hosts, and nothing interactive."""

import os
import subprocess
from collections.abc import Mapping

from bench.errors import UsageError
from bench.records.device import SshTarget

# No terminal, forwarding, prompt or local command; a host key must be known; a dead link ends after about 15 s.
OPTIONS = (
    "-T", "-x", "-a",
    "-o", "BatchMode=yes",
    "-o", "StrictHostKeyChecking=yes",
    "-o", "ConnectTimeout=10",
    "-o", "ServerAliveInterval=5",
    "-o", "ServerAliveCountMax=3",
    "-o", "ClearAllForwardings=yes",
    "-o", "PermitLocalCommand=no",
    "-o", "EscapeChar=none",
    "-o", "ControlMaster=no",
)  # fmt: skip


def ssh_command(target: SshTarget, *remote: str, options: tuple[str, ...] = OPTIONS) -> list[str]:
    """The local command: options first, then `--`, so that no host can be read as one."""
    route = ["-F", target.config] if target.config else []
    route += ["-p", str(target.port)] if target.port else []
    return ["ssh", *options, *route, "--", target.destination, *remote]


def start_ssh(command: list[str], environment: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
    """Run it in a session of its own, so that Ctrl-C reaches us alone and we end it in our order."""
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ if environment is None else environment),
            start_new_session=True,
        )
    except FileNotFoundError:
        raise UsageError(f"expected the OpenSSH client as `{command[0]}`, found none; install openssh-client") from None
