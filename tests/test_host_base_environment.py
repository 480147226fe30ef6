"""A base that asks for other packages has a Python of its own; nothing is installed where the user works."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.host.base_environment import python_of_base
from tests.tiny_wheel import tiny_wheel

PYPROJECT = (
    '[project]\nname = "x"\nversion = "{version}"\ndependencies = [{needs}]\n[tool.ruff]\nline-length = {long}\n'
)


class Sides:
    """Two folders as of two revisions, a cache, and what was said."""

    def __init__(self, folder: Path) -> None:
        self.base, self.head, self.cache = folder / "base", folder / "head", folder / "cache"
        self.said: list[str] = []
        for each in (self.base, self.head):
            each.mkdir()

    def write(self, name: str, base: str | None, head: str | None) -> None:
        for folder, text in ((self.base, base), (self.head, head)):
            if text is not None:
                (folder / name).write_text(text)

    def python(self) -> tuple[str, tuple[str, ...]]:
        return python_of_base(self.base, self.head, self.cache, self.said.append)


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    return Sides(tmp_path)


@pytest.mark.slow
def test_what_only_the_base_asks_for_is_installed_for_it_alone(sides: Sides, tmp_path: Path) -> None:
    """Its Python has that, and behind it what this one has; the second time nothing is installed."""
    sides.write("requirements.txt", tiny_wheel(tmp_path, "1.0"), tiny_wheel(tmp_path, "2.0"))
    python, notes = sides.python()
    program = "import tinypackage, torch, sys; print(tinypackage.VERSION, torch.__file__)"
    told = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    import torch

    assert told == ["1.0", torch.__file__]
    assert notes == ("the base has packages of its own: requirements.txt differs between base and head",)
    assert len(sides.said) == 1
    assert (
        subprocess.run([sys.executable, "-c", "import tinypackage"], capture_output=True, check=False).returncode == 1
    )
    assert sides.python() == (python, notes)
    assert len(sides.said) == 1


@pytest.mark.slow
def test_a_package_that_lies_in_the_project_is_that_of_the_revision(tmp_path: Path) -> None:
    """What is asked for reads the same in both; what lies there is another."""
    told = []
    for revision in ("one", "another"):
        (tmp_path / revision).mkdir()
        sides = Sides(tmp_path / revision)
        sides.cache = tmp_path / "cache"
        sides.write("requirements.txt", f"./{Path(tiny_wheel(sides.base, '1.0', says=revision)).name}\n", "numpy\n")
        python, _ = sides.python()
        program = "import tinypackage; print(tinypackage.VERSION)"
        told.append(subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip())
    assert told == ["one", "another"]


@pytest.mark.slow
def test_an_installation_that_fails_is_one_line_and_leaves_nothing(sides: Sides) -> None:
    sides.write("requirements.txt", "./nowhere-1.0-py3-none-any.whl\n", "numpy\n")
    with pytest.raises(UsageError) as caught:
        sides.python()
    assert "expected to install the base's packages" in str(caught.value)
    assert "nowhere" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.suffix for path in (sides.cache / "environments").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("name", "base", "head"),
    [
        ("requirements.txt", "numpy\n", "numpy\n"),
        ("net.py", "1", "2"),
        (
            "pyproject.toml",
            PYPROJECT.format(version=1, needs="", long=80),
            PYPROJECT.format(version=2, needs="", long=120),
        ),
        ("pyproject.toml", "[tool.ruff]\n", "[tool.ruff]\nline-length = 9\n"),
    ],
)
def test_where_both_ask_for_the_same_they_share_this_python(sides: Sides, name: str, base: str, head: str) -> None:
    sides.write(name, base, head)
    assert sides.python() == ("", ())


@pytest.mark.parametrize(
    ("name", "base", "head", "said"),
    [
        ("uv.lock", "1", "2", "uv.lock differs between base and head, and pip does not read it"),
        ("requirements-dev.txt", "a", "b", "and the base names nothing that pip installs"),
        ("requirements.txt", None, "numpy", "and the base names nothing that pip installs"),
        ("pyproject.toml", "no toml [", "neither [", "and the base names nothing that pip installs"),
    ],
)
def test_what_differs_and_cannot_be_installed_is_said(
    sides: Sides, name: str, base: str | None, head: str, said: str
) -> None:
    sides.write(name, base, head)
    python, (note,) = sides.python()
    assert python == ""
    assert said in note


def test_a_file_that_requirements_take_in_is_one_of_them(sides: Sides) -> None:
    """However deep, in a folder of its own; one that takes itself in ends nothing."""
    for folder, version in ((sides.base, 1), (sides.head, 2)):
        (folder / "needs").mkdir()
        (folder / "requirements-dev.txt").write_text("-r needs/all.txt\n-rhttps://x.invalid/y.txt\n-c /nowhere\n")
        (folder / "needs/all.txt").write_text("--requirement=deep.txt\n-r ../requirements-dev.txt\n")
        (folder / "needs/deep.txt").write_text(f"numpy=={version}\n")
    _, (note,) = sides.python()
    assert note.startswith("needs/deep.txt differs between base and head")
