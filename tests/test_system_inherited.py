"""Which variables decide speed: those of the libraries that are timed, and of the process that times them."""

import pytest

from bench.system.inherited import decides_speed, inherited, without_inherited


@pytest.mark.parametrize(
    "name",
    [
        *("GOMP_CPU_AFFINITY", "OMP_PROC_BIND", "OMP_PLACES", "OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OMP_WAIT_POLICY"),
        *("KMP_AFFINITY", "KMP_BLOCKTIME", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "OPENBLAS_CORETYPE"),
        *("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE", "ATEN_CPU_CAPABILITY"),
        *("LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_CONF", "MALLOC_PERTURB_"),
        *("TORCHDYNAMO_DISABLE", "TORCHINDUCTOR_MAX_AUTOTUNE", "PYTORCH_CUDA_ALLOC_CONF", "NVIDIA_TF32_OVERRIDE"),
        *("CUDA_LAUNCH_BLOCKING", "CUBLAS_WORKSPACE_CONFIG", "PYTHONMALLOC", "PYTHONTRACEMALLOC", "PYTHONDEVMODE"),
    ],
)
def test_these_are_not_inherited(name: str) -> None:
    assert decides_speed(name)
    assert without_inherited({name: "1", "PATH": "/bin"}) == {"PATH": "/bin"}
    assert inherited({name: "1", "PATH": "/bin"}) == (f"{name}=1",)


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "BENCH_CACHE"),
        *("TORCH_HOME", "HF_HOME", "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "MKLROOT", "CC", "CXX", "TRITON_PTXAS_PATH"),
        *("MY_OMP_NUM_THREADS", "LD_PRELOAD_LIST"),
    ],
)
def test_a_worker_finds_its_files_and_devices_by_these(name: str) -> None:
    assert not decides_speed(name)


def test_what_is_told_of_a_value_is_one_short_line() -> None:
    (told,) = inherited({"LD_PRELOAD": "/a\n" * 100})
    assert told.startswith("LD_PRELOAD=/a ")
    assert len(told) <= 120
    assert "\n" not in told
