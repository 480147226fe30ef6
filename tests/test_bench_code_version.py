"""The hash of the code covers what decides a number."""

import ast
from importlib import resources
from pathlib import Path

from bench.code_version import _MODULES, _PACKAGES

# Data types, transport and bookkeeping: an edit there changes no time and no output.
EXEMPT = {"decoding", "job", "planning", "records", "store", "verdicts", "wire"}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {f"{node.module}.{alias.name}" if node.module == "bench" else node.module for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("bench.")}


def test_whatever_the_worker_imports_is_hashed_or_exempt_on_purpose() -> None:
    packages = [name for name in _PACKAGES if name.startswith("bench.")]
    sources = [Path(str(item)) for package in packages for item in resources.files(package).iterdir()]
    sources += [Path(str(resources.files("bench") / name)) for name in _MODULES]
    wanted = {name for path in sources if path.suffix == ".py" for name in imported(path)}
    modules = {name for name in wanted if not any(f"{name}.".startswith(f"{package}.") for package in packages)}
    covered = {f"bench.{name.removesuffix('.py')}" for name in _MODULES}
    assert "bench.building" in covered
    assert modules - covered == {f"bench.{name}" for name in EXEMPT}
