"""What went wrong with ssh, from its last words: its exit code is 255 for nearly everything."""

import re
from dataclasses import dataclass

from bench.errors import BenchError, DeviceError, LinkLostError
from bench.plain_text import plain_line


@dataclass(frozen=True, kw_only=True)
class _Cause:
    """A pattern in ssh's stderr, what it means and what to do. `passing`: a new try may succeed."""

    pattern: str
    problem: str
    remedy: str
    passing: bool = False


# The first that matches counts: the particular before the general.
_CAUSES = (
    _Cause(
        pattern="REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed|Host key for .* has changed",
        problem="its host key is not the one that was trusted",
        remedy="where the board was installed anew, forget the old key with `ssh-keygen -R HOST` and run"
        " `bench devices trust {name}`; else someone may be in between",
    ),
    _Cause(
        pattern="host key is known for|Host key verification failed",
        problem="its host key is not known here",
        remedy="compare and add it with `bench devices trust {name}`",
    ),
    _Cause(
        pattern="Permission denied|Too many authentication failures|No supported authentication methods",
        problem="it refused every key that ssh offered",
        remedy="add your public key to it, for example with `ssh-copy-id {host}`, and check the user name",
    ),
    _Cause(
        pattern="Bad owner or permissions|[Bb]ad configuration|Can't open user config|no argument after",
        problem="ssh does not accept its configuration",
        remedy="mend that file",
    ),
    _Cause(
        pattern="Temporary failure in name resolution|Could not resolve hostname \\S+\\.local\\b",
        problem="its name cannot be resolved now",
        remedy="check that it is switched on and in this network, or give its address as `ssh:`",
        passing=True,
    ),
    _Cause(
        pattern="Could not resolve hostname",
        problem="its name cannot be resolved",
        remedy="check `ssh:` in devices.yaml, or give its address there",
    ),
    _Cause(
        pattern="Connection refused",
        problem="nothing listens there",
        remedy="check that the device is up, that its sshd runs, and `port:` in devices.yaml",
        passing=True,
    ),
    _Cause(
        pattern="timed out|[Tt]imeout",
        problem="it does not answer",
        remedy="check that it is switched on and reachable from here",
        passing=True,
    ),
    _Cause(
        pattern="No route to host|[Nn]etwork is unreachable|Host is down",
        problem="there is no way to it",
        remedy="check the network and that the device is switched on",
        passing=True,
    ),
    _Cause(
        pattern="Connection (to .* )?closed|Connection reset|reset by peer|Broken pipe|send disconnect"
        "|ssh_dispatch_run_fatal|banner exchange|kex_exchange|UNKNOWN port|stdio forwarding failed"
        "|Corrupted MAC|Bad packet length",
        problem="the connection broke",
        remedy="look at the device and its network, then use --resume",
        passing=True,
    ),
)  # fmt: skip


def explain(name: str, host: str, code: int | None, stderr: str) -> BenchError:
    """Why ssh ended before the agent ran: the device, what ssh said, what to do."""
    lines = [line for line in stderr.splitlines() if line.strip(" @\r")]
    for cause in _CAUSES:
        said = [line for line in lines if re.search(cause.pattern, line)]
        if said:
            kind = LinkLostError if cause.passing else DeviceError
            remedy = cause.remedy.format(name=name, host=host)
            words = plain_line(said[0].removeprefix("ssh: "), 160)
            return kind(f"{name}: {cause.problem} (ssh: {words}); {remedy}")
    last = plain_line(lines[-1], 160) if lines else "nothing"
    how = "was ended by a signal" if code is None or code < 0 else f"ended with code {code}"
    remedy = f"try `ssh {host} true` by hand, then `bench devices check {name}`"
    return DeviceError(f"{name}: ssh {how} before our program ran there (it said: {last}); {remedy}")


def explain_loss(name: str, host: str, code: int | None, stderr: str) -> BenchError:
    """Why an agent that ran is gone. What the device may have written on stderr decides only the words."""
    if code == 0:  # as it does on a signal
        return LinkLostError(f"{name}: the agent was asked to end by somebody else; look at what ends processes there")
    if code is not None and 0 < code < 255:
        lines = [line for line in stderr.splitlines() if line.strip()]
        last = plain_line(lines[-1], 200) if lines else "no message"
        return DeviceError(f"{name}: the agent ended with code {code} ({last}); see `bench devices check {name}`")
    known = explain(name, host, code, stderr)
    if isinstance(known, LinkLostError):
        return known
    return LinkLostError(
        f"{name}: the connection broke, or the agent was killed; look at the device, then use --resume"
    )
