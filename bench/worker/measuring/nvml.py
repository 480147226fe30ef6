"""One NVIDIA GPU as its driver's management library (NVML) sees it: clocks, why they are low, power, temperature."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.system.files import text_of


class UnwatchedError(Exception):
    """NVML cannot be asked about this GPU; a run goes on without it and says so."""


@dataclass(frozen=True, kw_only=True)
class GpuIdentity:
    """What CUDA and NVML both know a GPU by; their indices differ under CUDA_VISIBLE_DEVICES."""

    uuid: str  # with or without NVML's "GPU-" in front
    pci_bus_id: str = ""  # domain:bus:device.function


@dataclass(frozen=True, kw_only=True)
class GpuState:
    """One reading; None where this GPU or driver does not tell."""

    clock_reasons: int | None = None
    sm_clock_mhz: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None


class NvmlGpu:
    """A handle on one GPU. `library` is the module `pynvml`."""

    def __init__(self, identity: GpuIdentity, library: Any = None) -> None:
        """Raises UnwatchedError where there is no library, no driver or no such GPU."""
        self._nvml = library or _library()
        try:
            self._nvml.nvmlInit()
        except self._nvml.NVMLError as error:
            raise UnwatchedError(f"NVML does not start: {error}") from error
        self._handle = self._find(identity)

    def read(self) -> GpuState:
        """Ask once. Some queries take a millisecond: never inside a timed region."""
        nvml, handle = self._nvml, self._handle
        reasons = self._ask(lambda: nvml.nvmlDeviceGetCurrentClocksEventReasons(handle))
        if reasons is None:  # older drivers know it by its former name
            reasons = self._ask(lambda: nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))
        milliwatts = self._ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        return GpuState(
            clock_reasons=reasons,
            sm_clock_mhz=self._ask(lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM)),
            power_w=None if milliwatts is None else milliwatts / 1000,
            temperature_c=self._ask(lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
        )

    def energy_j(self) -> float | None:
        """Joules since the driver was loaded, of the whole GPU; None before Volta."""
        nvml, handle = self._nvml, self._handle
        millijoules = self._ask(lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle))
        return None if millijoules is None else millijoules / 1000

    def default_sm_clock_mhz(self) -> float | None:
        """The clock this GPU computes at unless told otherwise; GeForce cards do not tell."""
        nvml, handle = self._nvml, self._handle
        mhz: float | None = self._ask(lambda: nvml.nvmlDeviceGetDefaultApplicationsClock(handle, nvml.NVML_CLOCK_SM))
        return mhz

    def _find(self, identity: GpuIdentity) -> Any:
        nvml, bare = self._nvml, identity.uuid.removeprefix("GPU-")
        ways = [(nvml.nvmlDeviceGetHandleByUUID, prefix + bare) for prefix in ("GPU-", "MIG-", "")] if bare else []
        if identity.pci_bus_id:
            ways.append((nvml.nvmlDeviceGetHandleByPciBusId, identity.pci_bus_id))
        for look_up, name in ways:
            try:
                handle = look_up(name)
            except nvml.NVMLError:
                continue
            # A slice of a GPU has no clocks of its own: those of the whole GPU hold for it.
            whole = name.startswith("MIG-") and self._ask(
                lambda found=handle: nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(found)  # type: ignore[misc]
            )
            return whole or handle
        raise UnwatchedError(f"NVML knows no GPU {identity.uuid or identity.pci_bus_id}")

    def _ask(self, query: Callable[[], Any]) -> Any:
        try:
            return query()
        except (self._nvml.NVMLError, AttributeError):  # unknown to this GPU, this driver or an older pynvml
            return None


def driver_version(root: Path = Path("/"), library: Any = None) -> str:
    """The version of the NVIDIA driver; empty where it cannot be found out."""
    # Without NVML on most machines, so that installing nvidia-ml-py does not change what a device is.
    if version := text_of(root / "sys/module/nvidia/version"):
        return version
    try:
        nvml = library or _library()
    except UnwatchedError:
        return ""
    try:
        nvml.nvmlInit()
        return str(nvml.nvmlSystemGetDriverVersion())
    except nvml.NVMLError:
        return ""


def _library() -> Any:
    try:
        return importlib.import_module("pynvml")
    except ImportError:
        raise UnwatchedError("nvidia-ml-py is not installed; pip install nvidia-ml-py") from None
