"""The trees drawn in bench/errors.py are the classes of the code."""

import importlib
import pkgutil
import re

import bench
from bench import errors

# `├── Name   what stands behind it`: a branch's depth is where its name begins.
BRANCH = re.compile(
    r"^(?P<stem>[│├└─ ]*)(?P<name>[A-Z]\w+)(?: +(?P<code>\d+)\b)?(?: +(?P<module>bench\.[\w.]+))?", re.MULTILINE
)


def all_errors(base: type[BaseException] = Exception) -> set[type[BaseException]]:
    """Every exception class that bench defines, but for private ones: outside, those are what they derive from."""
    children = set(base.__subclasses__())
    own = {each for each in children if each.__module__.split(".")[0] == "bench" and not each.__name__.startswith("_")}
    return own.union(*(all_errors(child) for child in children))


def drawn() -> dict[str, tuple[str, int | None, str]]:
    """Name: parent, exit code, module."""
    found: dict[str, tuple[str, int | None, str]] = {}
    above: list[str] = []
    for match in BRANCH.finditer((errors.__doc__ or "").partition("\n")[2]):
        del above[len(match["stem"]) // 4 :]
        code = int(match["code"]) if match["code"] else None
        found[match["name"]] = (above[-1] if above else "Exception", code, match["module"] or errors.__name__)
        above.append(match["name"])
    return found


def test_the_drawn_tree_is_the_code() -> None:
    for module in pkgutil.walk_packages(bench.__path__, "bench."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    real = {
        each.__name__: (each.__base__ and each.__base__.__name__, getattr(each, "exit_code", None), each.__module__)
        for each in all_errors()
    }
    tree = drawn()
    assert tree.pop("Exception") == ("Exception", None, errors.__name__)
    assert tree == real
