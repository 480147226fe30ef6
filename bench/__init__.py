"""How it is timed: plan, devices, agent, worker, measuring, journal, command line.

Importing it checks its neighbours: `models`, `operators` and `reports` are common names, and a foreign
package of that name earlier on sys.path would be imported in place of ours and fail far from the cause.
"""

# pathlib costs milliseconds to import, and every start of an agent or worker would pay them.
# ruff: noqa: PTH118, PTH120

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec


def _location(spec: ModuleSpec) -> str:
    """Return the folder of a package (also one without `__init__.py`), or the file of a plain module."""
    folders = list(spec.submodule_search_locations or ())
    return folders[0] if folders else str(spec.origin)


def _what_import_finds(name: str) -> str | None:
    """Return the path that `import name` would use or has used; None where there is nothing of that name."""
    try:
        spec = find_spec(name)
    except ValueError:  # already imported, by something that gave it no spec
        return str(getattr(sys.modules[name], "__file__", f"<{name} in sys.modules>"))
    return None if spec is None else _location(spec)


def _check_neighbours() -> None:
    """Raise ImportError naming both paths where a foreign package hides one of ours."""
    home = os.path.dirname(__path__[0])  # a folder, or the archive that was sent to a device
    for name in ("models", "operators", "reports"):
        ours = os.path.join(home, name)
        found = _what_import_finds(name)
        if found is None or found == ours or os.path.realpath(found) == os.path.realpath(ours):
            continue
        # A device gets only the packages it needs: what was never sent cannot be hidden.
        sent = PathFinder.find_spec(name, [home])
        if sent is None or sent.loader is None:
            continue
        raise ImportError(
            f"expected package {name!r} at {ours}, got {found}, which Python finds first; rename that one, start"
            f" from another folder, or take {os.path.dirname(found)} off PYTHONPATH or sys.path",
            name=name,
            path=found,
        )


_check_neighbours()
