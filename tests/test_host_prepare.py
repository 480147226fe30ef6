"""What units need beforehand is made once for all that share it, and a failure is told and not kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import cast

import pytest

from bench.host.artifacts import ArtifactCache
from bench.host.prepare import Preparation
from bench.link.connection import Connection
from bench.plan.schedule import WORKER_UNITS
from bench.records.artifact import Artifact
from bench.records.origin import Origin
from bench.records.workload import ModelArguments, Settings, Unit, Workload
from bench.wire.lease import Lease
from bench.wire.messages import Said
from bench.wire.order import Job
from tests.fake_device import FakeDevice, Line, begin, ended
from tests.made_up import unit

A, B, C = unit("conv"), unit("gconv"), unit("pconv")


def failing(name: str, end: Line, times: int = 99) -> FakeDevice:
    left = [times]

    def script(job: Job) -> Iterator[Line]:
        for order in job.task.orders:
            yield begin(order.unit, order.attempt)
            if order.unit.workload.name == name and left[0]:
                left[0] -= 1
                yield end
                return
            yield Said(body=Artifact(seconds=0.1), unit=order.unit.id, attempt=order.attempt)
        yield ended()

    return FakeDevice(script)


def of(unit: Unit, python: str, label: str = "") -> Unit:
    return replace(unit, origin=Origin(python=python, label=label))


def network(source: str, digest: str) -> Unit:
    model = ModelArguments(source=source, digest=digest)
    return replace(A, workload=Workload(kind="model", name=source, input_shape=(3, 8, 8), model=model))


def make(tmp_path: Path, device: FakeDevice, *units: Unit) -> tuple[Preparation, list[str]]:
    made = Preparation(ArtifactCache(tmp_path, "torch 1.0"), threads=1)
    told: list[str] = []
    made.make(cast(Connection, device), units, Event(), lambda of, artifact: told.append(of.workload.name))
    return made, told


@pytest.mark.parametrize(
    "other",
    [
        replace(A, round=3),
        replace(A, device="pi4", fingerprint="beef"),
        replace(A, threads=4),
        replace(A, layout="channels_last"),
        replace(A, effort="publish"),
        replace(A, settings=Settings(flush_denormal=True)),
        replace(A, runtime="compile"),
    ],
)
def test_what_decides_no_artifact_makes_no_other(tmp_path: Path, other: Unit) -> None:
    cache = ArtifactCache(tmp_path, "torch 1.0")
    assert cache.key(other) == cache.key(A)


@pytest.mark.parametrize(
    "other",
    [replace(A, batch=2), replace(A, seed=1), replace(A, dtype="float16"), replace(A, code_version="x"), B],
)
def test_what_decides_an_artifact_makes_another(tmp_path: Path, other: Unit) -> None:
    cache = ArtifactCache(tmp_path, "torch 1.0")
    assert cache.key(other) != cache.key(A)
    assert ArtifactCache(tmp_path, "torch 2.0").key(A) != cache.key(A)


def test_an_artifact_belongs_to_what_a_python_holds_and_not_to_its_path(tmp_path: Path) -> None:
    """Nor to what its side is called."""
    makers = {"/a/python": "torch 1.0", "/b/python": "torch 2.0"}
    cache = ArtifactCache(tmp_path, "torch 1.0", makers)
    assert cache.key(of(A, "/a/python", "base")) == cache.key(A)
    assert cache.key(of(A, "/b/python")) != cache.key(A)


def test_a_projects_folder_tells_factories_apart_and_files_by_their_content(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path, "torch 1.0")
    base, head = (Origin(folder=f"/{name}") for name in ("base", "head"))
    factory, file = network("nets.small:make", "d1"), network("net.onnx", "d1")
    assert cache.key(replace(factory, origin=base)) != cache.key(replace(factory, origin=head))
    assert cache.key(replace(factory, origin=replace(base, label="base"))) == cache.key(replace(factory, origin=base))
    assert cache.key(replace(file, origin=base)) == cache.key(replace(file, origin=head))
    assert cache.key(file) != cache.key(network("net.onnx", "d2"))


def test_a_factory_may_import_what_no_version_tells_of(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path, "torch 1.0", {"/a/python": "torch 1.0", "/b/python": "torch 1.0"})
    factory = network("nets.small:make", "d1")
    assert len({cache.key(each) for each in (factory, of(factory, "/a/python"), of(factory, "/b/python"))}) == 3


def test_operators_of_two_pythons_share_no_worker(tmp_path: Path) -> None:
    device = failing("", ended())
    cache = ArtifactCache(tmp_path, "torch 1.0", {"/b/python": "torch 2.0"})
    made = Preparation(cache, threads=1)
    units = (A, of(B, "/b/python"), C, of(C, "/b/python"))
    made.make(cast(Connection, device), units, Event(), lambda unit, artifact: None)
    workers = [[order.unit.origin.python for order in job.task.orders] for job in device.jobs]
    assert workers == [["", ""], ["/b/python", "/b/python"]]
    assert made.missing(units) == ()


def test_a_unit_is_served_by_the_python_that_makes_for_it(tmp_path: Path) -> None:
    device = failing("", ended())
    made = Preparation(ArtifactCache(tmp_path, "torch 1.0"), threads=1, origin=lambda unit: Origin())
    units = (A, of(A, "/without/torch/python"))
    made.make(cast(Connection, device), units, Event(), lambda unit, artifact: None)
    assert len(device.jobs) == 1
    assert made.artifact(units[1]).kind == ""


def test_an_artifact_whose_file_is_gone_is_missing(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path, "torch 1.0")
    digest = cache.store.add_bytes(b"output")
    cache.put(A, Artifact(reference=digest))
    assert cache.get(A) == Artifact(reference=digest)
    cache.store.path(digest).unlink()
    assert cache.get(A) is None


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path, "torch 1.0")
    cache.put(A, Artifact())
    for path in (tmp_path / "artifacts").iterdir():
        path.write_text("{")
    assert cache.get(A) is None


def test_operators_are_made_in_one_worker(tmp_path: Path) -> None:
    device = failing("", ended())
    made, told = make(tmp_path, device, A, B, C, replace(A, round=1))
    assert told == ["conv", "gconv", "pconv"]
    assert len(device.jobs) == 1
    assert [made.artifact(of).kind for of in (A, B, C)] == ["", "", ""]
    assert made.missing([A, B, C]) == ()


def test_a_crash_is_tried_once_more(tmp_path: Path) -> None:
    device = failing("gconv", ended(signal=11), times=1)
    made, told = make(tmp_path, device, A, B, C)
    assert told == ["conv", "gconv", "pconv"]
    assert made.artifact(B).kind == ""
    assert len(device.jobs) == 2


@pytest.mark.parametrize(
    ("end", "kind"),
    [(ended(signal=11), "crash"), (ended(timed_out=True), "timeout"), (ended(signal=9, oom=True), "out_of_memory")],
)
def test_what_cannot_be_made_says_why_and_the_others_are(tmp_path: Path, end: Line, kind: str) -> None:
    made, told = make(tmp_path, failing("gconv", end), A, B, C)
    assert told == ["conv", "gconv", "pconv"]
    assert [made.artifact(of).kind for of in (A, B, C)] == ["", kind, ""]
    assert made.artifact(B).reason.startswith("while it was exported: ")
    # Not kept: another run may have more memory.
    assert Preparation(made.cache, threads=1).missing([A, B, C])[0].workload == B.workload


def test_many_operators_are_exported_by_several_workers(tmp_path: Path) -> None:
    """One job is one line, and a line has a limit."""
    device = failing("", ended())
    units = [unit(size=(16, 4, 4 + number)) for number in range(WORKER_UNITS + 1)]
    made = Preparation(ArtifactCache(tmp_path, "here"), threads=1)
    made.make(device.connect("run", Lease())[0], units, Event(), lambda unit, artifact: None)
    assert [len(job.task.orders) for job in device.jobs] == [WORKER_UNITS, 1]
    assert made.missing(units) == ()
