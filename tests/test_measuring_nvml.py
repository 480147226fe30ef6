"""What NVML says of a GPU on paper, and what the monitor makes of it: discards, verdicts, notes."""

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.records.measurement import Disturbances
from bench.records.verdict import Verdict
from bench.worker.cuda_machine import identity_of, monitor_for
from bench.worker.measuring import nvml
from bench.worker.measuring.gpu_disturbances import DISCARD_REASONS, GpuMonitor
from bench.worker.measuring.nvml import GpuIdentity, GpuState, NvmlGpu, UnwatchedError, driver_version
from bench.worker.measuring.rules import Rules
from bench.worker.measuring.sampler import Sample, measure
from bench.worker.measuring.watch import Ending, Reading
from tests.fake_cuda import PaperCuda


class NVMLError(Exception):
    """As in pynvml."""


class PaperNvml:
    """Stands for the module `pynvml`: two GPUs, in another order than CUDA's, and a slice of the second one."""

    NVMLError = NVMLError
    NVML_CLOCK_SM, NVML_TEMPERATURE_GPU = 1, 0

    def __init__(self, missing: Iterable[str] = (), starts: bool = True, absent: Iterable[str] = ()) -> None:
        self._missing, self._starts, self._absent = set(missing), starts, set(absent)
        self.reasons = 0

    def nvmlInit(self) -> None:  # noqa: N802
        if not self._starts:
            raise NVMLError("Driver Not Loaded")

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        return self._one(uuid, {"GPU-aa-1": "first", "GPU-bb-2": "second", "MIG-cc-3": "slice"})

    def nvmlDeviceGetHandleByPciBusId(self, bus_id: str) -> str:  # noqa: N802
        return self._one(bus_id, {"00000000:3b:00.0": "second"})

    def nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self, handle: str) -> str:  # noqa: N802
        return self._one(handle, {"slice": "second"})

    def _one(self, name: str, known: dict[str, str]) -> str:
        if name not in known:
            raise NVMLError("Not Found")
        return known[name]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        answers = {
            "nvmlDeviceGetCurrentClocksEventReasons": self.reasons,
            "nvmlDeviceGetCurrentClocksThrottleReasons": self.reasons,
            "nvmlDeviceGetClockInfo": 1410,
            "nvmlDeviceGetDefaultApplicationsClock": 1500,
            "nvmlDeviceGetPowerUsage": 123_400,
            "nvmlDeviceGetTemperature": 61,
            "nvmlSystemGetDriverVersion": "570.86.15",
        }

        def answer(*asked: object) -> Any:
            if name in self._missing:
                raise NVMLError("Not Supported")
            if asked and asked[0] != "second":
                raise AssertionError(f"expected the second GPU to be asked, got {asked[0]}")
            return answers[name]

        if name not in answers or name in self._absent:
            raise AttributeError(name)
        return answer


class QuietHost:
    """A CPU with nothing to tell but what it is given."""

    last = Reading()

    def __init__(self, *verdicts: Verdict, keeps: bool = True) -> None:
        self._verdicts, self._keeps = verdicts, keeps

    def start(self) -> None:
        """Nothing to forget."""

    def keeps_group(self) -> bool:
        return self._keeps

    def finish(self) -> Ending:
        found = Disturbances(steal_percent=0.5, frequency_ratio=0.8, temperature_c=40.0)
        return Ending(found, self._verdicts, ("governor powersave",))


class PaperGpu:
    """Gives its states in turn, the last one for ever."""

    def __init__(self, *states: GpuState) -> None:
        self._states = list(states)

    def read(self) -> GpuState:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    def energy_j(self) -> float | None:
        return None


SECOND = GpuIdentity(uuid="bb-2")


# --- reading


@pytest.mark.parametrize(
    "identity",
    [
        SECOND,
        GpuIdentity(uuid="GPU-bb-2"),
        GpuIdentity(uuid="cc-3"),  # a slice: its whole GPU is asked
        GpuIdentity(uuid="unknown", pci_bus_id="00000000:3b:00.0"),
        GpuIdentity(uuid="", pci_bus_id="00000000:3b:00.0"),
    ],
)
def test_the_gpu_is_found_by_what_it_is_and_not_by_its_index(identity: GpuIdentity) -> None:
    state = NvmlGpu(identity, PaperNvml()).read()
    assert state == GpuState(clock_reasons=0, sm_clock_mhz=1410, power_w=123.4, temperature_c=61)


def test_cudas_properties_name_the_gpu() -> None:
    full = SimpleNamespace(uuid="bb-2", pci_domain_id=0, pci_bus_id=0x3B, pci_device_id=0)
    assert identity_of(full) == GpuIdentity(uuid="bb-2", pci_bus_id="00000000:3b:00.0")
    assert identity_of(SimpleNamespace(uuid="bb-2")) == SECOND


@pytest.mark.parametrize(
    ("identity", "library", "reason"),
    [(GpuIdentity(uuid="zz"), PaperNvml(), "no GPU zz"), (SECOND, PaperNvml(starts=False), "Driver Not Loaded")],
)
def test_a_gpu_that_cannot_be_asked_says_why(identity: GpuIdentity, library: PaperNvml, reason: str) -> None:
    with pytest.raises(UnwatchedError, match=reason):
        NvmlGpu(identity, library)


def test_what_a_gpu_does_not_tell_is_none() -> None:
    silent = PaperNvml(missing=["nvmlDeviceGetPowerUsage", "nvmlDeviceGetDefaultApplicationsClock"])
    gpu = NvmlGpu(SECOND, silent)
    assert gpu.read().power_w is None
    assert gpu.default_sm_clock_mhz() is None


def test_an_older_driver_is_asked_by_the_older_name() -> None:
    name = "nvmlDeviceGetCurrentClocksEventReasons"
    # The driver refuses it; the package itself is older than the name.
    for library in (PaperNvml(missing=[name]), PaperNvml(absent=[name])):
        library.reasons = 0x40
        assert NvmlGpu(SECOND, library).read().clock_reasons == 0x40


def test_the_driver_is_named_without_nvml_where_the_kernel_names_it(tmp_path: Path) -> None:
    assert driver_version(tmp_path, PaperNvml()) == "570.86.15"
    assert driver_version(tmp_path, PaperNvml(starts=False)) == ""
    (tmp_path / "sys/module/nvidia").mkdir(parents=True)
    (tmp_path / "sys/module/nvidia/version").write_text("580.1\n")
    assert driver_version(tmp_path, PaperNvml()) == "580.1"


# --- judging


def state(reasons: int | None = 0, mhz: float = 1500.0, power_w: float = 200.0, hot: float = 60.0) -> GpuState:
    return GpuState(clock_reasons=reasons, sm_clock_mhz=mhz, power_w=power_w, temperature_c=hot)


def watched(*states: GpuState, host: QuietHost | None = None) -> GpuMonitor:
    return GpuMonitor(host or QuietHost(), PaperGpu(*states), default_sm_clock_mhz=1500.0)


@pytest.mark.parametrize(
    ("reasons", "kept"),
    [
        *[(reason, True) for reason in (None, 0x0, 0x1, 0x2, 0x4, 0x10)],
        *[(reason, False) for reason in (0x8, 0x20, 0x40, 0x80, 0x84)],
    ],
)
def test_groups_taken_while_heat_or_supply_slowed_the_gpu_are_discarded(reasons: int | None, kept: bool) -> None:
    assert watched(state(reasons)).keeps_group() is kept
    assert bool((reasons or 0) & DISCARD_REASONS) is not kept


def test_a_group_that_the_host_discards_is_discarded() -> None:
    assert not watched(state(), host=QuietHost(keeps=False)).keeps_group()


def test_the_worst_that_was_seen_is_the_evidence() -> None:
    monitor = watched(state(0x1, 1500, 150, 60), state(0x4, 1350, 250, 71), state(0x0, 1425, 200, 65))
    for _ in range(3):
        assert monitor.keeps_group()
    found, verdicts, notes = monitor.finish()
    assert found.clock_reasons == 0x5
    assert found.sm_clock_ratio == pytest.approx(0.9)
    assert (found.power_w, found.temperature_c, found.steal_percent) == (250, 71, 0.5)
    assert verdicts == ()
    assert notes == ("governor powersave", "the power limit held the GPU's clocks down (software power cap)")
    monitor.start()
    assert monitor.finish()[0].power_w is None  # forgotten


@pytest.mark.parametrize(("mhz", "verdicts"), [(1125, ()), (1124, ("throttled",))])
def test_a_clock_under_three_quarters_of_the_default_is_throttled(mhz: float, verdicts: tuple[Verdict, ...]) -> None:
    monitor = watched(state(mhz=mhz))
    monitor.keeps_group()
    assert monitor.finish()[1] == verdicts


def test_a_slow_clock_in_a_discarded_group_is_evidence_and_no_verdict() -> None:
    monitor = watched(state(0x40, mhz=300), state())
    assert [monitor.keeps_group(), monitor.keeps_group()] == [False, True]
    found, verdicts, _ = monitor.finish()
    assert found.sm_clock_ratio == pytest.approx(0.2)
    assert verdicts == ()


def test_a_slow_cpu_is_a_note_and_a_contended_one_a_verdict() -> None:
    monitor = watched(state(), host=QuietHost("throttled", "contended"))
    monitor.keeps_group()
    _, verdicts, notes = monitor.finish()
    assert verdicts == ("contended",)
    assert "the CPU that feeds the GPU was slowed down (at 80% of its highest clock)" in notes


@pytest.mark.parametrize(
    ("monitor", "note"),
    [
        (GpuMonitor(QuietHost(), None, unwatched="no library"), "GPU clocks were not watched: no library"),
        (watched(state(None)), "GPU clocks were not watched: this GPU does not tell why they change"),
    ],
)
def test_clocks_that_nobody_watched_are_said_to_be(monitor: GpuMonitor, note: str) -> None:
    assert monitor.keeps_group()
    found, verdicts, notes = monitor.finish()
    assert (found.clock_reasons, verdicts, notes[-1]) == (None, (), note)


def test_a_run_without_the_library_goes_on_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(nvml, "importlib", SimpleNamespace(import_module=absent))
    monitor = monitor_for(SimpleNamespace(uuid="bb-2"), QuietHost())
    assert monitor.keeps_group()
    assert "nvidia-ml-py is not installed" in monitor.finish()[2][-1]
    assert driver_version(Path("/nowhere")) == ""


@pytest.mark.parametrize(
    ("properties", "library", "ratio"),
    [
        ({"clock_rate": 1_880_000}, PaperNvml(), 0.75),  # CUDA's figure, in kHz, comes first
        ({}, PaperNvml(), 0.94),
        ({}, PaperNvml(missing=["nvmlDeviceGetDefaultApplicationsClock"]), None),
    ],
)
def test_the_default_clock_is_cudas_then_nvmls_else_unknown(
    properties: dict[str, int], library: PaperNvml, ratio: float | None
) -> None:
    monitor = monitor_for(SimpleNamespace(uuid="bb-2", **properties), QuietHost(), library)
    monitor.keeps_group()
    assert monitor.finish()[0].sm_clock_ratio == (ratio if ratio is None else pytest.approx(ratio))


# --- through the sampler


class EvenTimer:
    """Ten milliseconds every time."""

    def __init__(self, clock: PaperCuda) -> None:
        self._clock = clock

    def sample(self, iterations: int) -> Sample:
        self._clock.ns += 10_000_000 * iterations
        return Sample(wall_s=0.010, device_s=0.009)


def test_ten_discards_end_the_waiting_and_label_the_unit() -> None:
    clock = PaperCuda()
    samples = measure(EvenTimer(clock), watched(state(0x80)), clock, Rules(), 0.0)
    assert samples.discarded_groups == 10
    assert clock.slept == pytest.approx([0.05, 0.1, 0.2, 0.4, *[0.5] * 6])
    assert samples.verdicts(Rules()) == ("throttled",)


def test_a_moment_of_heat_costs_its_groups_and_no_verdict() -> None:
    clock = PaperCuda()
    states = itertools.chain([state(0x20)] * 2, [state()])
    samples = measure(EvenTimer(clock), watched(*states), clock, Rules(), 0.0)
    assert (samples.discarded_groups, len(samples.device_s), samples.verdicts(Rules())) == (2, 20, ())
