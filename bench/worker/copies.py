"""Copies of this process that a workload forks: they end, instead of measuring beside it and forking in their turn."""

import os
from functools import cache

_WORKER = os.getpid()  # imported before any workload


def end_copies() -> None:
    """From now on a copy ends as it is made; one that was made before ends here."""
    if os.getpid() != _WORKER:
        os._exit(0)
    _register()


@cache
def _register() -> None:
    # Programs that a library starts are no copies: subprocess does not run this.
    os.register_at_fork(after_in_child=lambda: os._exit(0))
