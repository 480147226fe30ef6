"""The folder that a user's own networks are taken from: where this worker imports, and where it works."""

import os
import sys
from pathlib import Path

from bench.plan.runtimes import runtime
from bench.wire.order import IMPORT_PATH, Task

_PACKAGES = ("site-packages", "dist-packages")


class NoProjectError(Exception):
    """The folder that a network is to be imported from is not there."""


def enter_project(task: Task) -> None:
    """Take what the origin's folder holds before what is installed, and nothing of the current folder's.

    Without such a folder, import also from where the process would that started the run.
    """
    folder = task.origin_of(task.side).folder
    if not folder:
        folders = os.environ.get(IMPORT_PATH, "").split(os.pathsep)
        sys.path += [each for each in folders if each and each not in sys.path]
        return
    # Behind the standard library: a project may hold a profile.py that nobody means.
    place = next((i for i, each in enumerate(sys.path) if Path(each).name in _PACKAGES), len(sys.path))
    sys.path[place:place] = [folder, f"{folder}/src"]
    try:
        os.chdir(folder)
    except OSError as error:
        if _is_read(task):
            raise NoProjectError(
                f"expected the project's folder {folder} on this device, got: {error.strerror}; "
                "measure its exported graph there, in onnxruntime"
            ) from None


def _is_read(task: Task) -> bool:
    """Whether anything of the project is used: an exported graph has come without it."""
    return task.kind in ("inspect", "export") or not all(runtime(each.unit.runtime).graph for each in task.orders)
