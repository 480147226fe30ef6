"""Units, records, environments and plans made up for tests: small, valid, and told apart by what a test names."""

from bench.records.environment import Environment, RuntimeVersion
from bench.records.measurement import Cost, Measurement
from bench.records.record import FailureKind, Record, Status
from bench.records.run import DeviceState, Plan
from bench.records.workload import OperatorArguments, Unit, Workload


def unit(
    name: str = "conv",
    *,
    runtime: str = "eager",
    round_number: int = 0,
    device: str = "cpu",
    size: tuple[int, int, int] = (16, 4, 4),
    threads: int = 1,
) -> Unit:
    """One operator in one round."""
    return Unit(
        workload=Workload(
            kind="op",
            name=name,
            input_shape=size,
            stack=2,
            operator=OperatorArguments(
                kernel=3,
                groups=16,
                ratio="1/4",
                dilation=1,
                stride=1,
                implementation="split_cat",
                selection="first",
            ),
        ),
        runtime=runtime,
        dtype="float32",
        layout="nchw",
        batch=1,
        threads=threads,
        device=device,
        mode="latency",
        round=round_number,
        allocator="retained",
    )


def measurement(seconds: float = 0.001) -> Measurement:
    """Two samples."""
    return Measurement(
        samples_s=(seconds, seconds * 1.01),
        iterations_per_sample=10,
        warmup_iterations=23,
        steady=True,
        precise=False,
        load_s=0.1,
        first_call_s=0.01,
        max_error=0.0,
        peak_memory_bytes=1 << 20,
        threads_seen=1,
        cpus=(1,),
    )


def record(
    of: Unit, *, status: Status = "done", kind: FailureKind = "", attempt: int = 1, reason: str = "", cost: bool = True
) -> Record:
    """How a unit ended."""
    return Record(
        unit=of,
        attempt=attempt,
        status=status,
        reason_kind=kind,
        reason=reason,
        measurement=measurement() if status == "done" else None,
        cost=Cost(params=10, macs=100, bytes_ideal=40, bytes_moved=40) if cost else None,
    )


def environment(fingerprint: str = "f00d", runtimes: tuple[str, ...] = ("torch", "onnxruntime")) -> Environment:
    """A small machine of two cores."""
    return Environment(
        machine="x86_64",
        cpu_model="Test CPU",
        logical_cpus=2,
        physical_cores=2,
        allowed_cpus=(0, 1),
        memory_bytes=1 << 30,
        kernel="6.1",
        os="Linux",
        python="3.11.0",
        runtimes=tuple(RuntimeVersion(name=name, version="1.0") for name in runtimes),
        fingerprint=fingerprint,
    )


def plan(*units: Unit) -> Plan:
    """A run of `bench ops`."""
    return Plan(
        command="ops",
        argv=("ops",),
        created_utc="2026-01-01T00:00:00Z",
        version="0",
        code_version="c0de",
        units=units,
        devices=(DeviceState(name="cpu", environment=environment()),),
    )
