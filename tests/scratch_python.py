"""Pythons of their own: real virtual environments that see this one's packages, or some under another version."""

import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

NONE: Mapping[str, str] = {}


def scratch_python(folder: Path, said: Mapping[str, str] = NONE, *, packages: bool = True) -> Path:
    """The Python of a new environment; `said` gives packages a version of their metadata alone.

    Without `packages` it holds nothing else.
    """
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name, version in said.items():
        told = site / f"{name}-0.dist-info"
        told.mkdir()
        (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if packages:
        (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin/python"


def script(path: Path, text: str, mode: int = 0o755) -> Path:
    """A program that stands where a Python is expected."""
    path.write_text(text)
    path.chmod(mode)
    return path
