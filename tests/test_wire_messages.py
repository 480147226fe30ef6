"""The page of messages is whole: each body travels unchanged, says what its fields are, and no other file names one."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from bench.errors import ProtocolError
from bench.records.accuracy import Answer, Evaluation, EvaluationRecord
from bench.records.artifact import Artifact
from bench.records.environment import RuntimeVersion
from bench.records.measurement import Cost, NoiseFloor
from bench.records.origin import Origin, PythonEnvironment
from bench.records.study import StudyRecord
from bench.records.workload import GivenInputs
from bench.wire.lease import Lease
from bench.wire.message import Message, decode_line, encode_line
from bench.wire.messages import (
    BODIES,
    Accelerators,
    Alive,
    Begin,
    Body,
    Bursts,
    Bye,
    Cancel,
    Clean,
    Done,
    Error,
    Exit,
    Fatal,
    FilePart,
    Have,
    Hello,
    Idle,
    Missing,
    Network,
    Said,
    Setup,
    SideFailed,
    Start,
    Step,
    Stored,
    Wheel,
    message,
    name_of,
    understood,
)
from bench.wire.order import Job, Order, Task, Visit
from tests.made_up import environment, record, unit
from tests.made_up_accuracy import evaluation
from tests.made_up_ceilings import FLOAT32
from tests.made_up_health import HEALTH
from tests.made_up_layers import LAYERS
from tests.made_up_studies import alike, errors, filters, run_of, study

ROOT = Path(__file__).resolve().parents[1]
DIGEST = "0f" * 32
COST = Cost(params=10, macs=100, bytes_ideal=40, bytes_moved=60)
ORDERS = (Order(unit=unit(), attempt=2, reference=DIGEST, model=DIGEST, deadline_s=1.5), Order(unit=unit("pconv")))
TASK = Task(
    kind="pair", orders=ORDERS, bursts=3, bursts_per_seat=2, burst_s=0.1, seed=4, side=1, cpus=(2, 3), cache="/cache",
    token_read=5, token_write=6, sources=("net.onnx",), image=(800, 1280), packages=("numpy",),
    origin=Origin(folder="/project"), study=study(), evaluation=Evaluation(folder="/photos"),
    visit=Visit(part="cuda", dtype="int8", accelerator="cuda:1", shapes=((1, 2, 3),), realtime=True),
)  # fmt: skip

# No field is left at its default in all of them: one that does not travel would come back as it.
BODY_OF_EACH: tuple[Body, ...] = (
    Start(lease=Lease(heartbeat_s=1.0, lease_s=2.0, grace_s=3.0, lock_wait_s=4.0), packages=("numpy",), device="pi4"),
    Alive(),
    Have(digests=(DIGEST,)),
    FilePart(data="AAAA", last=True, digest=DIGEST, size=3),
    Job(task=TASK, workers=2, threads=4, start_s=7.5),
    Cancel(),
    Bye(),
    Hello(environment=environment(), clock=1.5, pid=4711),
    Missing(digests=(DIGEST,)),
    Stored(),
    Exit(code=1, signal=9, oom=True, timed_out=True, peak_memory_bytes=1 << 40, broke_wire="no JSON", log="a\nµ😀"),
    Idle(),
    Error(kind="disk", message="full"),
    Begin(),
    replace(record(unit()), layers=LAYERS),
    replace(record(unit(), status="failed", kind="timeout", reason="long"), started_utc="2026-01-01", seconds=1.5),
    Artifact(
        reference=DIGEST, model=DIGEST, parts=DIGEST, inputs=DIGEST, cost=COST, channels_last_cost=COST,
        graph_nodes=7, peak_bytes=9, kind="build", reason="no layer", graph_reason="no graph", seconds=2.5,
    ),
    Bursts(seconds=(0.5, 0.25), discarded=(1,), verdicts=("throttled",)),
    SideFailed(kind="wrong_output", reason="NaN"),
    NoiseFloor(
        timer_overhead_s=1e-8, timer_resolution_s=1e-9, spin_samples_s=(0.5,), gemm_samples_s=(0.25,), gemm_size=256
    ),
    HEALTH,
    replace(FLOAT32, accelerator="cuda:0"),
    Accelerators(names=("cuda:0 NVIDIA H200",), reason="none"),
    Network(
        source="net.onnx", input_shape=(3, 8, 8), digest=DIGEST, batch=4, dtype="float16", reason="none",
        inputs=GivenInputs(source="/in.npz", digest=DIGEST),
    ),
    PythonEnvironment(path="/v/python", version="3.12.1", packages=(RuntimeVersion(name="numpy", version="2.4"),)),
    StudyRecord(failed="none"),
    run_of(study(), errors({"conv": [0.5]})).study_records[0],
    *errors({"conv": [0.5]}),
    filters("conv", (1,) * 9, zero=2),
    alike("conv", 4, draw=True),
    *evaluation(Answer(image="a.png", top=(3, 1), label=3, reference=1)).evaluation_records,
    EvaluationRecord(failed="killed"),
    Fatal(kind="unsupported", reason="no torch"),
    Setup(
        folder="env", packages=("numpy",), alone=("ncnn",), modules=("numpy",),
        wheels=(Wheel(name="numpy.whl", size=3, digest=DIGEST),), offline=True, index="https://index",
    ),
    Clean(lock_wait_s=0.5),
    Step(text="installing"),
    Done(),
)  # fmt: skip


def test_there_is_one_name_for_each_body_and_a_body_for_each_name() -> None:
    assert set(BODIES.values()) == set(get_args(Body)) == {type(body) for body in BODY_OF_EACH}
    assert len(BODIES) == len(set(BODIES.values()))
    for name, kind in BODIES.items():
        assert name_of(kind) == name
        assert re.fullmatch("[a-z_]+", name)


@pytest.mark.parametrize("body", BODY_OF_EACH, ids=name_of)
def test_a_body_comes_back_from_its_line_unchanged(body: Body) -> None:
    line = encode_line(replace(message(body, unit="unit", attempt=2, run="run", seq=3), worker=1))
    envelope = decode_line(line)
    assert (envelope.run, envelope.seq, envelope.type) == ("run", 3, name_of(body))
    assert understood(envelope) == Said(body=body, unit="unit", attempt=2, worker=1)


@pytest.mark.parametrize("kind", BODIES.values(), ids=name_of)
def test_no_field_is_at_its_default_in_all_that_is_sent_here(kind: type[Body]) -> None:
    """Else the test above could not tell a field that travels from one that does not."""
    for each in fields(kind):
        values = [getattr(body, each.name) for body in BODY_OF_EACH if type(body) is kind]
        assert any(value != default_of(each) for value in values), each.name


def default_of(each: "Field[Any]") -> object:
    return each.default if each.default_factory is MISSING else each.default_factory()


@pytest.mark.parametrize("kind", [*BODIES.values(), Wheel])
def test_every_field_is_explained(kind: type) -> None:
    """Beside it, or by its name in the docstring."""
    source = inspect.getsource(kind)
    (tree,) = ast.parse(source).body
    assert isinstance(tree, ast.ClassDef)
    said = ast.get_docstring(tree)
    assert said
    lines = source.splitlines()
    for statement in tree.body:
        if isinstance(statement, ast.AnnAssign):
            assert isinstance(statement.target, ast.Name)
            name, beside = statement.target.id, lines[statement.lineno - 1][statement.end_col_offset :]
            assert "#" in beside or re.search(rf"\b{name}\b", said), f"{kind.__name__}.{name}"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (Message(type="poem", body={}), "expected a known message, got 'poem'"),
        (Message(type="", body={}), "expected a known message, got ''"),
        (Message(type="x" * 99, body={}), "got '" + "x" * 40 + "'"),
        (Message(type="idle", body={"more": 1}), "idle: unknown field 'more'"),
        (Message(type="stored", body={"worker": 0}), "stored: unknown field 'worker'"),
        (Message(type="begin", body={"a\x1b[2J": 1}), "begin: unknown field"),
        (Message(type="fatal", body={"reason": "x"}), "fatal: missing field 'kind'"),
        (Message(type="fatal", body={"kind": "whim", "reason": "x"}), "fatal: expected one of"),
        (Message(type="bursts", body={"seconds": [-1.0]}), "bursts: expected positive burst times"),
        (Message(type="bursts", body={"seconds": [1e300]}), "bursts: expected positive burst times"),
        (Message(type="job", body={"task": {"kind": "noise"}, "workers": 3}), "job: expected 1 or 2 workers"),
        (Message(type="job", body={"task": {"kind": "noise"}, "start_s": 0}), "job: expected 1 or 2 workers"),
        (Message(type="exit", body={"code": True}), "exit: missing field"),
    ],
)
def test_what_is_none_of_them_is_refused_by_its_name_in_one_line(line: Message, says: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        understood(line)
    assert says in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


# --- one page


def names_spelled_out(tree: ast.AST) -> Iterator[str]:
    """Where a message's type is a string in the code: in what makes one, in what sends one, in what compares one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            for keyword in node.keywords:
                if keyword.arg == "type" and called in ("Message", "replace") and holds_text(keyword.value):
                    yield ast.unparse(node)
            says = called in ("Message", "message", "send", "forward", "say", "wait_for", "name_of")
            if says and any(isinstance(given, ast.Constant) and given.value in BODIES for given in node.args):
                yield ast.unparse(node)
        elif isinstance(node, ast.Compare):
            sides = (node.left, *node.comparators)
            if any(is_type(side) for side in sides) and any(holds_text(side) for side in sides):
                yield ast.unparse(node)
        elif isinstance(node, ast.Match) and is_type(node.subject):
            yield ast.unparse(node.subject)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "type" and holds_text(value):
                    yield ast.unparse(node)


def is_type(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "type"


def holds_text(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in ast.walk(node))


@pytest.mark.parametrize(
    "bad",
    [
        'Message(type="idle", body={})',
        'replace(said, type="idle")',
        'connection.send("job", {})',
        'connection.wait_for("stored")',
        'if message.type == "begin": ...',
        'if "begin" != message.type: ...',
        'if message.type in ("begin", "record"): ...',
        'match message.type:\n    case "begin": ...',
        'line = {"type": "alive", "body": {}}',
    ],
)
def test_a_name_that_is_spelled_out_is_found(bad: str) -> None:
    assert list(names_spelled_out(ast.parse(bad)))


def test_only_the_page_spells_out_a_messages_name() -> None:
    page = ROOT / "bench/wire/messages.py"
    files = sorted((ROOT / "bench").rglob("*.py"))
    assert page in files
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in files
        if path != page
        for text in names_spelled_out(ast.parse(path.read_text()))
    ]
    assert found == []
