"""What a device is: CPU, memory, kernel, runtimes, governor, sensors. Standard library only; runs on the device."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Set
from pathlib import Path

from bench.records.environment import Environment, fingerprint
from bench.system.affinity import big_cpus, topology
from bench.system.cpuinfo import cpu_features, cpuinfo
from bench.system.files import number_of, text_of
from bench.system.inherited import inherited
from bench.system.packages import versions
from bench.system.priority import leaves_time, refusal
from bench.system.quota import CpuQuota
from bench.system.sensors import temperature_c, throttle_flags

# What a kernel for convolutions may choose between; the rest of the flags decides no speed here.
FEATURES = (
    "avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_fp16",
    "amx_int8",
    "asimd", "fphp", "asimdhp", "asimddp", "bf16", "i8mm", "sve", "sve2",
)  # fmt: skip


def probe(cache: Path, packages: Iterable[str]) -> Environment:
    """Look at this machine; `cache` is the folder whose free space counts, `packages` are looked for."""
    cpus = topology()
    info = cpuinfo()
    features = cpu_features(info)
    quota = CpuQuota().cpus()
    machine, model, kernel, runtimes = platform.machine(), cpu_model(info), platform.release(), versions(packages)
    top_khz = number_of(Path("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"))
    return Environment(
        machine=machine,
        cpu_model=model,
        logical_cpus=os.cpu_count() or 1,
        physical_cores=len({cpu.core for cpu in cpus}),
        allowed_cpus=tuple(cpu.number for cpu in cpus),
        big_cpus=big_cpus(cpus),
        cpu_features=" ".join(name for name in FEATURES if name in features),
        caches=_caches(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=kernel,
        os=_os_name(),
        python=platform.python_version(),
        runtimes=runtimes,
        board=text_of(Path("/sys/firmware/devicetree/base/model")).rstrip("\0"),  # /proc/device-tree leads here
        virtual=_virtual(features),
        governor=text_of(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        cpu_quota=quota,
        realtime_refused=refusal(),
        realtime_leaves_time=leaves_time(),
        cleared_variables=inherited(os.environ),
        max_frequency_hz=None if top_khz is None else top_khz * 1000,
        temperature_c=temperature_c(),
        throttle_flags=throttle_flags(),
        free_disk_bytes=_free_disk(cache),
        fingerprint=fingerprint(machine, model, kernel, runtimes, cpu_quota=quota),
    )


def cpu_model(info: dict[str, str]) -> str:
    """The CPU's name, from /proc/cpuinfo or, on ARM, from its part numbers by way of lscpu."""
    name = info.get("model name") or info.get("Model") or ""
    if "model name" in info or not shutil.which("lscpu"):
        return name or platform.processor() or platform.machine()
    try:
        answer = subprocess.run(["lscpu"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return name
    cores = [line.partition(":")[2].strip() for line in answer.splitlines() if line.startswith("Model name:")]
    return " + ".join(cores) or name or platform.machine()  # the board's name has a field of its own


def _caches() -> str:
    """Sizes by level: "L1d 48K, L2 1024K, L3 32768K"."""
    sizes = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index[0-9]*")):
        level, kind, size = (text_of(index / name) for name in ("level", "type", "size"))
        if size and kind != "Instruction":
            sizes[f"L{level}{'d' if kind == 'Data' else ''}"] = size
    return ", ".join(f"{name} {size}" for name, size in sizes.items())


def _os_name() -> str:
    for line in text_of(Path("/etc/os-release")).splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return platform.system()


def _virtual(features: Set[str]) -> str:
    signs = []
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        signs.append("container")
    if "hypervisor" in features:
        signs.append(text_of(Path("/sys/class/dmi/id/product_name")) or "virtual machine")
    if os.environ.get("ARMRIG"):
        signs.append("emulated ARM rig")
    return ", ".join(signs)


def _free_disk(folder: Path) -> int | None:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
