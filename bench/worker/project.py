"""The folder that a user's own networks are taken from: where this worker imports, and where it works."""

import os
import sys
from pathlib import Path

from bench.plan.runtimes import runtime
from bench.system.packages import PACKAGE_FOLDERS
from bench.wire.order import IMPORT_PATH, Task


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
    # What PYTHONPATH names, our own code apart, may be the same project in another revision.
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)[1:]
    inherited = [os.path.abspath(each) for each in named]  # noqa: PTH100 - links stay, as in sys.path
    sys.path[:] = [each for each in sys.path if each not in inherited]
    # Behind the standard library: a project may hold a profile.py that nobody means.
    place = next((i for i, each in enumerate(sys.path) if Path(each).name in PACKAGE_FOLDERS), len(sys.path))
    sys.path[place:place] = [folder, f"{folder}/src", *inherited]
    try:
        os.chdir(folder)
    except OSError as error:
        if _is_read(task):
            raise NoProjectError(
                f"expected the project's folder {folder} on this device, got: {error.strerror}; "
                "measure its exported graph there, in onnxruntime"
            ) from None


def expect_from(folder: str, source: str) -> None:
    """ValueError where the module of a factory came neither from the project's folder nor from installed packages.

    An editable installation leads to the user's working tree, whatever revision was meant.
    """
    file = getattr(sys.modules.get(source.partition(":")[0]), "__file__", None)
    if not folder or not file:
        return
    path = Path(file).resolve()
    if not path.is_relative_to(Path(folder).resolve()) and PACKAGE_FOLDERS.isdisjoint(path.parts):
        raise ValueError(f"expected {source} from {folder}, it is imported from {path}; there is no such module there")


def _is_read(task: Task) -> bool:
    """Whether anything of the project is used: an exported graph has come without it."""
    return task.kind in ("inspect", "export") or not all(runtime(each.unit.runtime).graph for each in task.orders)
