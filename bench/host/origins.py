"""The Pythons that a run's units name: looked at once, refused in a line where they lack what is needed."""

from threading import Event

from bench.errors import UsageError
from bench.host.job import failure_of, run_job
from bench.link.connection import Connection
from bench.plain_text import plain_line
from bench.plan.runtimes import packages, runtime
from bench.plan.subjects import is_onnx_file, network_entry
from bench.records.environment import RuntimeVersion
from bench.records.origin import Origin, PythonEnvironment
from bench.records.workload import Unit
from bench.wire.messages import Exit, Fatal, Said
from bench.wire.order import Job, Task

LOOK_S = 30.0  # a board's card is slow; what has not answered by then is no Python
EXPORTERS = ("onnx", "onnxscript")
_LIBRARIES = {"timm": ("torchvision", "timm"), "torchvision": ("torchvision",)}


def look_at(connection: Connection, python: str, stop: Event) -> PythonEnvironment:
    """What the Python at that path holds, "" for the workers' usual one; UsageError where it cannot serve."""
    found: list[PythonEnvironment] = []

    def handle(said: Said) -> None:
        if isinstance(said.body, Fatal):
            raise UsageError(f"expected {python} to run our code, got: {plain_line(said.body.reason)}")
        if isinstance(said.body, PythonEnvironment):
            found.append(said.body)

    task = Task(kind="look", origin=Origin(python=python), packages=(*packages(), *EXPORTERS))
    exits = run_job(connection, Job(task=task, start_s=LOOK_S), handle, stop)
    if not found:
        raise UsageError(
            f"expected {python or 'Python'} to be Python 3.11 or newer, got: {_last_words(exits)}; give the path of"
            " one, such as .venv/bin/python"
        )
    said = found[0]
    held = tuple(_plain(each) for each in said.packages)
    return PythonEnvironment(path=python, version=plain_line(said.version, 80), packages=held)


def _last_words(exits: tuple[Exit, ...]) -> str:
    """What it printed, else how it ended."""
    end, _, printed = failure_of(exits)[1].partition(": ")
    return plain_line(printed or end.replace("the worker", "it"), 120)


def _plain(package: RuntimeVersion) -> RuntimeVersion:
    return RuntimeVersion(
        name=plain_line(package.name, 80), version=plain_line(package.version, 80), note=plain_line(package.note, 80)
    )


def builds(unit: Unit, found: PythonEnvironment) -> bool:
    """Whether that Python of this machine makes what the unit needs beforehand: it has torch, and is not given a file.

    Else ours does: without torch it still runs a graph.
    """
    return found.has("torch") and not is_onnx_file(unit.workload)


def check_holds(unit: Unit, found: PythonEnvironment, *, here: bool) -> None:
    """UsageError that names what the unit's Python lacks, and the command that installs it."""
    row = runtime(unit.runtime)
    wanted = ["numpy", *row.beside, row.package]
    made_there = here and builds(unit, found)
    if made_there or not row.graph:
        library = network_entry(unit.workload).library if unit.workload.model is not None else ""
        wanted += ["torch", *_LIBRARIES.get(library, ())]
    if made_there and row.graph:
        wanted += EXPORTERS
    if lacking := [package for package in dict.fromkeys(wanted) if not found.has(package)]:
        names = " ".join(lacking)
        raise UsageError(
            f"expected {found.path} to hold {' and '.join(lacking)} for {unit.workload.name} in {unit.runtime}, it does"
            f" not; install: {found.path} -m pip install {names}"
        )
