"""`import bench` refuses to start where a foreign package would be imported in place of one of ours."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


def run_python(code: str, *, path: list[Path], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that sees `cwd`, then `path`, and no site-packages."""
    return subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def package(parent: Path, name: str, *, init: bool = True) -> Path:
    """Make a package in `parent`; without `init` the folder is one that Python takes for a namespace."""
    folder = parent / name
    folder.mkdir(parents=True)
    if init:
        (folder / "__init__.py").touch()
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Give a working folder that holds nothing importable."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Pack what a device gets: bench, models and operators, but no reports."""
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name in ("bench", "models", "operators"):
            packed.write(CHECKOUT / name / "__init__.py", f"{name}/__init__.py")
    return path


def test_imports_from_the_checkout_alone(empty: Path) -> None:
    assert run_python("import bench", path=[CHECKOUT], cwd=empty).returncode == 0
    assert run_python("import bench", path=[], cwd=CHECKOUT).returncode == 0


def test_a_symbolic_link_to_the_checkout_is_no_foreigner(empty: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(CHECKOUT)
    code = f"import sys; import models; sys.path.insert(0, {str(CHECKOUT)!r}); import bench"
    assert run_python(code, path=[link], cwd=empty).returncode == 0


@pytest.mark.parametrize("name", ["models", "operators", "reports"])
def test_a_foreign_package_first_on_the_path_is_named(name: str, empty: Path, tmp_path: Path) -> None:
    foreign = package(tmp_path / "foreign", name)
    result = run_python("import bench", path=[foreign.parent, CHECKOUT], cwd=empty)
    last = result.stderr.strip().splitlines()[-1]
    assert result.returncode == 1
    assert last.startswith(f"ImportError: expected package {name!r} at {CHECKOUT / name}, got {foreign},")
    assert f"take {foreign.parent} off PYTHONPATH" in last


def test_the_same_package_behind_ours_is_harmless(empty: Path, tmp_path: Path) -> None:
    foreign = package(tmp_path / "foreign", "models")
    assert run_python("import bench", path=[CHECKOUT, foreign.parent], cwd=empty).returncode == 0


def test_a_foreign_module_in_the_working_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "models.py").touch()
    result = run_python("import bench", path=[CHECKOUT], cwd=tmp_path)
    assert f"got {tmp_path / 'models.py'}," in result.stderr


def test_a_foreign_package_imported_before_is_named(empty: Path, tmp_path: Path) -> None:
    foreign = package(tmp_path / "foreign", "models")
    code = f"import sys, models; sys.path.remove({str(foreign.parent)!r}); import bench"
    assert f"got {foreign}," in run_python(code, path=[foreign.parent, CHECKOUT], cwd=empty).stderr


def test_a_foreign_module_without_a_spec_is_named(empty: Path) -> None:
    code = "import sys, types; sys.modules['models'] = types.ModuleType('models'); import bench"
    assert "got <models in sys.modules>," in run_python(code, path=[CHECKOUT], cwd=empty).stderr


def test_a_bare_folder_hides_an_editable_install(tmp_path: Path) -> None:
    """setuptools' editable finder comes after sys.path, so a namespace in the working folder beats it."""
    foreign = package(tmp_path, "models", init=False)
    code = f"""
import sys
from importlib.machinery import PathFinder
class Editable:
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, [{str(CHECKOUT)!r}])
sys.meta_path.append(Editable)
import bench
"""
    assert f"got {foreign}," in run_python(code, path=[], cwd=tmp_path).stderr


def test_an_archive_on_a_device_works_without_reports(archive: Path, empty: Path) -> None:
    result = run_python("import bench, models; print(models.__file__)", path=[archive], cwd=empty)
    assert result.stdout.strip() == f"{archive}/models/__init__.py"


@pytest.mark.parametrize("init", [True, False])
def test_what_was_never_sent_cannot_be_hidden(archive: Path, tmp_path: Path, init: bool) -> None:
    home = tmp_path / "home"
    package(home, "reports", init=init)
    assert run_python("import bench", path=[archive], cwd=home).returncode == 0


def test_a_foreign_package_before_the_archive_is_named(archive: Path, tmp_path: Path) -> None:
    foreign = package(tmp_path / "home", "operators")
    result = run_python("import bench", path=[archive], cwd=foreign.parent)
    assert f"at {archive}/operators, got {foreign}," in result.stderr


def test_the_check_executes_no_package_and_loads_next_to_nothing(empty: Path) -> None:
    code = "import sys; before = set(sys.modules); import bench; print(*sorted(set(sys.modules) - before))"
    loaded = run_python(code, path=[CHECKOUT], cwd=empty).stdout.split()
    assert "bench" in loaded
    assert not {"torch", "numpy", "pathlib", "models", "operators", "reports"} & set(loaded)
