"""What converts networks for a runtime stands in an environment of its own, made when it is asked for."""

import subprocess
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import cast

import pytest

from bench.errors import UsageError
from bench.host import converters
from bench.host.artifacts import ArtifactCache
from bench.host.prepare import Preparation
from bench.link.connection import Connection
from bench.plan import runtimes
from bench.plan.runtimes import Runtime
from bench.records.artifact import Artifact
from tests.fake_device import FakeDevice
from tests.made_up import unit
from tests.tiny_wheel import tiny_wheel

ROW = Runtime(
    name="toy",
    title="Toy",
    package="toy",
    module="toy",
    loader="toy:load",
    graph=True,
    converter="toy:convert",
    needs=("tinypackage==1.0",),
    own_environment=True,
)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache, while pip finds one package, version 1.0 of it, and our table has the row above."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    tiny_wheel(folder, "1.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setitem(runtimes._OURS, "toy", ROW)
    return tmp_path / "cache"


@pytest.mark.slow
def test_it_is_installed_once_and_sees_torch_behind_its_own(tiny: Path) -> None:
    assert converters.missing(ROW, tiny).endswith("`bench runtimes setup toy` installs it")
    said: list[str] = []
    tiny.mkdir()
    for _ in range(2):
        assert "tinypackage==1.0" in converters.set_up(ROW, tiny, said.append)
    assert len(said) == 1
    assert converters.missing(ROW, tiny) == ""
    program = "import tinypackage, torch; print(tinypackage.VERSION)"
    done = subprocess.run([converters.python_of(ROW, tiny), "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1.0\n"


@pytest.mark.slow
def test_what_pip_cannot_install_ends_in_a_line_and_leaves_nothing(tiny: Path) -> None:
    tiny.mkdir()
    with pytest.raises(UsageError, match=r"expected to install what converts networks for Toy .*tinypackage==9"):
        converters.set_up(replace(ROW, needs=("tinypackage==9",)), tiny, lambda line: None)
    assert not list((tiny / "environments").glob("*/bin"))


def test_units_of_a_converter_that_is_not_set_up_are_skipped_without_a_worker(tiny: Path) -> None:
    asked, device = unit(runtime="toy"), FakeDevice(lambda job: iter(()))
    made, told = Preparation(ArtifactCache(tiny, "torch 1.0"), threads=1), list[Artifact]()
    made.make(cast(Connection, device), [asked], Event(), lambda of, artifact: told.append(artifact))
    assert not device.jobs
    assert [each.kind for each in told] == ["unsupported"]
    assert "bench runtimes setup toy" in made.artifact(asked).reason


def test_the_version_of_a_converter_beside_torch_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a heavy one the environment's name tells it."""
    beside = replace(ROW, needs=("packaging>=1",), own_environment=False)
    monkeypatch.setattr(converters, "runtimes", lambda: {"toy": beside, "heavy": ROW})
    (found,) = converters.beside_torch()
    assert found.name == "packaging"
    assert found.version == version("packaging")


def test_a_converter_beside_torch_that_is_missing_is_named_unless_another_python_has_it(tmp_path: Path) -> None:
    beside = replace(ROW, needs=("packaging>=1", "no-such-package==1"), own_environment=False)
    assert converters.missing(beside, tmp_path).endswith("is not installed here; `pip install no-such-package==1`")
    assert converters.missing(beside, tmp_path, "/usr/bin/python3") == ""
    assert converters.missing(replace(beside, needs=("packaging>=1",)), tmp_path) == ""
