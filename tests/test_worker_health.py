"""What a worker sees of its machine: real threads, hyper-threads made of files, GPUs on paper."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.records.health import GpuTuning
from bench.system.affinity import pinned
from bench.worker.busy_threads import busy_threads, siblings
from bench.worker.measuring.gpu_tuning import gpu_tunings

ALL = frozenset(os.sched_getaffinity(0))


def test_a_thread_for_each_cpu_works_and_stays() -> None:
    found = busy_threads(0.3)
    assert (found.cpus, found.outside) == (tuple(sorted(ALL)), ())
    assert 0 < found.share <= 1


@pytest.mark.skipif(len(ALL) < 2, reason="needs two CPUs")
def test_only_the_cpus_that_it_was_given_are_tried() -> None:
    with pinned({max(ALL)}):
        found = busy_threads(0.3)
    assert (found.cpus, found.worked) == ((max(ALL),), 1)


@pytest.mark.parametrize("name", ["core_cpus_list", "thread_siblings_list"])
def test_hyper_threads_of_the_cores_in_use(name: str, tmp_path: Path) -> None:
    for cpu, shared in ((0, "0,4"), (1, "1,5"), (2, "2,6")):
        folder = tmp_path / f"cpu/cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / name).write_text(shared + "\n")
    assert siblings((0, 1), tmp_path) == (4, 5)
    assert siblings((3,), tmp_path) == ()


class NVMLError(Exception):
    """As in pynvml."""


def paper_nvml(**answers: Any) -> Any:
    """Stands for the module `pynvml`, with one GPU that gives these answers and refuses all others."""

    class Paper(SimpleNamespace):
        NVMLError, NVML_CLOCK_SM, NVML_TEMPERATURE_GPU = NVMLError, 1, 0

        def __getattr__(self, name: str) -> Any:
            def refuse(*_: object) -> None:
                raise NVMLError("Not Supported")

            return refuse

    counted = {"nvmlInit": None, "nvmlDeviceGetCount": 1, "nvmlDeviceGetHandleByIndex": "handle"}
    return Paper(**{name: lambda *_, value=value: value for name, value in (counted | answers).items()})


def test_a_gpu_that_tells_everything() -> None:
    nvml = paper_nvml(
        nvmlDeviceGetName=b"NVIDIA H200", nvmlDeviceGetPersistenceMode=1, nvmlDeviceGetEnforcedPowerLimit=500_000,
        nvmlDeviceGetPowerManagementDefaultLimit=700_000, nvmlDeviceGetClockInfo=345, nvmlDeviceGetMaxClockInfo=1980,
        nvmlDeviceGetCurrentClocksEventReasons=0x20, nvmlDeviceGetTemperature=88,
    )  # fmt: skip
    assert gpu_tunings(nvml) == (
        GpuTuning(
            name="NVIDIA H200", persistence=True, power_limit_w=500.0, power_default_w=700.0, sm_clock_mhz=345,
            max_sm_clock_mhz=1980, clock_reasons=0x20, temperature_c=88,
        ),
    )  # fmt: skip


def test_an_older_driver_knows_the_reasons_by_another_name_and_not_the_rest() -> None:
    found = gpu_tunings(paper_nvml(nvmlDeviceGetName="GPU", nvmlDeviceGetCurrentClocksThrottleReasons=4))
    assert found == (GpuTuning(name="GPU", clock_reasons=4),)


def test_no_driver_is_no_gpu() -> None:
    nvml = paper_nvml()
    del nvml.nvmlInit
    assert gpu_tunings(nvml) == ()
