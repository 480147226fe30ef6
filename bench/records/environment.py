"""What a device is, and by what it is known again."""

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RuntimeVersion:
    """An installed runtime and its version; `note` says what it lacks (a compiler, say)."""

    name: str
    version: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What a device is. `fingerprint` covers only what decides a number and does not change by itself."""

    machine: str  # x86_64, aarch64
    cpu_model: str
    logical_cpus: int
    physical_cores: int
    allowed_cpus: tuple[int, ...]  # numbers of those that a process may use there
    big_cpus: tuple[int, ...] = ()  # the fast cluster on big.LITTLE; empty where all are equal
    cpu_features: str = ""  # those that decide speed, as /proc/cpuinfo names them
    caches: str = ""  # sizes by level: "L1d 48K, L2 1024K"
    memory_bytes: int  # all of it, free or not
    kernel: str
    os: str
    python: str
    runtimes: tuple[RuntimeVersion, ...]  # and the packages they need
    board: str = ""  # device-tree model
    virtual: str = ""  # hypervisor or container, as far as it shows
    governor: str = ""
    cpu_quota: float | None = None  # CPUs that its control group may use up on average; None: no limit
    realtime_refused: str = ""  # why its workers may not run at real-time priority; empty where they may
    realtime_leaves_time: bool = True  # beside a real-time process that never sleeps, to others on its CPU
    cleared_variables: tuple[str, ...] = ()  # NAME=VALUE that its workers did not inherit: they would decide numbers
    max_frequency_hz: int | None = None  # of CPU 0
    temperature_c: float | None = None  # of the hottest CPU zone, degrees Celsius
    throttle_flags: int | None = None  # a Raspberry Pi's get_throttled bits
    free_disk_bytes: int | None = None  # where the bench cache lies
    accelerators: tuple[str, ...] = ()  # "cuda:0 NVIDIA H200, driver ..."
    clock_skew_s: float | None = None  # its clock minus the host's
    fingerprint: str = ""

    def runtime(self, name: str) -> RuntimeVersion | None:
        """The installed runtime or package of that name, None where it is missing."""
        return next((runtime for runtime in self.runtimes if runtime.name == name), None)


def fingerprint(
    machine: str,
    model: str,
    kernel: str,
    runtimes: tuple[RuntimeVersion, ...],
    accelerators: tuple[str, ...] = (),
    cpu_quota: float | None = None,
) -> str:
    """16 hex digits of what decides a number and doesn't change by itself; nothing volatile."""
    parts: list[object] = [machine, model, kernel, [[r.name, r.version] for r in runtimes], list(accelerators)]
    parts += [] if cpu_quota is None else [cpu_quota]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def difference(before: Environment, after: Environment) -> str:
    """What changed between two environments of one device, in words; empty where the fingerprint is the same."""
    if before.fingerprint == after.fingerprint:
        return ""
    return "; ".join(f"{name} was {old}, is {new}" for name, old, new in changed(before, after)) or "its fingerprint"


def changed(before: Environment, after: Environment) -> tuple[tuple[str, str, str], ...]:
    """What of that which makes the fingerprint differs: its name, what it was, what it is."""
    changes = []
    for name in ("machine", "cpu_model", "kernel", "accelerators", "cpu_quota"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            changes.append((name.replace("_", " "), _shown(old), _shown(new)))
    was, now = ({r.name: r.version for r in environment.runtimes} for environment in (before, after))
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            changes.append((name, was.get(name, "not installed"), now.get(name, "not installed")))
    return tuple(changes)


def _shown(value: object) -> str:
    return repr(value) if value else "none"
