"""A program of scripts/, which is no package, as a module."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

_SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


def script(name: str) -> ModuleType:
    """Import it by its path."""
    spec = importlib.util.spec_from_file_location(f"scripts.{name}", _SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for it
    path = list(sys.path)  # a script puts the checkout first
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = path
    return module
