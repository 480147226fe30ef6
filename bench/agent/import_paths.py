"""What a worker of a given origin imports from: our code, then its own Python's packages, and no other Python's."""

import contextlib
import hashlib
import os
import sysconfig
from pathlib import Path

from bench.records.origin import Origin
from bench.system.packages import PACKAGE_FOLDERS
from bench.wire.order import IMPORT_PATH

FOLDER = "own-code"  # in the cache
OURS = ("bench", "models", "operators")  # what a worker needs of us


def import_variables(origin: Origin, cache: Path) -> dict[str, str]:
    """PYTHONPATH, and where a user's own factory may lie besides."""
    ours = _code_path()
    inherited = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder not in ("", ours)]
    elsewhere = os.environ.get(IMPORT_PATH, "").split(os.pathsep)
    if origin.python or origin.folder:
        ours = _ours_alone(Path(ours), cache)
    if origin.python:
        elsewhere = [folder for folder in elsewhere if folder and not _holds_packages(Path(folder))]
    return {"PYTHONPATH": os.pathsep.join([ours, *inherited]), IMPORT_PATH: os.pathsep.join(elsewhere)}


def _code_path() -> str:
    """What was put on sys.path for this package: the checkout, or the archive that came over the wire."""
    import bench

    return str(Path(str(bench.__file__)).parent.parent)


def _ours_alone(code: Path, cache: Path) -> str:
    """Our packages without their neighbours: where they are installed, those are this Python's packages."""
    if not code.is_dir():
        return str(code)  # an archive, which holds nothing else
    # Each code has a folder of its own, whose links never change: another run of another checkout may be starting.
    folder = cache.absolute() / FOLDER / hashlib.sha256(os.fsencode(code)).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for name in OURS:
        with contextlib.suppress(FileExistsError):
            (folder / name).symlink_to(code / name)
    return str(folder)


def _holds_packages(folder: Path) -> bool:
    """Whether the folder belongs to the Python that runs this: its standard library or its packages."""
    library = Path(sysconfig.get_path("stdlib"))
    return (
        not PACKAGE_FOLDERS.isdisjoint(folder.parts)
        or folder.is_relative_to(library)
        or folder.is_relative_to(sysconfig.get_path("platstdlib"))
        or folder.name == f"python{sysconfig.get_config_var('py_version_nodot')}.zip"
    )
