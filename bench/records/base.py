"""The revision of a user's project that a gate holds the working tree against."""

import re
from dataclasses import dataclass

SHORT = 7  # digits of a commit, for people


@dataclass(frozen=True, kw_only=True)
class Base:
    """`commit` is what `ref` stood for when the run was planned; `head` is what the working tree stands on.

    changed, untracked: files of the working tree that differ from `head`, and those that git does not know.
    state: a hash of what such files hold; empty of older runs.
    notes: what else tells the two sides apart, a line each.
    """

    ref: str
    commit: str
    head: str
    changed: int = 0
    untracked: int = 0
    state: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # It becomes an argument of git, and a path.
        if not all(re.fullmatch("[0-9a-f]{40}([0-9a-f]{24})?", each) for each in (self.commit, self.head)):
            raise ValueError(f"expected commits in hexadecimal, got {self.commit[:80]!r} and {self.head[:80]!r}")
        if min(self.changed, self.untracked) < 0:
            raise ValueError(f"expected numbers of files, got {self.changed} and {self.untracked}")
