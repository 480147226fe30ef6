"""The Python of a gate's base side: one of its own where the two revisions ask for other packages."""

import hashlib
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path

from bench.cache.path_lock import held
from bench.errors import UsageError
from bench.host.command import finished
from bench.system.packages import PACKAGE_FOLDERS

FOLDER = "environments"
_WHOLE = "ready"  # an empty file in an environment that was made to its end
_INSTALLED = ("requirements*.txt", "constraints*.txt", "setup.py", "setup.cfg", "pyproject.toml")
_INCLUDE = re.compile(rb"^[ \t]*(?:-[rc]|--requirement|--constraint)[ \t=]*([^\s\0]{1,255})", re.M)
# What pip takes from a folder of the project itself.
_LOCAL = re.compile(rb"^[ \t]*(?:-e\b|--editable|[./]|[^#\n]*\bfile:)", re.M)
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock*.toml")
# What of pyproject.toml decides which packages there are: the settings of linters change nothing.
_TABLES = ("build-system", "dependency-groups")
_KEYS = ("dependencies", "optional-dependencies", "requires-python", "dynamic")
_TOOLS = ("poetry", "pdm", "hatch", "uv", "setuptools", "flit")
# Where pip would install elsewhere than into the environment that runs it, and the paths it would look at besides.
_ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")


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
    python = _made(base, arguments, names, cache, say)
    return python, (*notes, f"the base has packages of its own: {names} differs between base and head")


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


def _made(base: Path, arguments: list[str], names: str, cache: Path, say: Callable[[str], None]) -> str:
    folder = cache / FOLDER / _key(base, arguments)
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = held(folder.with_suffix(".lock"))
    if lock is None:
        raise UsageError(f"expected to install into {folder} alone, another run does; wait for it to end")
    try:
        if not (folder / _WHOLE).exists():
            say(f"installing the base's packages, kept for the next run: {names} differs from the head's")
            _install(folder, base, arguments)
    finally:
        os.close(lock)
    return str(folder / "bin/python")


def _install(folder: Path, base: Path, arguments: list[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # what a killed run left half made
    try:
        python = folder / "bin/python"
        _run([sys.executable, "-m", "venv", str(folder)], base)
        _lay_over(python)
        _run([str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments], base)
        (folder / _WHOLE).touch()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _key(base: Path, arguments: list[str]) -> str:
    """The hash of what is asked for and of what lies below: this Python, and what is installed in it.

    Where the project itself is installed, or a folder of it, of its revision too, after which its folder is named.
    """
    below = sorted(f"{each.name}=={each.version}" for each in distributions())
    parts = [
        *arguments,
        str(base) if "." in arguments or _takes_folders(base) else "",
        sys.version,
        sys.prefix,
        *below,
        *sorted(map(str, _asked(base, _INSTALLED))),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _takes_folders(base: Path) -> bool:
    texts = _with_included([path for path in base.glob("requirements*.txt") if path.is_file()])
    return any(_LOCAL.search(path.read_bytes()) for path in texts)


def _lay_over(python: Path) -> None:
    """What the running Python has is there too, behind what is installed: so that nothing differs but what must.

    The runtimes among it, gigabytes, are neither fetched again nor resolved to newer ones.
    """
    (site,) = (python.parents[1] / "lib").glob("python3*/site-packages")
    (site / "below.pth").write_text("".join(f"{folder}\n" for folder in _installed_in()))


def _installed_in() -> Iterator[str]:
    return (folder for folder in sys.path if Path(folder).name in PACKAGE_FOLDERS)


def _run(command: list[str], folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    try:
        done = finished(command, folder, environment | {"PIP_USER": "0"})
    except OSError as error:
        raise UsageError(f"expected to run {command[0]}, got: {os.strerror(error.errno or 0)}") from None
    if done.code:
        raise UsageError(
            f"expected to install the base's packages with {' '.join(command[1:4])}, got: {done.last_line}"
        )
