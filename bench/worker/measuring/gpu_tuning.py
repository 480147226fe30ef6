"""How the NVIDIA GPUs of this machine are set, as their driver's library (NVML) tells; nothing where there is none."""

import importlib
from typing import Any

from bench.records.health import GpuTuning


def gpu_tunings(library: Any = None) -> tuple[GpuTuning, ...]:
    """Every GPU in NVML's order, which may not be CUDA's; none without the library or a driver."""
    try:
        nvml = library or importlib.import_module("pynvml")
    except ImportError:
        return ()
    try:
        nvml.nvmlInit()
        handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        return tuple(_tuning(nvml, handle) for handle in handles)
    except nvml.NVMLError:
        return ()


def _tuning(nvml: Any, handle: Any) -> GpuTuning:
    def ask(name: str, *arguments: Any) -> Any:
        try:
            return getattr(nvml, name)(handle, *arguments)
        except (nvml.NVMLError, AttributeError):  # unknown to this GPU, this driver or an older pynvml
            return None

    def watts(name: str) -> float | None:
        return None if (milliwatts := ask(name)) is None else milliwatts / 1000

    reasons = ask("nvmlDeviceGetCurrentClocksEventReasons")
    persistence = ask("nvmlDeviceGetPersistenceMode")
    return GpuTuning(
        name=_text(ask("nvmlDeviceGetName")),
        persistence=None if persistence is None else bool(persistence),
        power_limit_w=watts("nvmlDeviceGetEnforcedPowerLimit"),
        power_default_w=watts("nvmlDeviceGetPowerManagementDefaultLimit"),
        sm_clock_mhz=ask("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_SM),
        max_sm_clock_mhz=ask("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_SM),
        clock_reasons=ask("nvmlDeviceGetCurrentClocksThrottleReasons") if reasons is None else reasons,
        temperature_c=ask("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU),
    )


def _text(name: Any) -> str:
    # Older pynvml gives bytes.
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name or "")
