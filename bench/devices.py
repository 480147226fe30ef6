"""The devices a run may name: this machine's CPU and GPUs, and the entries of devices.yaml."""

import re
from dataclasses import dataclass

_CUDA = re.compile(r"cuda(:\d{1,2})?")


@dataclass(frozen=True, kw_only=True)
class SshTarget:
    """How ssh finds a machine; every field has been checked against a strict pattern."""

    destination: str  # user@host, host, or a Host of ssh_config
    port: int | None = None
    config: str = ""  # passed to ssh as -F
    python: str = ""  # empty: the environment that `bench devices setup` made, else python3


@dataclass(frozen=True, kw_only=True)
class Device:
    """One thing that numbers are taken on. Devices with equal `machine` share it and run in turn."""

    name: str
    accelerator: str = ""  # "" is the CPU, else "cuda:N"
    ssh: SshTarget | None = None  # None is this machine
    runtimes: tuple[str, ...] = ()  # what its entry allows; empty: the command's own choice
    threads: int = 0  # its entry's default; 0: the command's

    @property
    def machine(self) -> str:
        """What decides whether two devices can be measured at once."""
        return "local" if self.ssh is None else f"{self.ssh.config}|{self.ssh.destination}|{self.ssh.port or 22}"


def builtin_device(name: str) -> Device | None:
    """`cpu`, `cuda` and `cuda:N`, which always exist; None for another name."""
    if name == "cpu":
        return Device(name=name)
    if _CUDA.fullmatch(name):
        return Device(name=name, accelerator=name if ":" in name else "cuda:0")
    return None
