"""What is kept of earlier runs: all that this code with these libraries can use, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.host import artifacts
from bench.host.artifacts import ArtifactCache, cost_of
from bench.records.artifact import Artifact
from bench.records.calibration import Calibration
from bench.records.measurement import Cost
from tests.made_up import unit

OPS = ("conv", "gconv", "pconv")


def filled(folder: Path, maker: str) -> ArtifactCache:
    """An artifact for each operator, each with a file of its own and one that all share."""
    cache = ArtifactCache(folder, maker)
    shared = cache.store.add_bytes(b"shared")
    for name in OPS:
        cache.put(unit(name), Artifact(reference=shared, model=cache.store.add_bytes(f"{name} {maker}".encode())))
    return cache


def files(cache: ArtifactCache) -> set[bytes]:
    return {path.read_bytes() for path in cache.store.folder.iterdir()}


def test_what_older_libraries_made_goes_and_ours_stays(tmp_path: Path) -> None:
    old = filled(tmp_path, "torch 1.0")
    new = filled(tmp_path, "torch 2.0")
    new.store.add_bytes(b"of a factory, whose artifact is kept for its run only")
    new.drop_stale()
    assert [old.get(unit(name)) for name in OPS] == [None] * 3
    assert all(new.get(unit(name)) for name in OPS)
    assert files(new) == {b"shared", *(f"{name} torch 2.0".encode() for name in OPS)}


def test_what_other_code_made_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "code_version", lambda: "0lder")
        filled(tmp_path, "torch 1.0")
    cache = ArtifactCache(tmp_path, "torch 1.0")
    cache.drop_stale()
    assert files(cache) == set()
    assert list((tmp_path / "artifacts").iterdir()) == []


def test_each_runtime_has_its_own_graph_in_int8_and_shares_that_in_float32(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path, "torch 1.0")
    plain = [unit(runtime=name) for name in ("onnxruntime", "openvino")]
    int8 = [replace(each, dtype="int8") for each in plain]
    pictures = replace(int8[0], calibration=Calibration(folder="/a", digest="0" * 64))
    assert len({cache.key(each) for each in plain}) == 1
    assert len({cache.key(each) for each in (*plain, *int8, pictures)}) == 4
    assert cache.key(replace(pictures, calibration=replace(pictures.calibration, folder="/b"))) == cache.key(pictures)


def test_bytes_are_those_of_the_dtype_that_is_timed() -> None:
    """One float32 graph, counted once, serves OpenVINO's bfloat16 too; other dtypes are counted for themselves.

    What is moved is eager's own: the others execute other operations.
    """
    counted = Cost(params=10, macs=100, bytes_ideal=40, bytes_moved=60)
    artifact, float32 = Artifact(cost=counted), unit(runtime="openvino")
    assert cost_of(artifact, float32) == replace(counted, bytes_moved=None)
    assert cost_of(artifact, replace(float32, dtype="bfloat16")) == replace(counted, bytes_ideal=20, bytes_moved=None)
    assert cost_of(artifact, unit(runtime="compile")) == replace(counted, bytes_moved=None)
    assert cost_of(artifact, replace(unit(), dtype="bfloat16")) == artifact.cost
