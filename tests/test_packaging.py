"""What is installed is what the tree holds: packages, data, pins."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ("bench", "models", "operators", "reports")
# As PyPI compares them: case, dots, dashes and underscores are one.
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


def canonical(requirement: str) -> str:
    """Return the name a requirement line starts with, in PyPI's normal form."""
    found = NAME.match(requirement)
    assert found, f"no package name in {requirement!r}"
    return re.sub(r"[-_.]+", "-", found[0]).lower()


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """Give pyproject.toml as tomllib reads it."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pins() -> dict[str, str]:
    """Give the exact versions of constraints.txt by name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    stripped = [line.split("#")[0].strip() for line in lines]
    return {canonical(line): line.partition("==")[2] for line in stripped if line}


def packages_on_disk() -> set[str]:
    return {
        ".".join(init.parent.relative_to(ROOT).parts) for top in HOUSE for init in (ROOT / top).rglob("__init__.py")
    }


def modules_on_disk() -> set[str]:
    return {path.relative_to(ROOT).as_posix() for top in HOUSE for path in (ROOT / top).rglob("*.py")}


def test_the_package_list_is_the_tree(project: dict[str, Any]) -> None:
    patterns = project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {name for name in packages_on_disk() if any(fnmatch(name, each) for each in patterns)} == packages_on_disk()


def test_every_module_lies_in_a_package() -> None:
    """A folder without __init__.py imports from the checkout and is missing from the wheel."""
    folders = {Path(module).parent.as_posix().replace("/", ".") for module in modules_on_disk()}
    assert folders == packages_on_disk()


def test_the_top_level_names_are_declared(project: dict[str, Any]) -> None:
    assert set(project["tool"]["check-wheel-contents"]["toplevel"]) == set(HOUSE)
    assert set(HOUSE) <= packages_on_disk()


def test_no_test_folder_is_named_like_a_package() -> None:
    folders = {path.name for path in (ROOT / "tests").rglob("*") if path.is_dir()}
    assert not folders & set(HOUSE)


def test_every_direct_dependency_is_pinned(project: dict[str, Any], pins: dict[str, str]) -> None:
    optional = project["project"]["optional-dependencies"]
    direct = {canonical(line) for line in [*project["project"]["dependencies"], *optional["dev"]]}
    assert direct
    assert direct <= set(pins)
    assert all(pins.values()), "every line of constraints.txt reads name==version"


def test_every_dependency_is_imported(project: dict[str, Any]) -> None:
    """What nothing needs is a cost to everybody who installs this."""
    modules = {"pyyaml": "yaml", "pillow": "PIL"}
    elsewhere = {"onnxscript", "timm", "torchvision"}  # imported by torch.onnx, and by names that a network names
    tops = (*HOUSE, "scripts")
    sources = "\n".join(path.read_text(encoding="utf-8") for top in tops for path in (ROOT / top).rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", sources, re.MULTILINE))
    direct = {canonical(line) for line in project["project"]["dependencies"]} - elsewhere
    assert {name for name in direct if modules.get(name, name) not in imported} == set()


def test_the_script_points_into_the_house(project: dict[str, Any]) -> None:
    module, _, function = project["project"]["scripts"]["bench"].partition(":")
    assert function
    assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()


@pytest.fixture(scope="module")
def contracts() -> ConfigParser:
    """Give .importlinter's sections."""
    config = ConfigParser()
    config.read(ROOT / ".importlinter", encoding="utf-8")
    return config


def test_every_module_of_bench_has_its_layer(contracts: ConfigParser) -> None:
    """import-linter checks only the modules it is told of: a new one would escape it unseen."""
    layered = set(re.findall(r"bench\.(\w+)", contracts["importlinter:contract:rooms"]["layers"]))
    children = {path.relative_to(ROOT / "bench").parts[0] for path in (ROOT / "bench").rglob("*.py")}
    assert {child.removesuffix(".py") for child in children} - {"__init__"} <= layered


def runtime_imports(node: ast.AST) -> Iterator[str]:
    """The names imported below this node, in functions too; from `from a import b` both a and a.b."""
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        node = ast.Module(body=node.orelse, type_ignores=[])
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from runtime_imports(child)


def circle(sources: dict[str, str]) -> list[str]:
    """Modules by name that import each other in a ring, the first one again at the end; empty where none do."""
    graph = {name: set(runtime_imports(ast.parse(source))) & sources.keys() for name, source in sources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        return ring
    return []


def test_a_circle_is_found_in_functions_but_not_in_types() -> None:
    sources = {"a": "import b", "b": "def f():\n    from c import x", "c": "if TYPE_CHECKING:\n    import a"}
    assert circle(sources) == []
    assert set(circle(sources | {"c": "def f():\n    import a"})) == {"a", "b", "c"}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """One of them could not be read, tested or moved without all the others."""
    names = {path: path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in modules_on_disk()}
    assert circle({name: (ROOT / path).read_text(encoding="utf-8") for path, name in names.items()}) == []


def test_what_runs_on_a_board_needs_nothing_installed(contracts: ConfigParser) -> None:
    """The agent starts wherever there is a Python: the standard library, and the rooms that travel with it."""
    rooms = contracts["importlinter:contract:board"]["source_modules"].split()
    assert {"bench.agent", "bench.wire", "bench.errors"} <= set(rooms)
    files = [ROOT / "bench/__init__.py"]
    for path in (ROOT / room.replace(".", "/") for room in rooms):
        files += path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    foreign = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in runtime_imports(ast.parse(path.read_text(encoding="utf-8")))
        if name.split(".")[0] not in sys.stdlib_module_names and ".".join(name.split(".")[:2]) not in ("bench", *rooms)
    }
    assert foreign == set()


def why_no_wheel_can_be_built() -> str:
    """Return what is missing for a build without a network; empty where nothing is."""
    wanted = {"build": 1, "setuptools": 77}
    for name, least in wanted.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            return f"building a wheel without a network needs {name} in this environment"
        if int(found.split(".")[0]) < least:
            return f"building a wheel without a network needs {name} {least} or newer, got {found}"
    return ""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy what a wheel is built from: setuptools leaves folders of its own beside what it builds."""
    copy = tmp_path / "tree"
    for name in HOUSE:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    return copy


@pytest.mark.slow
@pytest.mark.skipif(bool(why_no_wheel_can_be_built()), reason=why_no_wheel_can_be_built())
def test_the_wheel_holds_the_tree_and_the_papers_tables(tree: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(tree)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        held = {name for name in packed.namelist() if ".dist-info/" not in name}
    assert {name for name in held if name.endswith(".py")} == modules_on_disk()
    assert {"reports/paper/table1_operators.csv", "reports/paper/table3_imagenet.csv"} <= held
    assert {f"{package}/py.typed" for package in HOUSE} <= held
