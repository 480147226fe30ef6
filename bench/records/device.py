"""The devices a run may name: this machine's CPU and GPUs, and the entries of devices.yaml."""

import re
from dataclasses import dataclass

_CUDA = re.compile(r"cuda(:\d{1,2})?")
# What may stand in a field that becomes an argument of ssh: no leading dash, no space, quote, control character or
# metacharacter, so that no field can become an option or a command.
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
_NAME = r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?"
_IPV6 = r"[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.]{1,32})?"
_DESTINATION = re.compile(rf"({_USER}@)?({_NAME}|{_IPV6})")
# No space either: for a jump host ssh puts this path, unquoted, into a shell command.
_CONFIG = re.compile(r"[\w./+@=,~][\w./+@=,~-]{0,1023}")
_PYTHON = re.compile(r"(~/)?[A-Za-z0-9_./+][A-Za-z0-9_./+-]{0,511}")


@dataclass(frozen=True, kw_only=True)
class SshTarget:
    """How ssh finds a machine; each field is checked against a strict pattern."""

    destination: str  # user@host, host, or a Host of ssh_config
    port: int | None = None
    config: str = ""  # passed to ssh as -F
    python: str = ""  # empty: the environment that `bench devices setup` made, else python3

    def __post_init__(self) -> None:
        check_destination(self.destination)
        if self.port is not None and not 1 <= self.port <= 65535:
            raise ValueError(f"expected a port of 1 to 65535, got {self.port}")
        if self.config:
            check_config(self.config)
        if self.python:
            check_python(self.python)


@dataclass(frozen=True, kw_only=True)
class Device:
    """One thing that numbers are taken on. Devices with equal `machine` share it and run in turn."""

    name: str
    accelerator: str = ""  # "" is the CPU, else "cuda:N"
    ssh: SshTarget | None = None  # None is this machine
    runtimes: tuple[str, ...] = ()  # what its entry allows; empty: the command's own choice
    threads: int = 0  # its entry's default; 0: the command's
    priority: str = ""  # likewise, a name of bench.system.priority

    @property
    def machine(self) -> str:
        """What decides whether two devices can be measured at once."""
        return "local" if self.ssh is None else f"{self.ssh.config}|{self.ssh.destination}|{self.ssh.port or 22}"


def check_destination(text: str) -> None:
    """ValueError where the text is no [user@]host; it is not repeated, since `user:password@host` is a likely slip."""
    if not _DESTINATION.fullmatch(text):
        raise ValueError(
            "expected user@host, a host or a Host of ssh_config, in letters, digits, dots, dashes and underscores;"
            " ports go to `port`, options to a Host of `ssh_config`, passwords nowhere"
        )


def check_config(text: str) -> None:
    """ValueError where the text is no plain path of this machine."""
    if not _CONFIG.fullmatch(text):
        raise ValueError(
            f"expected a path without spaces, quotes, controls or a leading dash, got {text[:80]!r}; rename it"
        )


def check_python(text: str) -> None:
    """ValueError where the text is no plain path or name of a program."""
    if not _PYTHON.fullmatch(text):
        raise ValueError(
            f"expected the path of Python on the device, like ~/bench-env/bin/python, got {text[:80]!r}; "
            "give a path of letters, digits and ._/+-"
        )


def builtin_device(name: str) -> Device | None:
    """`cpu`, `cuda` and `cuda:N`, which always exist; None for another name."""
    if name == "cpu":
        return Device(name=name)
    if _CUDA.fullmatch(name):
        return Device(name=name, accelerator=name if ":" in name else "cuda:0")
    return None
