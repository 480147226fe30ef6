"""The Pythons that convert networks for runtimes whose converter is too heavy to stand beside torch."""

import re
from collections.abc import Callable
from pathlib import Path

from bench.host.pip_environment import PipEnvironment
from bench.plan.runtimes import Runtime, runtimes
from bench.records.environment import RuntimeVersion
from bench.system.packages import installed, versions


def environment(row: Runtime, cache: Path) -> PipEnvironment | None:
    """The row's own, made or not; None where its converter needs none."""
    if not row.own_environment:
        return None
    # What was saved by one version of torch another need not read, and a converter may use the runtime itself.
    below = versions(("torch", row.package))
    return PipEnvironment(
        cache=cache,
        arguments=row.needs,
        decides=tuple(f"{each.name}=={each.version}" for each in below),
        where=cache,
        purpose=f"what converts networks for {row.title}",
    )


def set_up(row: Runtime, cache: Path, say: Callable[[str], None]) -> str:
    """Install what the row's converter needs; what it is ready with, in a line. UsageError where pip cannot."""
    made = environment(row, cache)
    if made is None:
        return f"{row.name} needs no environment of its own"
    made.make(lambda: say(f"installing {', '.join(row.needs)} into {made.folder}"))
    return f"{row.name} converts with {', '.join(row.needs)} in {made.folder}"


def missing(row: Runtime, cache: Path, python: str = "") -> str:
    """Why the row's converter cannot run yet; empty where it can be tried. `python` builds the network if not ours."""
    made = environment(row, cache)
    if made is None:
        return "" if python else _missing_beside_torch(row)
    if made.ready:
        return ""
    return f"what converts networks for {row.title} is not set up here; `bench runtimes setup {row.name}` installs it"


def python_of(row: Runtime, cache: Path) -> str:
    """The path of the Python that converts; empty where that is the one that builds the network."""
    made = environment(row, cache)
    return str(made.python) if made is not None else ""


def beside_torch() -> tuple[RuntimeVersion, ...]:
    """The converters of this Python that need no other: another version makes other files."""
    rows = (row for row in runtimes().values() if not row.own_environment)
    return versions(dict.fromkeys(package_of(need) for row in rows for need in row.needs))


def package_of(need: str) -> str:
    """The name in a requirement."""
    return re.split("[=<>~]", need)[0]


def _missing_beside_torch(row: Runtime) -> str:
    lacking = " ".join(need for need in row.needs if not installed(package_of(need)))
    return f"what converts networks for {row.title} is not installed here; `pip install {lacking}`" if lacking else ""
