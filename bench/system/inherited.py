"""The variables that decide speed and that a worker must not inherit: whoever set them did not do it for this run."""

import re
from collections.abc import Mapping

# By library: pools and pinning, instruction sets and precision, memory, what is preloaded, and Python's own switches.
_PREFIXES = (
    "OMP_", "GOMP_", "KMP_", "LIBOMP_",
    "MKL_", "ONEDNN_", "DNNL_", "OPENBLAS_", "GOTO_", "BLIS_", "NUMEXPR_", "VECLIB_", "TBB_",
    "ATEN_", "PYTORCH_", "TORCHINDUCTOR_", "TORCHDYNAMO_", "TORCH_COMPILE", "ORT_", "OV_",
    "CUBLAS_", "CUBLASLT_", "CUDNN_", "TORCH_CUDNN", "TORCH_ALLOW_TF32",
    "MALLOC_", "JEMALLOC_", "TCMALLOC_", "MIMALLOC_",
)  # fmt: skip
_NAMES = (
    "GLIBC_TUNABLES", "LD_PRELOAD", "LD_AUDIT", "LD_BIND_NOT", "LD_PROFILE",
    "NVIDIA_TF32_OVERRIDE", "CUDA_LAUNCH_BLOCKING", "CUDA_DEVICE_MAX_CONNECTIONS", "CUDA_MODULE_LOADING",
    "TRITON_INTERPRET", "TRITON_DEBUG",
    "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES",
    "PYTHONMALLOC", "PYTHONMALLOCSTATS", "PYTHONDEVMODE", "PYTHONTRACEMALLOC", "PYTHONASYNCIODEBUG",
    "PYTHONPROFILEIMPORTTIME", "PYTHONOPTIMIZE", "PYTHONDUMPREFS", "PYTHON_JIT", "PYTHON_GIL",
)  # fmt: skip
_DECIDES = re.compile("|".join([*map(re.escape, _PREFIXES), *(f"{re.escape(name)}$" for name in _NAMES)]))


def decides_speed(name: str) -> bool:
    """Whether a library that is timed, or the process that times it, reads the variable of that name."""
    return _DECIDES.match(name) is not None


def without_inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment that a worker may have."""
    return {name: value for name, value in environment.items() if not decides_speed(name)}


def inherited(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What `without_inherited` leaves out, as NAME=VALUE, each cut to a line's length."""
    return tuple(
        f"{name}={value}"[:120].replace("\n", " ") for name, value in sorted(environment.items()) if decides_speed(name)
    )
