"""Every type that is said or written comes back from its JSON."""

import json
from dataclasses import replace
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.journal import DeviceEvent
from bench.records.artifact import Artifact
from bench.records.environment import Environment, RuntimeVersion
from bench.records.measurement import Cost, Disturbances, Measurement, NoiseFloor
from bench.records.pair import Pair, PairRecord
from bench.records.record import Record
from bench.records.run import Option, Plan
from bench.records.verdict import Verdict
from bench.records.workload import DTYPES, LAYOUTS, ModelArguments, OperatorArguments, Settings, Unit, Workload
from bench.wire.decode import decode, encode
from bench.wire.lease import Lease
from bench.wire.messages import Exit
from bench.wire.order import Job, Order, Task

TEXT = st.text(max_size=8)
COUNT = st.integers(1, 10**6)
SECONDS = st.floats(min_value=1e-9, max_value=1e6)
SEVERAL_SECONDS = st.lists(SECONDS, min_size=1, max_size=4).map(tuple)
MAYBE = st.none() | st.floats(min_value=0, max_value=1e3)


OPERATORS = st.builds(OperatorArguments)
SHAPES = st.tuples(COUNT, COUNT, COUNT)
WORKLOADS = st.builds(
    Workload, kind=st.just("op"), input_shape=SHAPES, operator=OPERATORS, model=st.none()
) | st.builds(Workload, kind=st.just("model"), input_shape=SHAPES, operator=st.none(), model=st.builds(ModelArguments))
UNITS = st.builds(
    Unit,
    workload=WORKLOADS,
    runtime=st.sampled_from(("eager", "onnxruntime", "gone_2.0-x")),
    dtype=st.sampled_from(DTYPES),
    layout=st.sampled_from(LAYOUTS),
    batch=COUNT,
    threads=COUNT,
    round=st.integers(0, 9),
)
COSTS = st.builds(
    Cost, params=COUNT, macs=COUNT, bytes_ideal=st.none() | COUNT, bytes_moved=st.none() | COUNT, kinds=st.just(())
)
DISTURBANCES = st.builds(
    Disturbances, steal_percent=MAYBE, involuntary_switches_per_s=MAYBE, frequency_ratio=MAYBE,
    temperature_c=MAYBE, sm_clock_ratio=MAYBE, power_w=MAYBE,
)  # fmt: skip
MEASUREMENTS = st.builds(
    Measurement,
    samples_s=SEVERAL_SECONDS,
    device_samples_s=st.just(()) | SEVERAL_SECONDS,
    iterations_per_sample=COUNT,
    warmup_iterations=COUNT,
    load_s=SECONDS,
    first_call_s=SECONDS,
    max_error=MAYBE,
    verdicts=st.lists(st.sampled_from(get_args(Verdict)), max_size=3).map(tuple),
    disturbances=DISTURBANCES,
)
RECORDS = st.builds(
    Record, unit=UNITS, status=st.just("done"), reason_kind=st.just(""), measurement=MEASUREMENTS,
    cost=st.none() | COSTS, seconds=SECONDS,
) | st.builds(
    Record, unit=UNITS, status=st.sampled_from(["failed", "lost", "skipped"]), reason_kind=st.just("crash"),
    measurement=st.none(), cost=st.none() | COSTS, seconds=SECONDS,
)  # fmt: skip
ENVIRONMENTS = st.builds(Environment, temperature_c=MAYBE, clock_skew_s=MAYBE)
NOISE = st.builds(
    NoiseFloor, timer_overhead_s=SECONDS, timer_resolution_s=SECONDS, spin_samples_s=SEVERAL_SECONDS,
    gemm_samples_s=SEVERAL_SECONDS,
)  # fmt: skip
PAIRS = UNITS.map(lambda unit: Pair(first=unit, second=replace(unit, seed=unit.seed + 1)))
PAIR_RECORDS = st.builds(
    PairRecord, pair=PAIRS, status=st.just("done"), first_s=st.just((1.0, 2.0)), second_s=st.just((1.5, 2.5)),
    seconds=SECONDS,
)  # fmt: skip
PLANS = st.builds(Plan, units=st.lists(UNITS, max_size=2).map(tuple), pairs=st.just(()), devices=st.just(()))
ORDERS = st.builds(Order, unit=UNITS, deadline_s=SECONDS)
TASKS = st.builds(Task, orders=st.lists(ORDERS, max_size=2).map(tuple), burst_s=SECONDS)
JOBS = st.builds(
    Job, task=TASKS, workers=st.sampled_from([1, 2]), threads=COUNT, start_s=SECONDS,
)  # fmt: skip
OTHERS = (
    st.builds(Lease, heartbeat_s=SECONDS, lease_s=SECONDS, grace_s=SECONDS, lock_wait_s=SECONDS)
    | st.builds(Artifact, cost=st.none() | COSTS, seconds=SECONDS)
    | st.builds(Exit)
    | st.builds(DeviceEvent, environment=st.none() | ENVIRONMENTS, noise=st.none() | NOISE)
    | st.builds(Option)
    | st.builds(RuntimeVersion)
    | st.builds(Settings)
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS | PAIR_RECORDS | PLANS | JOBS | OTHERS)
def test_every_type_comes_back_from_its_json(value: Any) -> None:
    text = json.dumps(encode(value), allow_nan=False)
    back = decode(type(value), json.loads(text))
    assert back == value
    assert json.dumps(encode(back)) == text
