"""`bench devices check`: what a device is, and what speaks against measuring on it."""

from dataclasses import dataclass, replace
from threading import Event

from bench.host.machine import probe_accelerators
from bench.link.choice import transport_for
from bench.link.connection import Transport
from bench.plan.runtimes import GRAPH_RUNTIME, MODULE_RUNTIME, runtime
from bench.records.device import Device
from bench.records.environment import Environment
from bench.wire.lease import Lease
from bench.wire.messages import Accelerators

LOW_DISK_BYTES = 500_000_000
SKEW_S = 30.0
# Raspberry Pi, `vcgencmd get_throttled`: live bits; the same 16 higher since the last boot.
FLAGS = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}


@dataclass(frozen=True, kw_only=True)
class Found:
    """A device as it is now: its environment with clock skew and GPUs, and warnings with their remedies."""

    environment: Environment
    warnings: tuple[str, ...]


def check(device: Device, transport: Transport | None = None) -> Found:
    """Connect, look, leave; DeviceError where there is no way."""
    connection, environment, skew = (transport or transport_for(device)).connect("check", Lease())
    gpus = Accelerators()
    try:
        if device.accelerator:
            gpus = probe_accelerators(connection, Event())
    finally:
        connection.close()
    environment = replace(environment, clock_skew_s=skew, accelerators=gpus.names)
    return Found(environment=environment, warnings=_warnings(device, environment, gpus.reason))


def throttle_text(flags: int) -> str:
    """The bits of `vcgencmd get_throttled` in words."""
    now = [text for bit, text in FLAGS.items() if flags >> bit & 1]
    since = [f"{text} since boot" for bit, text in FLAGS.items() if flags >> (bit + 16) & 1]
    return ", ".join(now + since) or "none"


def _warnings(device: Device, found: Environment, gpu_reason: str) -> tuple[str, ...]:
    name = device.name
    remedy = f"`bench devices setup {name}` installs it" if device.ssh else "install it"
    wanted = device.runtimes or ((MODULE_RUNTIME,) if device.accelerator else (GRAPH_RUNTIME,))
    missing = sorted({p for p in (runtime(each).package for each in wanted) if found.runtime(p) is None})
    warnings = [f"{package} is not installed there: {remedy}" for package in missing]
    if found.runtime("numpy") is None:
        warnings.append(f"numpy is not installed there: {remedy}")
    if device.accelerator and not any(gpu.startswith(device.accelerator) for gpu in found.accelerators):
        warnings.append(f"{device.accelerator} is not usable there: {gpu_reason or 'no such GPU was found'}")
    if device.threads > len(found.allowed_cpus):
        warnings.append(f"threads: {device.threads} is more than its {len(found.allowed_cpus)} CPUs: lower it")
    if found.governor and found.governor != "performance":
        warnings.append(
            f"the governor is {found.governor}: clocks move; `echo performance | sudo tee"
            " /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor` on it steadies them"
        )
    if found.throttle_flags:
        warnings.append(f"throttle flags: {throttle_text(found.throttle_flags)}; look at its power supply and cooling")
    if found.free_disk_bytes is not None and found.free_disk_bytes < LOW_DISK_BYTES:
        warnings.append(
            f"{found.free_disk_bytes / 1e6:.0f} MB of disk are free: `bench devices clean {name}` or make room"
        )
    if found.clock_skew_s is not None and abs(found.clock_skew_s) > SKEW_S:
        warnings.append(f"its clock is {found.clock_skew_s:+.0f} s off: times in its records are; set it")
    return tuple(warnings)
