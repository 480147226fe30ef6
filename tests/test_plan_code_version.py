"""The hash of the code covers what decides a number."""

import ast
from pathlib import Path

from bench.plan.code_version import ROOMS

ROOT = Path(__file__).resolve().parents[1]
# Data types, bookkeeping and what asks the kernel: an edit there changes no time and no output.
EXEMPT = {
    "bench/cache", "bench/errors.py", "bench/plain_text.py", "bench/plan/calibration.py",
    "bench/plan/checkpoints.py", "bench/plan/class_numbers.py",
    "bench/plan/code_version.py", "bench/plan/estimate.py", "bench/plan/image_folder.py", "bench/plan/limits.py",
    "bench/plan/pictures.py", "bench/plan/plugins.py", "bench/records", "bench/system", "bench/wire",
}  # fmt: skip


def imported(path: Path) -> set[str]:
    """The files and folders of ours that a module imports from, as paths."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            module = node.module.replace(".", "/")
            found |= {
                name if (ROOT / name).exists() else f"{module}.py"
                for alias in node.names
                if (name := f"{module}/{alias.name}.py")
            }
    return {name for name in found if name.startswith(("bench/", "models/", "operators/", "reports/"))}


def test_whatever_the_worker_imports_is_hashed_or_exempt_on_purpose() -> None:
    sources = [
        path for room in ROOMS for path in ([ROOT / room] if room.endswith(".py") else (ROOT / room).rglob("*.py"))
    ]
    assert sources
    wanted = {name for path in sources for name in imported(path)}
    assert any(name.startswith("bench/records") for name in wanted)
    known = (*ROOMS, *EXEMPT)
    assert {name for name in wanted if not name.startswith(known)} == set()
