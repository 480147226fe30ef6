"""The Python of a gate's base side: one of its own where the two revisions ask for other packages."""

import hashlib
import os
import re
import tomllib
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

from bench.host.pip_environment import PipEnvironment

_INSTALLED = ("requirements*.txt", "constraints*.txt", "setup.py", "setup.cfg", "pyproject.toml")
_INCLUDE = re.compile(rb"^[ \t]*(?:-[rc]|--requirement|--constraint)[ \t=]*([^\s\0]{1,255})", re.M)
# What pip takes from a folder of the project itself.
_LOCAL = re.compile(rb"^[ \t]*(?:-e\b|--editable|[./]|[^#\n]*\bfile:)", re.M)
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock*.toml")
# What of pyproject.toml decides which packages there are: the settings of linters change nothing.
_TABLES = ("build-system", "dependency-groups")
_KEYS = ("dependencies", "optional-dependencies", "requires-python", "dynamic")
_TOOLS = ("poetry", "pdm", "hatch", "uv", "setuptools", "flit")


def python_of_base(base: Path, head: Path, cache: Path, say: Callable[[str], None]) -> tuple[str, tuple[str, ...]]:
    """The path of its Python, empty where both sides share the running one; and what a reader must know of that.

    UsageError, with pip's last word, where its packages cannot be installed.
    """
    names, locks = _differing(base, head, _INSTALLED), _differing(base, head, _LOCKS)
    arguments = _to_install(base)
    notes = [f"{locks} differs between base and head, and pip does not read it"] if locks else []
    if names and not arguments:
        notes.append(f"{names} differs between base and head, and the base names nothing that pip installs")
    if not names or not arguments:
        return "", tuple(notes)
    made = _environment(base, arguments, cache)
    made.make(lambda: say(f"installing the base's packages, kept for the next run: {names} differs from the head's"))
    return str(made.python), (*notes, f"the base has packages of its own: {names} differs between base and head")


def _differing(base: Path, head: Path, patterns: tuple[str, ...]) -> str:
    """The names of the files that ask for other packages, in a line."""
    return ", ".join(sorted({name for name, _ in _asked(base, patterns) ^ _asked(head, patterns)}))


def _asked(folder: Path, patterns: tuple[str, ...]) -> set[tuple[str, str]]:
    """Which files say what is needed, and a hash of what each says about that."""
    paths = [path for pattern in patterns for path in folder.glob(pattern) if path.is_file()]
    return {(os.path.relpath(each, folder), hashlib.sha256(_needs(each)).hexdigest()) for each in _with_included(paths)}


def _with_included(paths: list[Path]) -> set[Path]:
    """And the files that they take in: of the folder of the one that names them, as pip has it."""
    found: set[Path] = set()
    while paths:
        path = paths.pop()
        if path not in found and path.is_file():
            found.add(path)
            named = _INCLUDE.findall(path.read_bytes()) if path.suffix == ".txt" else []
            paths += [Path(os.path.normpath(path.parent / os.fsdecode(name))) for name in named]
    return found


def _needs(path: Path) -> bytes:
    data = path.read_bytes()
    if path.name != "pyproject.toml":
        return data
    try:
        table = tomllib.loads(data.decode())
    except ValueError:
        return data
    project, tools = table.get("project", {}), table.get("tool", {})
    parts = [table.get(name) for name in _TABLES] + [project.get(key) for key in _KEYS]
    return repr([*parts, *(tools.get(name) for name in _TOOLS)]).encode()


def _to_install(base: Path) -> list[str]:
    """What pip is asked for: requirements.txt, else the project; nothing where neither is there."""
    limits = [word for path in sorted(base.glob("constraints*.txt")) for word in ("-c", path.name)]
    if (base / "requirements.txt").is_file():
        return ["-r", "requirements.txt", *limits]
    if (base / "setup.py").is_file() or _is_project(base / "pyproject.toml"):
        return [".", *limits]
    return []


def _is_project(path: Path) -> bool:
    try:
        table = tomllib.loads(path.read_text())
    except (OSError, ValueError):
        return False
    return "project" in table or "build-system" in table


def _environment(base: Path, arguments: list[str], cache: Path) -> PipEnvironment:
    """Known again by what is asked for and by what is installed below it.

    Where the project itself is installed, or a folder of it, by its revision too, after which its folder is named.
    """
    below = sorted(f"{each.name}=={each.version}" for each in distributions())
    own = str(base) if "." in arguments or _takes_folders(base) else ""
    return PipEnvironment(
        cache=cache,
        arguments=arguments,
        decides=(own, *below, *sorted(map(str, _asked(base, _INSTALLED)))),
        where=base,
        purpose="the base's packages",
    )


def _takes_folders(base: Path) -> bool:
    texts = _with_included([path for path in base.glob("requirements*.txt") if path.is_file()])
    return any(_LOCAL.search(path.read_bytes()) for path in texts)
