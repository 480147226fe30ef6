"""One unit on a paper GPU: which way it is timed, what a graph replays, memory, and what becomes of faults."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.records.measurement import Disturbances
from bench.records.record import Record, Status, status_of
from bench.records.workload import Mode, Settings, Unit
from bench.wire.messages import Body
from bench.wire.order import Order, Task
from bench.worker import measure as measuring
from bench.worker.cuda_machine import CudaMachine, leaves_usable
from bench.worker.failure import classify
from bench.worker.machine import CpuMachine, machine_for
from bench.worker.measuring.gpu_disturbances import GpuMonitor
from bench.worker.measuring.rules import Rules
from bench.worker.measuring.sampler import Samples, measure
from bench.worker.measuring.watch import Ending, Reading
from bench.worker.output_check import arrays_in
from bench.worker.runtimes.loaded import Loaded, UnsupportedError
from tests.fake_cuda import MIB, PaperCuda
from tests.made_up import record, unit

RULES = Rules()
ANSWER = torch.tensor([1.0, 2.0])
GPU_UNIT = replace(unit(), accelerator="cuda:1", device="cuda:1", allocator="system")


class QuietHost:
    """A CPU on which nothing happens."""

    last = Reading()

    def start(self) -> None:
        """Nothing to forget."""

    def keeps_group(self) -> bool:
        return True

    def finish(self) -> Ending:
        return Ending(Disturbances())


def on_gpu(*, mode: Mode = "latency", batch: int = 1, **settings: bool) -> Unit:
    return replace(GPU_UNIT, mode=mode, batch=batch, settings=Settings(**settings))


def loaded(cuda: PaperCuda, *kernels_ns: int, restore: Callable[[], None] | None = None) -> Loaded:
    run = cuda.step(*kernels_ns)

    def step() -> torch.Tensor:
        run()
        return ANSWER

    return Loaded(step=step, output=lambda: step().numpy(), threads=1, restore=restore)


def machine(cuda: PaperCuda, unit: Unit, it: Loaded) -> CudaMachine:
    monitor = GpuMonitor(QuietHost(), None, unwatched="it is made of paper")
    return CudaMachine(unit, it, cuda, cuda=cuda, monitor=monitor, buffer=cuda.buffer)


def measured(it: CudaMachine, rules: Rules = RULES) -> tuple[Samples, Ending]:
    """Warm up and sample once, as a worker does."""
    samples = measure(it.timer(), it.monitor, it.clock, it.begin(rules), 0.0)
    return samples, it.monitor.finish()


def test_a_cpu_unit_keeps_the_cpu_machine() -> None:
    found = machine_for(unit(), Loaded(step=lambda: None, output=lambda: ANSWER.numpy(), threads=1), PaperCuda())
    assert isinstance(found, CpuMachine)
    with pytest.raises(ValueError, match="expected a unit on cuda:N"):
        machine(PaperCuda(), unit(), loaded(PaperCuda(), 1))


def test_the_units_own_gpu_is_the_current_one_and_idle_before_the_first_call() -> None:
    cuda = PaperCuda()
    cuda.launch(500)  # left over from loading
    with machine(cuda, on_gpu(), loaded(cuda, 100)).ready():
        assert cuda.current == 1
        assert cuda.ns == 510
    assert cuda.current == 0


@pytest.mark.parametrize(
    ("mode", "wall_s", "waits_for_each"), [("latency", 110e-6, True), ("throughput", 100.05e-6, False)]
)
def test_both_clocks_of_a_mode_reach_the_samples(mode: Mode, wall_s: float, waits_for_each: bool) -> None:
    """Launches of 10 us, kernels of 100: a sample of 10 ms is 91 calls waited for, or 100 queued."""
    cuda = PaperCuda(launch_ns=10_000 if waits_for_each else 5_000)
    samples, ending = measured(machine(cuda, on_gpu(mode=mode, batch=32), loaded(cuda, 100_000)))
    assert samples.steady
    assert samples.precise
    assert len(samples.device_s) == len(samples.wall_s) == RULES.first_check
    assert samples.wall_s == pytest.approx([wall_s] * 20)
    assert samples.device_s == pytest.approx(samples.wall_s)  # nothing else moves time on paper
    assert samples.iterations == (91 if waits_for_each else 100)
    one = ["record", "step", "record", "wait"]
    assert cuda.log[-4:] == (one if waits_for_each else ["step", "step", "record", "wait"])
    assert ending.notes == ("GPU clocks were not watched: it is made of paper",)


def test_a_graph_is_captured_once_and_its_replay_is_what_is_checked_and_timed() -> None:
    """Three kernels behind three launches of 10 us become one launch: 30 + 1 us of a launch-bound step become 13."""
    cuda = PaperCuda(launch_ns=10_000)
    it = machine(cuda, on_gpu(cuda_graph=True), loaded(cuda, 1000, 1000, 1000))
    (output,) = arrays_in(it.timed().output())
    assert output.tolist() == [1.0, 2.0]
    warm_up = ["side waits for default", "step", "step", "step", "default waits for side"]
    assert cuda.log == [*warm_up, "capture", "step", "wait", "replay"]
    samples, _ = measured(it)
    assert cuda.log.count("capture") == 1
    assert cuda.log.count("step") == 4
    assert samples.wall_s == pytest.approx([13e-6] * len(samples.wall_s))


def test_a_replay_reads_an_input_that_was_put_back() -> None:
    cuda = PaperCuda()
    restore = cuda.step(1, name="restore")
    it = machine(cuda, on_gpu(cuda_graph=True), loaded(cuda, 100, restore=restore))
    it.timed().output()
    assert cuda.log[-2:] == ["restore", "replay"]


@pytest.mark.parametrize("ends_badly", [False, True])
def test_a_step_that_no_graph_can_hold_is_unsupported_with_the_first_reason(ends_badly: bool) -> None:
    cuda = PaperCuda(capture_fails="operation not permitted when stream is capturing\nmore", ends_badly=ends_badly)
    it = machine(cuda, on_gpu(cuda_graph=True), loaded(cuda, 100))
    with pytest.raises(UnsupportedError, match=r"CUDA graph: operation not permitted when stream is capturing$"):
        it.timed()
    assert cuda.current_stream().name == "default"


@pytest.mark.parametrize("ends_badly", [False, True])
def test_memory_that_runs_out_in_a_capture_is_no_lack_of_support(ends_badly: bool) -> None:
    cuda = PaperCuda(capture_fails="CUDA out of memory. Tried to allocate 1 GiB", ends_badly=ends_badly)
    with pytest.raises(MemoryError, match="1 GiB") as raised:
        machine(cuda, on_gpu(cuda_graph=True), loaded(cuda, 100)).timed()
    kind, _ = classify(raised.value)
    assert (status_of(kind), kind) == ("failed", "out_of_memory")


@pytest.mark.parametrize(("l2", "flushed"), [(4 * MIB, 256 * MIB), (200 * MIB, 400 * MIB)])
def test_a_cold_cache_is_flushed_before_each_call_and_left_out_of_times_and_memory(l2: int, flushed: int) -> None:
    cuda = PaperCuda(l2_bytes=l2)
    cuda.allocate(3 * MIB)
    it = machine(cuda, on_gpu(mode="throughput", batch=32, cold_cache=True), loaded(cuda, 1_000_000))
    samples, _ = measured(it)
    assert samples.wall_s == pytest.approx([1_000_010e-9] * len(samples.wall_s))
    assert samples.device_s == pytest.approx(samples.wall_s)
    assert cuda.log[-6:] == ["flush", "wait", "record", "step", "record", "wait"]
    assert cuda.log.count("flush") >= cuda.log.count("step")
    assert cuda.allocated == 3 * MIB + flushed
    assert it.device_memory_bytes() == 3 * MIB


def test_a_unit_with_a_cold_cache_takes_no_longer_than_another() -> None:
    """Steps of 1 ms behind flushes of 2.684 ms: 27 % of the cap is spent on steps, the rest on flushes."""
    cuda = PaperCuda()
    it = machine(cuda, on_gpu(cold_cache=True), loaded(cuda, 1_000_000))
    samples, _ = measured(it, Rules(precision=-1.0))  # never precise: sampling goes on to the cap
    assert sum(samples.wall_s) * samples.iterations == pytest.approx(1.5 * 0.2714, rel=0.02)


def test_memory_is_the_allocators_peak_while_sampling() -> None:
    """Not that of the first call, in which cuDNN tries algorithms with large workspaces."""
    cuda = PaperCuda()
    cuda.allocate(5 * MIB)
    run = cuda.step(100_000)

    def step() -> None:
        run()
        cuda.allocate(2 * MIB)
        cuda.free(2 * MIB)

    it = machine(cuda, on_gpu(), Loaded(step=step, output=lambda: ANSWER.numpy(), threads=1))
    cuda.allocate(100 * MIB)
    cuda.free(100 * MIB)
    measured(it)
    assert it.device_memory_bytes() == 7 * MIB


def test_the_memory_of_a_graph_is_seen_while_it_is_captured() -> None:
    """A replay allocates nothing."""
    cuda = PaperCuda()
    cuda.allocate(5 * MIB)
    run = cuda.step(100_000)

    def step() -> torch.Tensor:
        run()
        cuda.allocate(2 * MIB)
        cuda.free(2 * MIB)
        return ANSWER

    it = machine(cuda, on_gpu(cuda_graph=True), Loaded(step=step, output=lambda: ANSWER.numpy(), threads=1))
    measured(it)
    assert it.device_memory_bytes() == 7 * MIB


# --- what one unit leaves to the next


@pytest.mark.parametrize(
    ("graph", "status", "usable"),
    [(False, "done", True), (False, "failed", True), (True, "done", True), (True, "skipped", False)],
)
def test_a_capture_that_broke_leaves_the_process_to_nobody(graph: bool, status: Status, usable: bool) -> None:
    cuda = PaperCuda()
    end = record(on_gpu(cuda_graph=graph), status=status, kind="" if status == "done" else "error")
    assert leaves_usable(end, cuda) is usable
    assert cuda.log == ["device 1", "wait", "empty cache"]


def test_a_lost_context_leaves_the_process_to_nobody() -> None:
    assert not leaves_usable(record(on_gpu(), status="failed", kind="error"), PaperCuda(lost=True))


class ListChannel:
    """Keeps what a worker says."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def send(self, body: Body, order: Order | None = None) -> None:
        if isinstance(body, Record):
            self.records.append(body)


Sweep = Callable[[PaperCuda, Callable[[Unit], None]], list[Record]]


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sweep:
    """Measures batches 1, 8, 64 and 2 in one worker, on a paper GPU; what a batch does is given."""

    def run(cuda: PaperCuda, work: Callable[[Unit], None]) -> list[Record]:
        def load(order: Order, *_: object) -> Loaded:
            unit = order.unit

            def step() -> torch.Tensor:
                cuda.launch(100_000)
                work(unit)
                return ANSWER

            return Loaded(step=step, output=lambda: step().numpy(), threads=unit.threads)

        monkeypatch.setattr(measuring, "load", load)
        monkeypatch.setattr("bench.worker.cuda_machine.open_context", lambda _: None)
        monkeypatch.setattr(measuring, "machine_for", lambda unit, it, _: machine(cuda, unit, it))
        monkeypatch.setattr(measuring, "_process_is_usable", lambda end: leaves_usable(end, cuda))
        units = tuple(on_gpu(mode="throughput" if n > 1 else "latency", batch=n) for n in (1, 8, 64, 2))
        channel = ListChannel()
        measuring.measure_units(
            Task(kind="measure", orders=tuple(Order(unit=one) for one in units), cache=str(tmp_path)),
            channel,  # type: ignore[arg-type]
        )
        return channel.records

    return run


def test_a_batch_too_large_for_the_memory_is_a_failed_row_and_the_sweep_goes_on(sweep: Sweep) -> None:
    cuda = PaperCuda()

    def work(unit: Unit) -> None:
        cuda.allocate(unit.batch * 32 * MIB)
        cuda.free(unit.batch * 32 * MIB)

    records = sweep(cuda, work)
    assert [each.status for each in records] == ["done", "done", "failed", "done"]
    assert (records[2].reason_kind, records[2].measurement) == ("out_of_memory", None)
    assert "Tried to allocate" in records[2].reason
    assert cuda.log.count("empty cache") == 4
    memory = [each.measurement.device_memory_bytes for each in records if each.measurement]
    assert memory == [32 * MIB, 256 * MIB, 64 * MIB]


def test_after_an_illegal_access_the_units_left_are_not_blamed(sweep: Sweep) -> None:
    """They have no record, so the host gives them a fresh worker."""
    cuda = PaperCuda()

    def work(unit: Unit) -> None:
        if unit.batch == 8:
            cuda.lost = True
            cuda.launch(1)

    records = sweep(cuda, work)
    assert [(each.unit.batch, each.status, each.reason_kind) for each in records] == [
        (1, "done", ""),
        (8, "failed", "error"),
    ]
