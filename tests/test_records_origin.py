"""Where a worker's packages come from, and what tells two Pythons apart."""

import pytest

from bench.records.environment import RuntimeVersion
from bench.records.origin import Origin, PythonEnvironment, differing


def python(version: str = "3.11.7", **packages: str) -> PythonEnvironment:
    held = tuple(RuntimeVersion(name=name, version=each) for name, each in packages.items())
    return PythonEnvironment(version=version, packages=held)


def test_only_what_is_not_the_same_differs() -> None:
    first = python(torch="2.12.1", numpy="2.4", timm="1.0")
    second = python("3.12.1", torch="2.13.0", numpy="2.4", onnx="1.19")
    assert differing(first, second) == (
        ("Python", "3.11.7", "3.12.1"),
        ("torch", "2.12.1", "2.13.0"),
        ("onnx", "none", "1.19"),
        ("timm", "1.0", "none"),
    )
    assert differing(first, first) == ()


def test_builds_of_one_version_differ() -> None:
    cpu, gpu = (
        PythonEnvironment(version="3.11", packages=(RuntimeVersion(name="torch", version="2.13.0", note=note),))
        for note in ("CPU build", "CUDA 12.8 build")
    )
    assert differing(cpu, gpu) == (("torch", "2.13.0 (CPU build)", "2.13.0 (CUDA 12.8 build)"),)


@pytest.mark.parametrize("path", ["python", "./python", "/a\0b", "/" + "a" * 5000, "--help"])
def test_a_path_is_whole_and_has_an_end(path: str) -> None:
    with pytest.raises(ValueError, match="expected a Python by its whole path"):
        Origin(python=path)
    with pytest.raises(ValueError, match="expected a project's folder by its whole path"):
        Origin(folder=path)


def test_a_label_is_what_people_read() -> None:
    assert Origin().words == ""
    assert Origin(python="/a/python", folder="/b").words == "/a/python"
    assert Origin(python="/a/python", folder="/b", label="base 1a2b3c4").words == "base 1a2b3c4"
    with pytest.raises(ValueError, match="expected a label of at most 80 characters, got 81"):
        Origin(label="x" * 81)
